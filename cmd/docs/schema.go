package main

import (
	"bytes"
	"encoding/json"
	"regexp"
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
		if s.Required && s.Default == "" {
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

func describe(p *jsonschema.Schema, s setting) {
	p.Description = s.Meaning
	if s.Allowed != "" {
		p.Description += " Allowed: " + s.Allowed + "."
	}
	switch s.Kind {
	case "duration":
		p.Type, p.Pattern, p.Default = "string", config.DurationPattern, s.Default
	case "text":
		p.Default = s.Default
		limitText(p, s.Limits)
		choose(p, s.Choices)
	case "number", "whole number":
		limitNumber(p, s.Limits)
	case "table":
		p.MaxProperties = length(s.Maximum)
		p.PropertyNames = &jsonschema.Schema{}
		limitText(p.PropertyNames, s.Keys)
		p.AdditionalProperties = &jsonschema.Schema{Type: "string"}
		limitText(p.AdditionalProperties, s.Values)
	case "list", "list of text":
		p.MinItems, p.MaxItems, p.UniqueItems = length(s.Minimum), length(s.Maximum), s.Unique
		if s.Kind == "list of text" {
			limitText(p.Items, s.Values)
		}
	}
	if s.Kind == "number" || s.Kind == "whole number" || s.Kind == "switch" {
		if s.Default != "" && s.Default != "<nil>" {
			p.Default = json.RawMessage(s.Default)
		}
	}
	if s.Default == "" {
		p.Default = nil
	}
}

// limitText also allows a number, which the reader takes as it is written, unless
// no number can be meant.
func limitText(p *jsonschema.Schema, limits config.Limits) {
	p.Pattern, p.MinLength, p.MaxLength = limits.Pattern, length(limits.Minimum), length(limits.Maximum)
	p.Extras = map[string]any{}
	if limits.Pattern != "" {
		p.Extras["patternErrorMessage"] = "must be " + limits.Form // what editors show in place of the pattern
	}
	isText := limits.Pattern != "" && !regexp.MustCompile(limits.Pattern).MatchString("200")
	if p.Type == "string" && !isText && len(limits.Choices) == 0 {
		p.Type, p.Extras["type"] = "", []string{"string", "number"}
	}
}

// choose lists the only values. One that is false is a switch that has other
// positions too.
func choose(p *jsonschema.Schema, choices []string) {
	for _, choice := range choices {
		if choice == "false" {
			p.Type, p.Default = "", false
			p.Enum = append(p.Enum, false, true)
			continue
		}
		p.Enum = append(p.Enum, choice)
	}
}

func limitNumber(p *jsonschema.Schema, limits config.Limits) {
	p.Minimum, p.Maximum = json.Number(limits.Minimum), json.Number(limits.Maximum)
	if limits.Halves {
		p.MultipleOf = "0.5"
	}
	for _, choice := range limits.Choices {
		p.Enum = append(p.Enum, json.RawMessage(choice))
	}
}

// length is nil where there is no limit.
func length(value string) *uint64 {
	if value == "" {
		return nil
	}
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil {
		panic("a length that is no number: " + value)
	}
	return &n
}
