package config

import (
	"fmt"
	"slices"
	"strings"
)

// Places can stand in a connection string's format.
var Places = []string{"{host}", "{reader}", "{port}", "{name}", "{username}", "{password}"}

// Fill replaces the places of the format by values, which have the places as
// their keys. {{ and }} stand for a brace.
func (c ConnectionString) Fill(values map[string]string) string {
	var b strings.Builder
	for _, part := range c.parts() {
		switch value, isPlace := values[part]; {
		case isPlace:
			b.WriteString(value)
		case part == "{{" || part == "}}":
			b.WriteString(part[:1])
		default:
			b.WriteString(part)
		}
	}
	return b.String()
}

// parts cuts the format into text, what looks like a place, and braces. }} is two
// braces unless there was a {{ for it: it ends many a JSON text.
func (c ConnectionString) parts() []string {
	var parts []string
	open := 0
	for rest := c.Format; rest != ""; {
		length := max(1, strings.IndexAny(rest, "{}"))
		switch {
		case !strings.ContainsAny(rest, "{}"):
			length = len(rest)
		case strings.HasPrefix(rest, "{{"):
			open, length = open+1, 2
		case strings.HasPrefix(rest, "}}") && open > 0:
			open, length = open-1, 2
		case rest[0] == '{':
			if end := strings.IndexAny(rest[1:], "{}"); end >= 0 && rest[1+end] == '}' {
				length = end + 2
			}
		}
		parts, rest = append(parts, rest[:length]), rest[length:]
	}
	return parts
}

func (r *reader) places(c ConnectionString) {
	const key = "database.connectionString.format"
	found := c.parts()
	for _, part := range found {
		isPlace := strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}")
		r.refuse(isPlace && !slices.Contains(Places, part),
			fmt.Sprintf("has %s, but the places are %s; write {%[1]s} for the braces themselves", part, strings.Join(Places, ", ")), key)
	}
	for _, needed := range []string{"{host}", "{password}"} {
		r.refuse(c.Format != "" && !slices.Contains(found, needed), fmt.Sprintf("must have %s, got %s", needed, quoted(c.Format)), key)
	}
}
