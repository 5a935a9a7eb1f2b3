package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
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
	{"ServiceTaskTaskRoleDefaultPolicy", "statement", "service.permissions are the application's, and no container runs"},
	{"ServiceTaskTaskRoleDefaultPolicy", "action ssmmessages:CreateControlChannel", session},
	{"ServiceTaskTaskRoleDefaultPolicy", "action ssmmessages:CreateDataChannel", session},
	{"ServiceTaskTaskRoleDefaultPolicy", "action ssmmessages:OpenControlChannel", session},
	{"ServiceTaskTaskRoleDefaultPolicy", "action ssmmessages:OpenDataChannel", session},
	{"ServiceWebServiceAlternateTarget", "statement", "ECS takes the role on to change the weights of rules, which the emulator does not change"},
	{"DatabaseCredentialsPolicy", "statement", "denies people what the secret's attachment to the database would not survive; their calls are not evaluated"},
}

// session is service.exec's reason.
const session = "the agent of a session in a task calls it, and no container runs: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html"

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
				if p := newPermission(s.Stack, s.Owner, s.Key, part.name); !needed[p] {
					needed[p] = false // as far as the runs before this one
				}
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
