// Package template reads a synthesized CloudFormation template.
package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// Template is what a stack is made from, by logical id.
type Template struct {
	Resources map[string]Resource
}

// Resource is one of a template.
type Resource struct {
	Type       string
	Properties map[string]any
	// Metadata tells which construct made it.
	Metadata struct {
		Path string `json:"aws:cdk:path"`
	}
}

// Parse reads a template as the CDK writes it.
func Parse(data []byte) (Template, error) {
	var t Template
	err := json.Unmarshal(data, &t)
	return t, err
}

// IDs are the logical ids of a type, in order.
func (t Template) IDs(resourceType string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(t.Resources)) {
		if t.Resources[id].Type == resourceType {
			ids = append(ids, id)
		}
	}
	return ids
}

// Count is how many resources of a type there are.
func (t Template) Count(resourceType string) int { return len(t.IDs(resourceType)) }

// At walks down the properties; it is nil where there is nothing.
func (r Resource) At(path ...string) any {
	var value any = r.Properties
	for _, key := range path {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

// List is a property that is a list.
func (r Resource) List(path ...string) []any {
	items, _ := r.At(path...).([]any)
	return items
}

// Blocks are the properties that each item of a list has.
func (r Resource) Blocks(path ...string) []Resource {
	var blocks []Resource
	for _, item := range r.List(path...) {
		properties, _ := item.(map[string]any)
		blocks = append(blocks, Resource{Type: r.Type, Properties: properties})
	}
	return blocks
}

// Text is a property that is a text.
func (r Resource) Text(path ...string) string {
	value, _ := r.At(path...).(string)
	return value
}

// Number is a property that is a number, or a number as a text.
func (r Resource) Number(path ...string) (float64, error) {
	switch value := r.At(path...).(type) {
	case float64:
		return value, nil
	case string:
		return strconv.ParseFloat(value, 64)
	default:
		return 0, fmt.Errorf("%s has no number at %v", r.Type, path)
	}
}

// References are the logical ids that a value names, anywhere inside.
func References(value any) []string {
	var ids []string
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			ids = append(ids, References(item)...)
		}
	case map[string]any:
		if id, ok := value["Ref"].(string); ok {
			return []string{id}
		}
		if attribute, ok := value["Fn::GetAtt"].([]any); ok {
			id, _ := attribute[0].(string)
			return []string{id}
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			ids = append(ids, References(value[key])...)
		}
	}
	return ids
}
