package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Setting is one key of the configuration, for documentation and for editors.
type Setting struct {
	// Key is its path, such as service.health.interval. A list's item is [].
	Key string
	// Type and Field are the Go names of where it is declared.
	Type, Field string
	// Kind is what a file writes: text, number, whole number, switch, duration,
	// table, list of text, list or block.
	Kind string
	// Default is how a file would write what is used without it; empty where there
	// is nothing.
	Default string
	// Allowed is in words; empty where every value of the kind is.
	Allowed string
	Limits
	// Keys and Values are the limits of the entries of a table or list.
	Keys, Values Limits
}

// Settings lists every key, in the order that the types declare them.
func Settings() []Setting {
	defaults := Default()
	defaults.Domain, defaults.Database.ConnectionString = &Domain{}, &ConnectionString{}
	defaults.Domain.SetDefaults()
	defaults.Database.ConnectionString.SetDefaults()
	return settingsOf("", reflect.ValueOf(defaults))
}

func settingsOf(prefix string, block reflect.Value) []Setting {
	var list []Setting
	for i := range block.NumField() {
		field, value := block.Type().Field(i), block.Field(i)
		s := Setting{
			Key: prefix + field.Tag.Get("yaml"), Type: block.Type().Name(), Field: field.Name,
			Kind: kindOf(value), Default: written(value),
		}
		s.Limits, s.Keys, s.Values = limitsOf(field.Tag.Get("validate"))
		s.Allowed = s.allowed()
		list = append(list, s)
		switch {
		case value.Kind() == reflect.Struct:
			list = append(list, settingsOf(s.Key+".", value)...)
		case value.Kind() == reflect.Pointer && s.Kind == "block":
			list = append(list, settingsOf(s.Key+".", value.Elem())...)
		case s.Kind == "list":
			list = append(list, settingsOf(s.Key+"[].", newItem(value.Type().Elem()))...)
		}
	}
	return list
}

// newItem is a list's item with its defaults.
func newItem(block reflect.Type) reflect.Value {
	item := reflect.New(block)
	if d, ok := item.Interface().(interface{ SetDefaults() }); ok {
		d.SetDefaults()
	}
	return item.Elem()
}

func kindOf(v reflect.Value) string {
	kind := v.Type()
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if kind == reflect.TypeFor[time.Duration]() {
		return "duration"
	}
	switch kind.Kind() {
	case reflect.String:
		return "text"
	case reflect.Int:
		return "whole number"
	case reflect.Float64:
		return "number"
	case reflect.Bool:
		return "switch"
	case reflect.Map:
		return "table"
	case reflect.Slice:
		if kind.Elem().Kind() == reflect.String {
			return "list of text"
		}
		return "list"
	case reflect.Struct:
		return "block"
	}
	panic("config: no word for a " + kind.String())
}

// written is a default as a file would write it.
func written(v reflect.Value) string {
	switch value := v.Interface().(type) {
	case time.Duration:
		return text(value)
	case map[string]string:
		if len(value) == 0 {
			return "{}"
		}
		var pairs []string
		for key, item := range value {
			pairs = append(pairs, key+": "+item)
		}
		return "{" + strings.Join(pairs, ", ") + "}"
	case []string:
		return "[" + strings.Join(value, ", ") + "]"
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Pointer, reflect.Slice:
		return ""
	}
	return fmt.Sprint(v.Interface())
}

// allowed joins what is said of a setting and of its entries.
func (s Setting) allowed() string {
	var words []string
	each := "values: "
	if s.Kind == "list of text" {
		each = "each: "
	}
	for _, part := range []struct{ of, limits string }{
		{"", s.Words()}, {"keys: ", s.Keys.Words()}, {each, s.Values.Words()},
	} {
		if part.limits != "" {
			words = append(words, part.of+part.limits)
		}
	}
	return strings.Join(words, "; ")
}
