package lib

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"cloudstruct/config"
)

// rolePolicies is how many managed policies IAM lets a role have.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const rolePolicies = 10

// largest returns the configuration with the most entries that is accepted.
func largest(t *testing.T, with func(n int) string) config.Config {
	t.Helper()
	path := filepath.Join(t.TempDir(), "production.yaml")
	var last config.Config
	for n := 1; ; n++ {
		if err := os.WriteFile(path, []byte("environment: production\n"+with(n)), 0o600); err != nil {
			t.Fatal(err)
		}
		cfg, err := config.Load(path)
		if err != nil {
			if n < 10 || !strings.Contains(err.Error(), "managed policies") {
				t.Fatalf("%d entries: %v", n, err)
			}
			return last
		}
		last = cfg
	}
}

// TestRolesCanHoldWhatIsAccepted synthesizes the most secrets and the largest
// permissions that the reader of the configuration accepts.
func TestRolesCanHoldWhatIsAccepted(t *testing.T) {
	list := func(n int, entry func(i int) string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(entry(i) + ", ")
		}
		return b.String()
	}
	secrets := func(n int) string {
		return "  secrets: {" + list(n, func(i int) string {
			return fmt.Sprintf("S%d: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:%0200d-AbCdE1'", i, i)
		}) + "}\n"
	}
	permissions := func(n, resources, length, policies int) string {
		return "service:\n  permissions: [" + list(n, func(i int) string {
			return fmt.Sprintf("{actions: [s3:GetObject%d], resources: [%s]}", i, list(resources, func(j int) string {
				return fmt.Sprintf("'arn:aws:s3:::b%d-%d/%0*d'", i, j, length, 0)
			}))
		}) + "]\n  policies: [" + list(policies, func(i int) string {
			return fmt.Sprintf("'arn:aws:iam::123456789012:policy/p%d'", i)
		}) + "]\n"
	}
	for name, with := range map[string]func(n int) string{
		"secrets":                    func(n int) string { return "service:\n" + secrets(n) },
		"permissions of 1,900":       func(n int) string { return permissions(n, 10, 160, 0) },
		"permissions and 4 policies": func(n int) string { return permissions(n, 10, 90, 4) },
	} {
		t.Run(name, func(t *testing.T) {
			made := synthesize(t, largest(t, with))
			policies := map[string]int{}
			for id, role := range made.resources("AWS::IAM::Role") {
				attached, _ := role.Properties["ManagedPolicyArns"].([]any)
				policies[id] = len(attached)
			}
			overflow := made.resources("AWS::IAM::ManagedPolicy")
			for _, policy := range overflow {
				for _, role := range policy.Properties["Roles"].([]any) {
					policies[role.(object)["Ref"].(string)]++
				}
			}
			if len(overflow) < 3 {
				t.Errorf("only %d managed policies: this is far from the most that a role can hold", len(overflow))
			}
			for id, n := range policies {
				if n > rolePolicies {
					t.Errorf("role %s has %d managed policies", id, n)
				}
			}
			t.Logf("managed policies of the roles: %v", policies)
		})
	}
}
