package main

import (
	"maps"
	"slices"
	"strings"

	"cloudstruct/cmd/internal/template"
)

// stack is a synthesized template.
type stack struct{ template.Template }

// part is the construct of lib/ that made a resource: the one right below the
// stack. It is empty for the CDK's own helpers, which serve the others, and for the
// safeguards, which act once and are on no request's and no release's way.
func (s stack) part(id string) string {
	steps := strings.Split(s.Resources[id].Metadata.Path, "/")
	if len(steps) < 3 || strings.HasPrefix(steps[1], "Custom::") || steps[1] == "Safeguards" {
		return ""
	}
	return steps[1]
}

// parts are the constructs of the stack, in order.
func (s stack) parts() []string {
	return s.partsOf(slices.Collect(maps.Keys(s.Resources)))
}

// partsIn are the parts that a value names resources of.
func (s stack) partsIn(value any) []string {
	return s.partsOf(template.References(value))
}

func (s stack) partsOf(ids []string) []string {
	found := map[string]bool{}
	for _, id := range ids {
		found[s.part(id)] = true
	}
	delete(found, "")
	return slices.Sorted(maps.Keys(found))
}

// in are the logical ids of a part's resources, in order.
func (s stack) in(part string) []string {
	ids := slices.Sorted(maps.Keys(s.Resources))
	return slices.DeleteFunc(ids, func(id string) bool { return s.part(id) != part })
}
