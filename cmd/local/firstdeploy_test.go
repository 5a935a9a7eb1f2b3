package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// guarded has everything that is protected, or that AWS fills by itself.
const guarded = `
environment: production
domain: {name: artisantiling.co.nz, hostedZoneId: Z0123456789EXAMPLE}
loadBalancer: {waf: block}
service: {exec: true, permissions: [{actions: ["s3:GetObject"], resources: ["arn:aws:s3:::uploads/*"]}]%s}
`

// refusals is the file of the resources that CloudFormation can't create.
func (a testAccount) refusals() string { return filepath.Join(a.folder, "refusals.json") }

// refuse lets CloudFormation fail to create a type of resource.
func (a testAccount) refuse(resourceType, reason string) func() (fix func()) {
	return func() func() {
		a.t.Helper()
		content, err := json.Marshal(map[string]string{resourceType: reason})
		if err != nil {
			a.t.Fatal(err)
		}
		if err := os.WriteFile(a.refusals(), content, 0o644); err != nil {
			a.t.Fatal(err)
		}
		return func() {
			if err := os.Remove(a.refusals()); err != nil {
				a.t.Fatal(err)
			}
		}
	}
}

// changeRecord creates or deletes a record of the service's name that is not the stack's.
func (a testAccount) changeRecord(action string) {
	a.t.Helper()
	a.python(&struct{}{}, "call.py", "route53", "change_resource_record_sets", fmt.Sprintf(`{
		"HostedZoneId": "Z0123456789EXAMPLE", "ChangeBatch": {"Changes": [{"Action": %q, "ResourceRecordSet": {
			"Name": "server.artisantiling.co.nz", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}}]}}`, action))
}

// TestFirstDeployThatFailsLateLeavesNothing lets every kind of resource fail that comes
// after the placeholder image, the load balancer or the database. CloudFormation deletes
// no repository or bucket that is not empty, and nothing that is protected.
func TestFirstDeployThatFailsLateLeavesNothing(t *testing.T) {
	a := newAccount(t, fmt.Sprintf(guarded, ""))
	before := a.inventory()
	for _, failure := range []struct {
		name   string
		cause  func() (fix func())
		reason string
	}{
		{"the record exists", func() func() { a.changeRecord("CREATE"); return func() { a.changeRecord("DELETE") } }, "but it already exists"},
		{"a listener", a.refuse("AWS::ElasticLoadBalancingV2::Listener", "Certificate not found"), "Certificate not found"},
		{"the firewall", a.refuse("AWS::WAFv2::WebACLAssociation", "AWS WAF couldn't retrieve the resource that you requested"), "couldn't retrieve"},
		{"the database", a.refuse("AWS::RDS::DBCluster", "You've reached the quota of clusters"), "quota of clusters"},
		{"an instance of the database", a.refuse("AWS::RDS::DBInstance", "InsufficientDBInstanceCapacity"), "InsufficientDBInstanceCapacity"},
		{"the service", func() func() {
			a.configure(fmt.Sprintf(guarded, ", environment: {EMULATOR_FAILS: no answer}"))
			return func() { a.configure(fmt.Sprintf(guarded, "")) }
		}, "Circuit Breaker"},
		{"an alarm, after the service", a.refuse("AWS::CloudWatch::Alarm", "LimitExceeded"), "LimitExceeded"},
	} {
		fix := failure.cause()
		a.mustFail(cfntypes.StackStatusRollbackComplete, failure.reason)
		fix()
		a.wantNothingButASnapshot(before)
		if t.Failed() {
			t.Fatalf("when this fails: %s", failure.name)
		}
	}
	if err := a.tryDeploy(); err != nil {
		t.Fatal(err)
	}
	a.wantProtected()
}

// wantNothingButASnapshot allows for the snapshot of the empty database, which
// CloudFormation takes whenever it deletes a cluster whose DeletionPolicy is Snapshot: there
// is no policy that makes an exception of a rollback.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
func (a testAccount) wantNothingButASnapshot(before map[string][]string) {
	a.t.Helper()
	const snapshots = "rds:describe_db_cluster_snapshots"
	for _, snapshot := range a.inventory()[snapshots] {
		if !slices.Contains(before[snapshots], snapshot) {
			a.python(&struct{}{}, "call.py", "rds", "delete_db_cluster_snapshot", fmt.Sprintf(`{"DBClusterSnapshotIdentifier": %q}`, snapshot))
		}
	}
	a.wantSameInventory(before)
}

// wantProtected wants what the last resource of the stack has switched on.
func (a testAccount) wantProtected() {
	a.t.Helper()
	var attributes struct{ Attributes []struct{ Key, Value string } }
	var clusters struct {
		DBClusters []struct{ DeletionProtection bool }
	}
	resources, err := a.resources(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	for _, r := range resources {
		switch *r.ResourceType {
		case "AWS::ElasticLoadBalancingV2::LoadBalancer":
			a.python(&attributes, "call.py", "elbv2", "describe_load_balancer_attributes", fmt.Sprintf(`{"LoadBalancerArn": %q}`, *r.PhysicalResourceId))
		case "AWS::RDS::DBCluster":
			a.python(&clusters, "call.py", "rds", "describe_db_clusters", fmt.Sprintf(`{"DBClusterIdentifier": %q}`, *r.PhysicalResourceId))
		}
	}
	set := fmt.Sprint(attributes.Attributes)
	for _, want := range []string{"{deletion_protection.enabled true}", "{access_logs.s3.enabled true}", "{access_logs.s3.bucket cloudstruct-production-balanceraccesslogs"} {
		if !strings.Contains(set, want) {
			a.t.Errorf("the load balancer has the attributes %s, want %s", set, want)
		}
	}
	if len(clusters.DBClusters) != 1 || !clusters.DBClusters[0].DeletionProtection {
		a.t.Errorf("clusters are %v, want one that is protected", clusters.DBClusters)
	}
}
