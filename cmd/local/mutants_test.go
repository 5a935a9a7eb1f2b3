package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"testing"
)

// iamStatementText is a statement as far as it is taken apart.
type iamStatementText struct {
	Effect string
	fields map[string]any
}

func parseStatement(t *testing.T, text string) iamStatementText {
	t.Helper()
	s := iamStatementText{}
	if err := json.Unmarshal([]byte(text), &s.fields); err != nil {
		t.Fatal(err)
	}
	s.Effect, _ = s.fields["Effect"].(string)
	return s
}

func (s iamStatementText) list(field string) []any {
	if list, ok := s.fields[field].([]any); ok {
		return list
	}
	return []any{s.fields[field]}
}

// names tells whether a statement is about an action.
func (s iamStatementText) names(action string) bool {
	return slices.ContainsFunc(s.list("Action"), func(pattern any) bool {
		matched, err := path.Match(strings.ToLower(pattern.(string)), strings.ToLower(action))
		return err == nil && matched
	})
}

type mutant struct {
	name      string
	statement map[string]any // nil without the whole of it
}

// mutants are a statement without each of its actions and resources, or none at all when
// it has only one. Of what denies only the whole is taken.
func mutants(s iamStatementText) []mutant {
	var all []mutant
	for _, field := range []string{"Action", "Resource"} {
		list := s.list(field)
		if len(list) < 2 || s.Effect == "Deny" {
			continue
		}
		for i, value := range list {
			without := maps.Clone(s.fields)
			without[field] = slices.Delete(slices.Clone(list), i, i+1)
			all = append(all, mutant{fmt.Sprintf("%s %s", strings.ToLower(field), value), without})
		}
	}
	if len(s.list("Action")) < 2 || s.Effect == "Deny" {
		all = append(all, mutant{"statement", nil})
	}
	return all
}

func statementsOf(t *testing.T, document json.RawMessage) []json.RawMessage {
	t.Helper()
	var policy struct{ Statement []json.RawMessage }
	if err := json.Unmarshal(document, &policy); err != nil {
		t.Fatal(err)
	}
	return policy.Statement
}

// without is the policy's document with one statement changed, or nothing when that was
// the only one.
func (p iamPolicy) without(t *testing.T, i int, changed map[string]any) json.RawMessage {
	t.Helper()
	statements := []any{}
	for j, statement := range statementsOf(t, p.Document) {
		switch {
		case j != i:
			statements = append(statements, statement)
		case changed != nil:
			statements = append(statements, changed)
		}
	}
	if len(statements) == 0 {
		return nil
	}
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	return document
}
