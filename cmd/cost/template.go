package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// stack is a synthesized template and the name of its environment.
type stack struct {
	environment string
	Resources   map[string]resource
}

// resource is one of a template.
type resource struct {
	Type       string
	Properties map[string]any
}

func parse(environment string, template []byte) (stack, error) {
	s := stack{environment: environment}
	err := json.Unmarshal(template, &s)
	return s, err
}

// ids are the logical ids of a type, in order.
func (s stack) ids(resourceType string) []string {
	var ids []string
	for _, id := range slices.Sorted(maps.Keys(s.Resources)) {
		if s.Resources[id].Type == resourceType {
			ids = append(ids, id)
		}
	}
	return ids
}

// count is how many resources of a type there are.
func (s stack) count(resourceType string) int { return len(s.ids(resourceType)) }

// at walks down the properties; it is nil where there is nothing.
func (r resource) at(path ...string) any {
	var value any = r.Properties
	for _, key := range path {
		object, _ := value.(map[string]any)
		value = object[key]
	}
	return value
}

// list is a property that is a list.
func (r resource) list(path ...string) []any {
	items, _ := r.at(path...).([]any)
	return items
}

// text is a property that is a text.
func (r resource) text(path ...string) string {
	value, _ := r.at(path...).(string)
	return value
}

// number is a property that is a number, or a number as a text.
func (r resource) number(path ...string) (float64, error) {
	switch value := r.at(path...).(type) {
	case float64:
		return value, nil
	case string:
		return strconv.ParseFloat(value, 64)
	default:
		return 0, fmt.Errorf("%s has no number at %v", r.Type, path)
	}
}

// reference is the logical id that a value refers to.
func reference(value any) string {
	object, _ := value.(map[string]any)
	id, _ := object["Ref"].(string)
	return id
}
