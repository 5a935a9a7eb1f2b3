package config

import (
	"fmt"
	"strings"
	"testing"
)

func manySecrets(n, length int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "S%d: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:%0*d-AbCdE1', ", i, length, i)
	}
	return "service: {secrets: {" + b.String() + "}}"
}

func manyPermissions(n, resources, policies int) string {
	var b strings.Builder
	b.WriteString("service:\n  permissions:\n")
	for i := range n {
		fmt.Fprintf(&b, "  - {actions: [s3:GetObject, s3:PutObject%d], resources: [", i)
		for j := range resources {
			fmt.Fprintf(&b, "'arn:aws:s3:::bucket-%d-%d-with-a-long-name-of-sixty-characters/*', ", i, j)
		}
		b.WriteString("]}\n")
	}
	b.WriteString("  policies: [")
	for i := range policies {
		fmt.Fprintf(&b, "'arn:aws:iam::123456789012:policy/p%d', ", i)
	}
	return b.String() + "]\n"
}

func TestPoliciesThatARoleCanNotHoldAreMistakes(t *testing.T) {
	for _, test := range []struct{ name, yaml, want string }{
		{"secrets", manySecrets(400, 12), ""},
		{"too many secrets", manySecrets(190, 200), "c.yaml:2: service.secrets: must fit into the inline policy of a role and 10 managed policies, got 190 secrets"},
		{"permissions beside ten policies", manyPermissions(4, 4, 10), ""},
		{"too many beside ten policies", manyPermissions(50, 4, 10),
			"c.yaml:3: service.permissions: must fit into the inline policy of a role and 0 managed policies (a role can have 10, and service.policies has 10); these take"},
		{"as many without policies", manyPermissions(50, 4, 0), ""},
		{"a large statement", manyPermissions(3, 45, 0), ""},
		{"a statement that fits nowhere", strings.ReplaceAll(manyPermissions(1, 50, 0), "sixty", strings.Repeat("x", 90)),
			"c.yaml:4: service.permissions[0]: must be at most 6000 characters in a policy, got "},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if _, err := parse("c.yaml", []byte("environment: a\n"+test.yaml)); err != nil {
				got = err.Error()
			}
			if !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
				t.Errorf("got  %.500s\nwant %s", got, test.want)
			}
		})
	}
}
