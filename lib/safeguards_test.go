package lib

import (
	"strings"
	"testing"

	"cloudstruct/config"
)

// TestNothingIsProtectedBeforeEverythingExists: CloudFormation can't delete what is
// protected or not empty, so a first deploy that fails afterwards would end in
// ROLLBACK_FAILED.
func TestNothingIsProtectedBeforeEverythingExists(t *testing.T) {
	for name, change := range variants {
		t.Run(name, func(t *testing.T) {
			s := production(t, change)
			all := s.resources("")
			last := ""
			for id, r := range all {
				properties := text(t, r.Properties)
				if r.Type == "Custom::Safeguards" {
					last = id
					continue
				}
				for _, protection := range []string{`"DeletionProtection"`, "deletion_protection.enabled", "access_logs.s3"} {
					if contains(properties, protection) {
						t.Errorf("%s sets %s", id, protection)
					}
				}
			}
			before := s.precede(all, last)
			for id := range all {
				if id != last && !before[id] {
					t.Errorf("%s may still fail when protection is on", id)
				}
			}
		})
	}
}

func TestSafeguardsFollowTheConfiguration(t *testing.T) {
	production(t).has("Custom::Safeguards", object{
		"LoadBalancerArn": object{"Ref": "BalancerAlbB3E2F77A"}, "LoadBalancerDeletionProtection": "true",
		"DatabaseClusterIdentifier": object{"Ref": "DatabaseCluster5B53A178"}, "DatabaseDeletionProtection": "true",
		"AccessLogsBucket": object{"Ref": "BalancerAccessLogs16497920"}, "ServiceTimeout": "150",
	})
	production(t, func(c *config.Config) {
		c.LoadBalancer.AccessLogs, c.LoadBalancer.DeletionProtection, c.Database.DeletionProtection = false, false, false
	}).has("Custom::Safeguards", object{
		"LoadBalancerDeletionProtection": "false", "DatabaseDeletionProtection": "false", "AccessLogsBucket": absent(),
	})
}

func TestSafeguardsChangeTheLoadBalancerAndTheDatabaseOnly(t *testing.T) {
	allowed := map[string]string{"elasticloadbalancing:ModifyLoadBalancerAttributes": `{"Ref":"BalancerAlbB3E2F77A"}`, "rds:ModifyDBCluster": "DatabaseCluster5B53A178"}
	found := map[string]bool{}
	for _, st := range production(t).statements() {
		if !strings.HasPrefix(st.policy, "SafeguardsRole") {
			continue
		}
		for _, action := range st.actions {
			resource, known := allowed[action]
			if found[action] = true; known && (len(st.resources) != 1 || !contains(text(t, st.resources[0]), resource) || contains(text(t, st.resources[0]), "*")) {
				t.Errorf("%s is allowed on %s", action, text(t, st.resources))
			}
			if !known && !strings.HasPrefix(action, "logs:") {
				t.Errorf("%s is allowed", action)
			}
		}
	}
	for action := range allowed {
		if !found[action] {
			t.Errorf("%s is missing", action)
		}
	}
}
