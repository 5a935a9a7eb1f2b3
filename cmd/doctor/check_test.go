package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	route53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"cloudstruct/cmd/internal/template"
	"cloudstruct/config"
)

func TestMain(m *testing.M) {
	// package.json and go.mod are read from where make runs.
	if err := os.Chdir(filepath.Join("..", "..")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

func TestAReadyAccountIsFine(t *testing.T) {
	_, p := ready()
	for _, f := range p.examine(context.Background()) {
		if f.verdict != ok {
			t.Errorf("%s: %s %s -> %s", f.name, words[f.verdict], f.what, f.fix)
		}
	}
}

// TestEachMistakeIsFound changes one thing of a ready account each time.
func TestEachMistakeIsFound(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(a *account, p *patient)
		about  string
		want   verdict
		fix    string // a part of it
	}{
		{"an old Node", func(_ *account, p *patient) { p.tool = tools("v20.1.0", "go99.0.0") }, "Node", fail, "npm ci"},
		{"an old Go", func(_ *account, p *patient) { p.tool = tools("v99.0.0", "go1.25.9") }, "Go", fail, "install Go 1.26"},
		{"no Go", func(_ *account, p *patient) {
			p.tool = func(_ context.Context, name string, _ ...string) (string, error) {
				return "v99.0.0", map[string]error{"go": errors.New("not found")}[name]
			}
		}, "Go", fail, "install Go"},
		{"no AWS CLI", func(_ *account, p *patient) { p.tool = awsCLI("", errors.New("not found")) }, "AWS CLI", warn, "install AWS CLI 2"},
		{"AWS CLI 1", func(_ *account, p *patient) { p.tool = awsCLI("aws-cli/1.44.0 Python/3.13.7", nil) }, "AWS CLI", warn, "install AWS CLI 2"},
		{"an old AWS CLI 1", func(_ *account, p *patient) { p.tool = awsCLI("aws-cli/1.22.34 Python/3.10.12", nil) }, "AWS CLI", warn, "install AWS CLI 2"},
		{"an old AWS CLI 2", func(_ *account, p *patient) { p.tool = awsCLI("aws-cli/2.12.9 Python/3.11.4", nil) }, "AWS CLI", warn, "install AWS CLI 2"},
		{"the first AWS CLI 2 with AWS_ENDPOINT_URL", func(_ *account, p *patient) { p.tool = awsCLI("aws-cli/2.13.0 Python/3.11.4", nil) }, "AWS CLI", ok, ""},
		{"no region", func(_ *account, p *patient) { p.region = "" }, "region", fail, "AWS_REGION"},
		{"nobody signed in", func(a *account, _ *patient) { a.arn = "" }, "credentials", fail, "aws sso login"},
		{"an expired session", func(a *account, _ *patient) { a.denied, a.code = "GetCallerIdentity", "ExpiredToken" }, "credentials", fail, "aws sso login"},
		{"no network", func(_ *account, p *patient) { p.clients.sts = unreachable() }, "credentials", fail, "check the network"},
		{"the root user", func(a *account, _ *patient) { a.arn = "arn:aws:iam::123456789012:root" }, "credentials", warn, "role"},

		{"no bootstrap", func(a *account, _ *patient) { a.bootstrap = 0 }, "bootstrap", fail, "npx cdk bootstrap -c environment=production aws://123456789012/eu-central-1"},
		{"an old bootstrap", func(a *account, _ *patient) { a.bootstrap = 5 }, "bootstrap", fail, "npx cdk bootstrap"},

		{"a stack that works", stack(cfntypes.StackStatusUpdateRollbackComplete, true), "stack", ok, ""},
		{"a stack that is being changed", stack(cfntypes.StackStatusUpdateInProgress, true), "stack", fail, "wait"},
		{"a stack that was never made", stack(cfntypes.StackStatusReviewInProgress, false), "stack", ok, ""},
		{"a failed first deploy", stack(cfntypes.StackStatusRollbackComplete, false), "stack", ok, ""},
		{"a failed first deploy, protected", stack(cfntypes.StackStatusRollbackComplete, true), "stack", warn, "make deploy"},
		{"a failed rollback of it", stack(cfntypes.StackStatusRollbackFailed, false), "stack", warn, "make deploy ENV=production, which lists what is left"},
		{"a failed deletion", stack(cfntypes.StackStatusDeleteFailed, false), "stack", fail, "delete-stack"},
		{"a failed roll-back", stack(cfntypes.StackStatusUpdateRollbackFailed, true), "stack", fail, "npx cdk rollback CloudStruct-production"},

		{"a repository of that name", func(a *account, _ *patient) { a.repositories = []string{"my-api"} }, "repository", fail, "image.repository"},
		{"the stack's own repository", func(a *account, p *patient) {
			stack(cfntypes.StackStatusCreateComplete, true)(a, p)
			a.repositories, a.resources = []string{"my-api"}, map[string]string{"a": "AWS::EC2::EIP", "my-api": "AWS::ECR::Repository"}
		}, "repository", ok, ""},

		{"no address left", func(a *account, _ *patient) { a.addresses = 4 }, "addresses", fail, "--quota-code L-0263D0A3 --desired-value 6"},
		{"just enough addresses", func(a *account, _ *patient) { a.addresses = 3 }, "addresses", ok, ""},
		{"a raised quota of addresses", func(a *account, _ *patient) {
			a.addresses, a.quotas = 4, map[string]float64{"ec2 L-0263D0A3": 10}
		}, "addresses", ok, ""},
		{"addresses that the stack has", func(a *account, p *patient) {
			stack(cfntypes.StackStatusCreateComplete, true)(a, p)
			a.addresses, a.resources = 5, map[string]string{"a": "AWS::EC2::EIP", "b": "AWS::EC2::EIP"}
		}, "addresses", ok, ""},
		{"no NAT gateway", func(a *account, p *patient) { a.addresses, p.wanted.Addresses = 5, 0 }, "addresses", ok, ""},

		// 2 to 20 tasks of a quarter: 2 and a quarter of 18 on demand at most, 7
		// tasks, and 13 on Spot.
		{"few vCPUs on demand", vcpus("L-3032A538", 0.25), "vCPUs on demand", fail, "--quota-code L-3032A538 --desired-value 4"},
		{"vCPUs for the minimum alone", vcpus("L-3032A538", 0.5), "vCPUs on demand", warn, "--quota-code L-3032A538"},
		{"vCPUs without a rollout", vcpus("L-3032A538", 3), "vCPUs on demand", warn, "L-3032A538"},
		{"enough vCPUs", vcpus("L-3032A538", 3.5), "vCPUs on demand", ok, ""},
		{"few vCPUs on Spot", vcpus("L-36FBB829", 6), "vCPUs on Spot", warn, "--quota-code L-36FBB829 --desired-value 7"},
		{"no Spot", func(a *account, p *patient) {
			vcpus("L-36FBB829", 0)(a, p)
			p.config.Service.SpotWeight = 0
		}, "vCPUs on Spot", ok, ""},
		{"Spot alone, and none allowed", func(a *account, p *patient) {
			vcpus("L-36FBB829", 0)(a, p)
			p.config.Service.OnDemandBase, p.config.Service.OnDemandWeight = 0, 0
		}, "vCPUs on Spot", fail, "L-36FBB829"},
		{"more tasks by schedule", func(a *account, p *patient) {
			vcpus("L-36FBB829", 7)(a, p)
			p.config.Scaling.Schedule = []config.Schedule{{Min: aws.Int(4), Max: aws.Int(60)}}
		}, "vCPUs on Spot", warn, "L-36FBB829"},

		{"an engine that is not offered", func(a *account, _ *patient) { a.engines = nil }, "database engine", fail, "another region"},
		{"an engine that can't pause", func(a *account, p *patient) {
			a.engines = map[string]float64{"8.0.mysql_aurora.3.10.3": 0.5}
			p.config.Database.MinCapacity = 0
		}, "database engine", fail, "database.minCapacity"},

		{"an account that never used ECS", func(a *account, _ *patient) { a.roles = nil }, "service-linked roles", fail, "create-service-linked-role --aws-service-name ecs.amazonaws.com"},
		{"an account that never used RDS", func(a *account, _ *patient) { a.roles = []string{"AWSServiceRoleForECS"} }, "service-linked roles", ok, ""},

		{"no hosted zone", func(a *account, _ *patient) { a.zones = nil }, "hosted zone", fail, "list-hosted-zones"},
		{"the zone of another domain", zone(route53types.HostedZone{Name: aws.String("example.org.")}), "hosted zone", fail, "set domain"},
		{"a private zone", zone(route53types.HostedZone{Name: aws.String("example.com."), Config: &route53types.HostedZoneConfig{PrivateZone: true}}), "hosted zone", fail, "set domain"},
		{"a zone that nobody is sent to", func(_ *account, p *patient) {
			p.nameServers = func(context.Context, string) ([]string, error) { return []string{"ns.parking.example."}, nil }
		}, "hosted zone", fail, "name servers ns-1.awsdns-01.org"},
		{"no answer about name servers", func(_ *account, p *patient) {
			p.nameServers = func(context.Context, string) ([]string, error) { return nil, errors.New("no such host") }
		}, "hosted zone", warn, ""},

		{"no identity provider", func(a *account, _ *patient) { a.providers = []string{"gitlab.com"} }, "GitHub", fail, "create-open-id-connect-provider"},
	} {
		t.Run(test.name, func(t *testing.T) {
			a, p := ready()
			test.change(a, p)
			findings := p.examine(context.Background())
			f := one(t, findings, test.about)
			if f.verdict != test.want || !strings.Contains(f.fix, test.fix) || f.verdict == fail && f.fix == "" {
				t.Errorf("%s %s -> %s, want %s -> %s", words[f.verdict], f.what, f.fix, words[test.want], test.fix)
			}
			for _, other := range findings {
				if other.name != test.about && other.verdict == fail {
					t.Errorf("%s: %s, and nothing was wrong there", other.name, other.what)
				}
			}
		})
	}
}

func tools(node, golang string) func(context.Context, string, ...string) (string, error) {
	return func(_ context.Context, name string, _ ...string) (string, error) {
		return map[string]string{"node": node, "go": golang}[name], nil
	}
}

// awsCLI is a machine whose AWS CLI prints this version.
func awsCLI(version string, err error) func(context.Context, string, ...string) (string, error) {
	return func(_ context.Context, name string, _ ...string) (string, error) {
		if name == "aws" {
			return version, err
		}
		return "v99.0.0", nil
	}
}

// unreachable is an AWS at a closed port.
func unreachable() stsReads {
	return sts.New(sts.Options{
		Region: "eu-central-1", BaseEndpoint: aws.String("http://127.0.0.1:1"), RetryMaxAttempts: 1,
		Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
}

func stack(status cfntypes.StackStatus, protected bool) func(*account, *patient) {
	return func(a *account, _ *patient) { a.status, a.protected = status, protected }
}

func vcpus(code string, allowed float64) func(*account, *patient) {
	return func(a *account, _ *patient) { a.quotas = map[string]float64{"fargate " + code: allowed} }
}

func zone(z route53types.HostedZone) func(*account, *patient) {
	return func(a *account, _ *patient) { a.zones = map[string]route53types.HostedZone{"Z1": z} }
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	a, p := ready()
	a.bootstrap, a.addresses, a.roles, a.engines, a.zones = 0, 5, nil, nil, nil
	var out bytes.Buffer
	if show(&out, p.examine(context.Background()), false) {
		t.Error("it would not fail")
	}
	if got := strings.Count(out.String(), "FAIL"); got != 5 || !strings.Contains(out.String(), "5 of 20 would fail") {
		t.Errorf("%d mistakes are told of 5:\n%s", got, out.String())
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("colours are for terminals")
	}
}

// TestMissingPermissionsAreNoMistakes takes one read after another away.
func TestMissingPermissionsAreNoMistakes(t *testing.T) {
	for operation, about := range map[string]struct{ name, allow string }{
		"GetParameter":               {"bootstrap", "ssm:GetParameter"},
		"DescribeStacks":             {"stack", "cloudformation:DescribeStacks"},
		"DescribeRepositories":       {"repository", "ecr:DescribeRepositories"},
		"ListStackResources":         {"addresses", "cloudformation:ListStackResources"},
		"DescribeAddresses":          {"addresses", "ec2:DescribeAddresses"},
		"GetServiceQuota":            {"vCPUs on demand", "servicequotas:GetServiceQuota"},
		"GetAWSDefaultServiceQuota":  {"vCPUs on Spot", "servicequotas:GetAWSDefaultServiceQuota"},
		"DescribeDBEngineVersions":   {"database engine", "rds:DescribeDBEngineVersions"},
		"GetRole":                    {"service-linked roles", "iam:GetRole"},
		"GetHostedZone":              {"hosted zone", "route53:GetHostedZone"},
		"ListOpenIDConnectProviders": {"GitHub", "iam:ListOpenIDConnectProviders"},
		"ListResourceRecordSets":     {"record", "route53:ListResourceRecordSets"},
		"GetTemplate":                {"strategy", "cloudformation:GetTemplate"},
		"DescribeSecret":             {"secrets", "secretsmanager:DescribeSecret"},
	} {
		a, p := ready()
		a.denied = operation
		findings := p.examine(context.Background())
		f := one(t, findings, about.name)
		if f.verdict != warn || !strings.Contains(f.what, "not checked") || !strings.Contains(f.fix, about.allow) {
			t.Errorf("%s: %s %s -> %s", operation, words[f.verdict], f.what, f.fix)
		}
		if !show(&bytes.Buffer{}, findings, false) {
			t.Errorf("%s: a deploy would fail", operation)
		}
	}
}

func TestAWSThatDoesNotAnswerIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, p := ready()
		a.stuck = true
		p.account = "123456789012"
		begun := time.Now()
		findings := together(context.Background(), []check{{"bootstrap", p.bootstrap}, {"stack", p.stackState}, {"GitHub", p.identityProvider}})
		if took := time.Since(begun); took != patience {
			t.Errorf("took %s, want %s for all", took, patience)
		}
		for _, f := range findings {
			if f.verdict != warn || !strings.Contains(f.what, "no answer in 15s") {
				t.Errorf("%s: %s %s", f.name, words[f.verdict], f.what)
			}
		}
	})
}

