package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

func (r *reader) document(data []byte, into *Config) {
	file, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	var syntax yaml.Error
	switch {
	case errors.As(err, &syntax):
		r.syntax = true
		line := 1
		if token := syntax.GetToken(); token != nil {
			line = token.Position.Line
		}
		r.mistakes = append(r.mistakes, Mistake{Line: line, Message: strings.TrimSpace(syntax.GetMessage())})
	case err != nil:
		r.syntax = true
		r.fail("", "%v", err)
	case len(file.Docs) > 1:
		r.syntax = true
		r.fail("", "must be one YAML document, got %d", len(file.Docs))
	case len(file.Docs) == 1 && file.Docs[0].Body != nil && file.Docs[0].Body.Type() != ast.CommentType:
		r.value("", file.Docs[0].Body, reflect.ValueOf(into).Elem())
	}
}

func (r *reader) value(key string, node ast.Node, into reflect.Value) {
	switch {
	case node.Type() == ast.NullType:
		r.fail(key, "has no value; leave the key out for its default")
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.value(key, node, into.Elem())
	case into.Kind() == reflect.Struct:
		r.block(key, node, into)
	case into.Kind() == reflect.Map:
		r.table(key, node, into)
	case into.Kind() == reflect.Slice:
		r.list(key, node, into)
	default:
		r.scalar(key, node, into)
	}
}

func (r *reader) block(key string, node ast.Node, into reflect.Value) {
	if d, ok := into.Addr().Interface().(interface{ SetDefaults() }); ok {
		d.SetDefaults()
	}
	fields := map[string]int{}
	for i := range into.NumField() {
		fields[into.Type().Field(i).Tag.Get("yaml")] = i
	}
	r.entries(key, node, func(path, name string, value ast.Node) {
		field, known := fields[name]
		if !known {
			r.fail(path, "unknown key; the keys here are %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
			return
		}
		r.value(path, value, into.Field(field))
	})
}

// table replaces the default as a whole: the entries are then those of the file alone.
func (r *reader) table(key string, node ast.Node, into reflect.Value) {
	into.Set(reflect.MakeMap(into.Type()))
	r.entries(key, node, func(path, name string, value ast.Node) {
		r.tableEntries[key+"["+name+"]"] = path
		item := reflect.New(into.Type().Elem()).Elem()
		r.value(path, value, item)
		into.SetMapIndex(reflect.ValueOf(name), item)
	})
}

func (r *reader) list(key string, node ast.Node, into reflect.Value) {
	sequence, ok := node.(*ast.SequenceNode)
	if !ok {
		r.fail(key, "must be a list, got %s", describe(node))
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(sequence.Values), len(sequence.Values)))
	for i, value := range sequence.Values {
		path := fmt.Sprintf("%s[%d]", key, i)
		r.found(path, value)
		r.value(path, value, into.Index(i))
	}
}

func (r *reader) entries(key string, node ast.Node, visit func(path, name string, value ast.Node)) {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		if key == "" {
			r.syntax = true
		}
		r.fail(key, "must be a block of keys, got %s", describe(node))
		return
	}
	lines := map[string]int{}
	for pairs := mapping.MapRange(); pairs.Next(); {
		name := pairs.Key().GetToken().Value
		path := name
		if key != "" {
			path = key + "." + name
		}
		line := pairs.Key().GetToken().Position.Line
		if first, isTwice := lines[name]; isTwice {
			r.mistakes = append(r.mistakes, Mistake{Line: line, Key: path, Message: fmt.Sprintf("is set twice, first in line %d", first)})
			continue
		}
		lines[name] = line
		r.found(path, pairs.Key())
		if pairs.Key().IsMergeKey() {
			r.fail(path, "merge keys are not supported; write the keys out")
			continue
		}
		if pairs.Value().Type() != ast.NullType && touch(pairs.KeyValue()) {
			r.fail(path, "needs a space after its colon, or quotes around %s", quoted(name+":"+pairs.Value().GetToken().Value))
			continue
		}
		visit(path, name, pairs.Value())
	}
}

// describe is a value as its writer knows it, for an error message.
func describe(node ast.Node) string {
	switch node.Type() {
	case ast.MappingType, ast.MappingValueType:
		return "a block of keys"
	case ast.SequenceType:
		return "a list"
	case ast.AnchorType, ast.AliasType:
		return "an anchor or alias, which are not supported"
	case ast.TagType:
		return "a YAML tag, which are not supported"
	case ast.StringType:
		return quoted(node.GetToken().Value)
	default:
		return node.GetToken().Value
	}
}
