package main

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"cloudstruct/config"
)

// schema is what editors check and complete the YAML files with.
func schema(settings []setting) ([]byte, error) {
	reflector := jsonschema.Reflector{FieldNameTag: "yaml", ExpandedStruct: true, DoNotReference: true, RequiredFromJSONSchemaTags: true, Anonymous: true}
	root := reflector.Reflect(&config.Config{})
	root.Title = "CloudStruct environment"
	for _, s := range settings {
		parent, property := find(root, s.Key)
		describe(property, s)
		if strings.HasPrefix(s.Rules, "required") && s.Key != "github.branch" && s.Default == "" {
			parent.Required = append(parent.Required, s.Key[strings.LastIndex(s.Key, ".")+1:])
		}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(root)
	return b.Bytes(), err
}

// find walks down to a key, and gives the block that it is in too.
func find(root *jsonschema.Schema, key string) (parent, property *jsonschema.Schema) {
	property = root
	for name := range strings.SplitSeq(key, ".") {
		name, isItem := strings.CutSuffix(name, "[]")
		parent = property
		property, _ = parent.Properties.Get(name)
		if isItem {
			property = property.Items
		}
	}
	return parent, property
}

// durations are as Go writes them.
const durations = `^([0-9]+(h|m|s|ms))+$`

func describe(p *jsonschema.Schema, s setting) {
	p.Description = s.Meaning
	if s.Allowed != "" {
		p.Description += " Allowed: " + s.Allowed + "."
	}
	switch s.Kind {
	case "duration":
		p.Type, p.Pattern, p.Default = "string", durations, s.Default
	case "text":
		p.Default = s.Default
	case "number", "whole number", "switch":
		if s.Default != "" && s.Default != "<nil>" {
			p.Default = json.RawMessage(s.Default)
		}
	}
	if s.Default == "" {
		p.Default = nil
	}
	for rule := range strings.SplitSeq(strings.SplitN(s.Rules, ",dive", 2)[0], ",") {
		constrain(p, s.Kind, rule)
	}
}

// constrain puts one rule of the validation library as JSON Schema has it, where
// it has it.
func constrain(p *jsonschema.Schema, kind, rule string) {
	name, value, _ := strings.Cut(rule, "=")
	isNumber := kind == "number" || kind == "whole number"
	switch {
	case name == "oneof":
		for choice := range strings.FieldsSeq(value) {
			switch {
			case isNumber:
				p.Enum = append(p.Enum, json.RawMessage(choice))
			case choice == "false":
				p.Type, p.Default = "", false // a switch that has other positions too
				p.Enum = append(p.Enum, false, true)
			default:
				p.Enum = append(p.Enum, choice)
			}
		}
	case name == "min" && isNumber:
		p.Minimum = json.Number(value)
	case name == "max" && isNumber:
		p.Maximum = json.Number(value)
	case name == "halves":
		p.MultipleOf = "0.5"
	case name == "min" && kind == "text":
		p.MinLength = length(value)
	case name == "max" && kind == "text":
		p.MaxLength = length(value)
	}
}

func length(value string) *uint64 {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		panic("a length that is no number: " + value)
	}
	return &n
}