// TestNothingButReadsCanBeCalled looks at every method that the clients have here.
func TestNothingButReadsCanBeCalled(t *testing.T) {
	read := regexp.MustCompile(`^(Get|Describe|List)[A-Z]`)
	all, methods := reflect.TypeFor[clients](), 0
	for i := range all.NumField() {
		client := all.Field(i).Type
		for j := range client.NumMethod() {
			methods++
			if name := client.Method(j).Name; !read.MatchString(name) {
				t.Errorf("%s.%s may write", all.Field(i).Name, name)
			}
		}
	}
	if methods < 10 {
		t.Errorf("%d methods seen", methods)
	}
}

func TestAssemblyTellsWhatIsNeeded(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"manifest.json": `{"artifacts": {"CloudStruct-production": {"properties": {"requiresBootstrapStackVersion": 6, "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version"}}}}`,
		"CloudStruct-production.template.json": `{"Resources": {"A": {"Type": "AWS::EC2::EIP"}, "B": {"Type": "AWS::EC2::EIP"},
			"D": {"Type": "AWS::Route53::RecordSet", "Properties": {"Name": "server.example.com."}},
			"C": {"Type": "AWS::RDS::DBCluster", "Properties": {"EngineVersion": "8.0.mysql_aurora.3.10.3"}}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readAssembly(dir, "CloudStruct-production")
	want := assembly{Bootstrap: 6, BootstrapParameter: "/cdk-bootstrap/hnb659fds/version", Addresses: 2, EngineVersion: "8.0.mysql_aurora.3.10.3", Host: "server.example.com"}
	if got.Template.Count("AWS::EC2::EIP") != 2 {
		t.Errorf("the template has %v", got.Template)
	}
	got.Template = template.Template{}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := readAssembly(dir, "CloudStruct-development"); err == nil {
		t.Error("an environment that was not synthesized is accepted")
	}
}
