package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"cloudstruct/cmd/internal/template"
)

const (
	stickyTemplate = `{"Resources": {
		"Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": 80, "TargetGroupAttributes": [{"Key": "stickiness.enabled", "Value": "true"}]}}}}`
	plainTemplate = `{"Resources": {
		"Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": 80, "TargetGroupAttributes": [{"Key": "stickiness.enabled", "Value": "false"}]}}}}`
	shiftingTemplate = `{"Resources": {
		"Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": 80}},
		"Rule": {"Type": "AWS::ElasticLoadBalancingV2::ListenerRule", "Properties": {"Actions": [{"Type": "forward", "ForwardConfig": {"TargetGroups": [{"Weight": 100}, {"Weight": 0}]}}]}}}}`
)

// ofUpdate is the finding of a check when one template is deployed, unless it is empty, and
// another is wanted.
func ofUpdate(t *testing.T, check, before, after string) finding {
	t.Helper()
	a, p := ready()
	if before != "" {
		a.status, a.template = cfntypes.StackStatusCreateComplete, before
	}
	p.wanted.Template = parsed(t, after)
	return one(t, p.examine(context.Background()), check)
}

func TestAChangeOfStrategyThatNeedsTwoDeploysIsFound(t *testing.T) {
	for _, test := range []struct {
		name          string
		before, after string
		want          verdict
		fix           string
	}{
		{"a first deploy", "", shiftingTemplate, ok, ""},
		{"shifting to rolling with stickiness", shiftingTemplate, stickyTemplate, fail, "set service.stickiness.duration to 0s and make deploy ENV=production, then"},
		{"shifting to rolling without", shiftingTemplate, plainTemplate, ok, ""},
		{"rolling with stickiness to shifting", stickyTemplate, shiftingTemplate, warn, "set service.stickiness.duration to 0s with strategy rolling"},
		{"rolling without to shifting", plainTemplate, shiftingTemplate, ok, ""},
		{"no change", stickyTemplate, stickyTemplate, ok, ""},
	} {
		f := ofUpdate(t, "strategy", test.before, test.after)
		if f.verdict != test.want || !strings.HasPrefix(f.fix, test.fix) {
			t.Errorf("%s: %s %s -> %s", test.name, words[f.verdict], f.what, f.fix)
		}
	}
}

func TestAReplacementIsFound(t *testing.T) {
	const before = `{"Resources": {
		"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
		"Subnets": {"Type": "AWS::RDS::DBSubnetGroup", "Properties": {"DBSubnetGroupDescription": "a"}},
		"Database": {"Type": "AWS::RDS::DBCluster", "Properties": {"DatabaseName": "appdb", "DBSubnetGroupName": {"Ref": "Subnets"}, "BackupRetentionPeriod": 7}},
		"Targets": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"Port": 80, "VpcId": {"Ref": "Vpc"}, "HealthCheckPath": "/"}},
		"Repository": {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": "my-api"}},
		"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "a"}}}}`
	for _, test := range []struct {
		name     string
		from, to string
		want     []string // ids that are named
	}{
		{"no change", "", "", nil},
		{"a change in place", `"BackupRetentionPeriod": 7`, `"BackupRetentionPeriod": 8`, nil},
		{"another health path", `"HealthCheckPath": "/"`, `"HealthCheckPath": "/up"`, nil},
		{"a type without data", `"TopicName": "a"`, `"TopicName": "b"`, nil},
		{"another name of the database", `"appdb"`, `"other"`, []string{"Database is replaced, for DatabaseName changes"}},
		{"another port", `"Port": 80`, `"Port": 8080`, []string{"Targets is replaced, for Port changes"}},
		{"another repository", `"my-api"`, `"your-api"`, []string{"Repository is replaced, for RepositoryName changes"}},
		{"another network", `10.0.0.0/16`, `10.1.0.0/16`, []string{"Targets is replaced, for Vpc is"}},
		{"another subnet group", `"Subnets": {`, `"Nets": {`, []string{"Database is replaced, for Subnets is"}},
		{"a target group with another id", `"Targets": {`, `"Other": {`, []string{"Targets is removed"}},
	} {
		a, p := ready()
		a.status, a.template = cfntypes.StackStatusCreateComplete, before
		p.wanted.Template = parsed(t, strings.ReplaceAll(before, test.from, test.to))
		f, err := p.replacement(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if (f.verdict == warn) != (test.want != nil) || test.want != nil && f.fix != "make diff ENV=production" {
			t.Errorf("%s: %s %s -> %s", test.name, words[f.verdict], f.what, f.fix)
		}
		for _, want := range test.want {
			if !strings.Contains(f.what, want) {
				t.Errorf("%s: %q, want %q", test.name, f.what, want)
			}
		}
		if got := strings.Count(f.what, " is replaced") + strings.Count(f.what, " is removed"); got != len(test.want) {
			t.Errorf("%s: %d are named in %q", test.name, got, f.what)
		}
	}
}

// TestReplacementsSpread goes through a chain in any order: a map has none.
func TestReplacementsSpread(t *testing.T) {
	const chain = `{"Resources": {
		"Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.0.0.0/16"}},
		"First": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"VpcId": {"Ref": "Vpc"}}},
		"Second": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"VpcId": {"Ref": "First"}}},
		"Third": {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup", "Properties": {"VpcId": {"Ref": "Second"}}}}}`
	before, after := parsed(t, chain), parsed(t, strings.ReplaceAll(chain, "10.0.0.0", "10.1.0.0"))
	for range 50 {
		if found := replaced(before, after); len(found) != 4 {
			t.Fatalf("found %v, want all four", found)
		}
	}
}

// TestCreateOnlyPropertiesAreTheSchemas compares with CloudFormation's own schemas.
func TestCreateOnlyPropertiesAreTheSchemas(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(".tools", "venv", "lib", "python3*", "site-packages", "cfnlint", "data", "schemas"))
	if err != nil || len(found) == 0 {
		t.Skip("make test installs what this needs: cfn-lint's schemas")
	}
	var index map[string]string
	read := func(into any, path ...string) {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(append([]string{found[0]}, path...)...))
		if err == nil {
			err = json.Unmarshal(data, into)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	read(&index, "providers", "us-east-1.json")
	for kind, listed := range createOnly {
		var schema struct{ CreateOnlyProperties, ConditionalCreateOnlyProperties []string }
		read(&schema, "resources", index[kind]+".json")
		var want []string
		for _, pointer := range schema.CreateOnlyProperties {
			want = append(want, strings.Split(pointer, "/")[2]) // of /properties/NAME, or a part of it
		}
		slices.Sort(want)
		if want = slices.Compact(want); !slices.Equal(listed, want) {
			t.Errorf("%s: listed are %q, the schema has %q", kind, listed, want)
		}
		for _, property := range also[kind] {
			if !slices.Contains(schema.ConditionalCreateOnlyProperties, "/properties/"+property) {
				t.Errorf("%s: %s is not conditional in the schema, which has %q", kind, property, schema.ConditionalCreateOnlyProperties)
			}
		}
	}
}

func parsed(t *testing.T, text string) template.Template {
	t.Helper()
	result, err := template.Parse([]byte(text))
	if err != nil {
		t.Fatal(text, err)
	}
	return result
}
