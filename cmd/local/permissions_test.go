package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// unneeded are the permissions that no run needs, with the reason why the template has
// them all the same.
var unneeded = []struct{ owner, part, reason string }{
	{"ReleaseRoleDefaultPolicy", "action sqs:GetQueueAttributes", "awslambdadestinations.SqsDestination grants it together with sqs:SendMessage"},
	{"ReleaseRoleDefaultPolicy", "action sqs:GetQueueUrl", "awslambdadestinations.SqsDestination grants it together with sqs:SendMessage"},
	{"ServiceTaskExecutionRoleDefaultPolicy", "action secretsmanager:DescribeSecret", "awsecs.Secret grants it together with secretsmanager:GetSecretValue"},
	{"DatabaseCredentialsPolicy", "statement", "denies people what the secret's attachment to the database would not survive; their calls are not evaluated"},
}

// permission is the least that a mutant of a template can lack: an action or a resource of
// a statement, or the statement.
type permission struct{ owner, statement, part string }

func (p permission) String() string { return fmt.Sprintf("%s: %s of %s", p.owner, p.part, p.statement) }

// newPermission is the same in each environment, whose names and their hashes it leaves out.
func newPermission(stack, owner, statement, part string) permission {
	common := func(text string) string {
		text = strings.NewReplacer(stack, "<stack>", strings.ReplaceAll(stack, "-", ""), "<stack>").Replace(text)
		return hashes.ReplaceAllString(text, "")
	}
	return permission{common(owner), common(statement), common(part)}
}

var hashes = regexp.MustCompile(`(?i)[0-9a-f]{8,}`)

// wantEveryPermissionNeeded takes each permission out of the policies that the runs had,
// and wants a call of the runs to be refused then.
func wantEveryPermissionNeeded(t *testing.T, records []iamRecord) {
	t.Helper()
	needed := map[permission]bool{}
	evaluator := newEvaluator(t)
	for _, record := range records {
		for _, s := range record.Statements {
			if s.Stack == "CDKToolkit" {
				continue
			}
			for _, part := range mutants(parseStatement(t, s.Key)) {
				p := newPermission(s.Stack, s.Owner, s.Key, part.name)
				needed[p] = needed[p] // false unless another run needed it
			}
		}
		record.need(evaluator, needed)
	}
	used := map[int]bool{}
	for _, p := range slices.SortedFunc(maps.Keys(needed), func(a, b permission) int { return strings.Compare(a.String(), b.String()) }) {
		row := slices.IndexFunc(unneeded, func(row struct{ owner, part, reason string }) bool {
			return strings.HasPrefix(p.owner, row.owner) && row.part == p.part
		})
		switch {
		case row < 0 && !needed[p]:
			t.Errorf("no run needs it: %s", p)
		case row >= 0 && needed[p]:
			t.Errorf("a run needs it, so this has no place in the table of what none needs: %s", p)
		case row >= 0:
			used[row] = true
		}
	}
	for i, row := range unneeded {
		if !used[i] {
			t.Errorf("no policy has %s of %s any more: remove the row", row.part, row.owner)
		}
	}
}

// need finds the permissions whose loss a call of this run would notice.
func (r iamRecord) need(e evaluator, needed map[permission]bool) {
	for id, policy := range r.Policies {
		for i, raw := range statementsOf(e.t, policy.Document) {
			owner, statement := policy.Owners[i], parseStatement(e.t, string(raw))
			for j, part := range mutants(statement) {
				// The key has other names, and the same parts in the same order.
				p := newPermission(owner[0], owner[1], policy.Keys[i], mutants(parseStatement(e.t, policy.Keys[i]))[j].name)
				if already, ok := needed[p]; !ok || already {
					continue
				}
				mutant := policy
				mutant.Document = policy.without(e.t, i, part.statement)
				needed[p] = r.refuses(e, id, mutant, statement)
			}
		}
	}
}

// refuses tells whether a call would notice that a policy is another.
func (r iamRecord) refuses(e evaluator, id string, mutant iamPolicy, statement iamStatementText) bool {
	for _, call := range r.Calls {
		if !call.Allowed || !slices.Contains(call.Policies, id) || !statement.names(call.Action) {
			continue
		}
		var before, after []iamPolicy
		for _, other := range call.Policies {
			before = append(before, r.Policies[other])
			if other == id {
				after = append(after, mutant)
			} else {
				after = append(after, r.Policies[other])
			}
		}
		if statement.Effect == "Deny" {
			// What is denied is whatever comes without TLS.
			call.Context = maps.Clone(call.Context)
			call.Context["aws:SecureTransport"] = "false"
			if !e.allows(call, before) && e.allows(call, after) {
				return true
			}
		} else if !e.allows(call, after) {
			return true
		}
	}
	return false
}

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

// wantPoliciesRecorded wants the record to have every statement of the template.
func (a testAccount) wantPoliciesRecorded(record iamRecord) {
	a.t.Helper()
	content, err := os.ReadFile(filepath.Join(a.assembly(), a.config.StackName()+".template.json"))
	if err != nil {
		a.t.Fatal(err)
	}
	var template struct{ Resources map[string]any }
	if err := json.Unmarshal(content, &template); err != nil {
		a.t.Fatal(err)
	}
	recorded := map[string]map[string]bool{}
	for _, s := range record.Statements {
		if recorded[s.Owner] == nil {
			recorded[s.Owner] = map[string]bool{}
		}
		recorded[s.Owner][s.Key] = true
	}
	for id, resource := range template.Resources {
		if wanted := countStatements(resource); len(recorded[id]) < wanted {
			a.t.Errorf("%s has %d policy statements, and the emulator saw %d: emulator/iam/owners.py", id, wanted, len(recorded[id]))
		}
	}
}

// countStatements finds policies wherever a resource has them.
func countStatements(value any) int {
	count := 0
	switch v := value.(type) {
	case map[string]any:
		if v["Type"] == "AWS::Lambda::Permission" {
			return 1
		}
		if list, ok := v["Statement"].([]any); ok {
			return len(list)
		}
		for _, inner := range v {
			count += countStatements(inner)
		}
	case []any:
		for _, inner := range v {
			count += countStatements(inner)
		}
	}
	return count
}

// wantWorkflowPlayed wants the calls of a role to be those of the workflow that has it.
func wantWorkflowPlayed(t *testing.T, record iamRecord, role string) {
	t.Helper()
	workflow, err := os.ReadFile(filepath.Join(".github", "workflows", "release-image.yml"))
	if err != nil {
		t.Fatal(err)
	}
	played := map[string]bool{}
	for _, call := range record.Calls {
		if strings.Contains(call.Principal, role) {
			played[strings.ToLower(call.Action)] = true
		}
	}
	// get-login-password is the CLI's own, around GetAuthorizationToken.
	text := strings.ReplaceAll(string(workflow), "get-login-password", "get-authorization-token")
	for _, command := range regexp.MustCompile(`aws (ecr|ecs) ([a-z-]+)`).FindAllStringSubmatch(text, -1) {
		if action := command[1] + ":" + strings.ReplaceAll(command[2], "-", ""); !played[action] {
			t.Errorf("the workflow calls %s, which no run does as its role", action)
		}
	}
}
