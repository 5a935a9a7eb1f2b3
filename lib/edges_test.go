package lib

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/aws-cdk-go/awscdk/v2/regioninfo"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// edges are configurations at the limits of what is accepted.
var edges = map[string]string{
	"the longest names": `
project: ` + strings.Repeat("p", 64) + `
environment: ` + strings.Repeat("e", 32) + `
tags: {` + strings.Repeat("k", 127) + ": " + strings.Repeat("v", 255) + manyTags(39) + `}
domain: {name: ` + strings.Repeat("d", 56) + `.example, hostedZoneId: Z1, record: ` + strings.Repeat("abcdefghi.", 18) + `x, wildcard: false}
image: {repository: ` + strings.Repeat("r", 73) + `, tag: ` + strings.Repeat("t", 128) + `, autoDeploy: false}
service: {health: {path: /` + strings.Repeat("h", 1023) + `}, stickiness: {cookie: ` + strings.Repeat("c", 64) + `}}
loadBalancer: {waf: block}
database: {name: ` + strings.Repeat("n", 64) + `, username: ` + strings.Repeat("u", 16) + `, rotation: 23976h, readers: 15}
github: {repository: ` + strings.Repeat("o", 39) + "/" + strings.Repeat("r", 100) + `, branch: ` + strings.Repeat("b", 200) + `}
`,
	"the smallest": `
project: p
environment: e
tags: {}
network: {cidr: 10.255.254.0/23, nat: none, flowLogs: false}
image: {repository: ab, tag: "1", keep: 1}
service: {port: 1, onDemandBase: 0, onDemandWeight: 0, spotWeight: 1000, slowStart: 0s, deregistrationDelay: 0s, health: {path: /, interval: 5s, timeout: 2s, grace: 0s}}
scaling: {min: 1, max: 1, cpuPercent: 1, memoryPercent: 100}
database: {minCapacity: 0, maxCapacity: 1, pauseAfter: 24h, readers: 0, backupDays: 1, backupWindow: 23:45-00:15}
logs: {retentionDays: 1}
`,
	"the largest": `
environment: largest
network: {cidr: 198.18.0.0/16}
image: {keep: 1000}
service:
  port: 65535
  cpu: 16384
  memoryMiB: 122880
  architecture: arm64
  readOnly: true
  environment: {A: ` + strings.Repeat("x", 50000) + `}
  health: {codes: 200-499, interval: 5m, timeout: 2m, healthy: 10, unhealthy: 10, grace: 2h}
  deregistrationDelay: 1h
  slowStart: 15m
  stickiness: {duration: 0s}
  deployment: {strategy: linear, bake: 24h, deadline: 24h}
scaling: {min: 1, max: 4090, requestsPerTarget: 1000000000, scaleIn: 24h, scaleOut: 24h}
database: {minCapacity: 256, maxCapacity: 256, backupDays: 35, backupWindow: 02:30-02:00, maintenanceWindow: sun:02:00-sun:02:30}
logs: {retentionDays: 3653}
`,
	"unusual texts": `
environment: unusual
tags: {Größe: 東京 ñ, "a b": "_.:/=+-@", "1": 4.20}
service:
  environment:
    QUOTES: "\"'\\ ${AWS::Region} $$ %s <b>&amp;</b> {{x}} {\"Ref\":\"A\"}"
    LINES: "a\nb\tc\r\n"
    EMPTY: ""
    SHELL: "${HOME}/x ${!x} $(date) 'a' ${A:-b}"
    EMOJI: "\U0001F680"
    NUMBER: 0x1F
  secrets:
    WHOLE: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a/b-qwerty:"
    KEY: "arn:aws:secretsmanager:us-east-1:123456789012:secret:c-AbCdEf:a b/c.d"
  health: {path: "/a%20b?c=d&e=~!$'()*+,;:@", codes: 200}
  exec: true
  command: [/bin/sh, -c, "exec ./api \"$1\" ${PORT} {{x}} é", 8080]
  restart: true
  permissions:
    - {actions: [s3:GetObject, "dynamodb:Get*"], resources: ["arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*", "arn:aws:dynamodb:eu-west-1:123456789012:table/x"]}
  policies: [arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess]
loadBalancer: {allow: [203.0.113.0/24, 10.0.0.1/32], idleTimeout: 4000s}
scaling:
  schedule:
    - {cron: "0/15 8-18 ? JAN-MAR,12 MON#2 2026-2030/2", timeZone: Pacific/Auckland, min: 0, max: 0}
    - {cron: "59 23 LW * ? *", min: 3, max: 30}
    - {cron: "0 0 15W 1/3 ? *", timeZone: America/Argentina/Buenos_Aires, min: 1, max: 1}
database: {connectionString: {env: _, format: 'Driver={{MySQL}};${{AWS::Region}};{"a":{"h":"{host}","r":"{reader}","p":{port},"n":"{name}","u":"{username}","w":"{{{password}}}"}}'}}
alarms: {email: first.last+tag@sub.example.co.nz, errorPercent: 0.1, latency: 1500ms}
`,
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, ", k%d: v", i)
	}
	return b.String()
}

// FuzzAcceptedFiles wants the CDK and its own rules to find nothing in what the
// reader of the configuration lets through. Without -fuzz it takes the edges.
func FuzzAcceptedFiles(f *testing.F) {
	for name, yaml := range edges {
		if _, err := loadText(f, yaml); err != nil {
			f.Fatalf("%s: %v", name, err)
		}
		f.Add(yaml)
	}
	f.Fuzz(func(t *testing.T, yaml string) {
		cfg, err := loadText(t, yaml)
		if err != nil {
			return // the reader refuses it
		}
		for _, problem := range refused(t, cfg) {
			t.Errorf("%s: %s", cfg.StackName(), problem)
		}
	})
}

func loadText(t testing.TB, yaml string) (config.Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "edge.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(path)
}

// refused returns what the CDK and its rules refuse in a configuration, and what is
// longer than AWS takes it in the template.
func refused(t *testing.T, cfg config.Config) (problems []string) {
	t.Helper()
	app := awscdk.NewApp(&awscdk.AppProps{Context: testContext(t), Outdir: jsii.String(t.TempDir())})
	failure := func() (failure any) {
		defer func() { failure = recover() }()
		made := NewStack(app, StackProps{Config: cfg, ProjectRoot: ".."})
		app.Synth(nil)
		problems = tooLong(t, stack{t, assertions.Template_FromStack(made, nil)})
		return nil
	}()
	if failure != nil {
		problems = append(problems, fmt.Sprint(failure))
	}
	problems = append(problems, reported(t, *app.Outdir())...)
	slices.Sort(problems)
	return slices.Compact(problems)
}

// reported are the findings of the CDK's own rules that are no warnings.
func reported(t *testing.T, dir string) (problems []string) {
	t.Helper()
	var report struct {
		PluginReports []struct {
			Violations []struct{ RuleName, Description, Severity string }
		}
	}
	data, err := os.ReadFile(filepath.Join(dir, "validation-report.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	decode(t, data, err, &report)
	for _, plugin := range report.PluginReports {
		for _, violation := range plugin.Violations {
			if violation.Severity != "warning" && violation.Severity != "info" {
				problems = append(problems, violation.RuleName+": "+violation.Description)
			}
		}
	}
	return problems
}

// lengths are the limits of what the configuration ends up in.
var lengths = []struct {
	resourceType, property string
	limit                  int
}{
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	{"AWS::IAM::Role", "AssumeRolePolicyDocument", 2048},
	{"AWS::IAM::Role", "Description", 1000},
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
	{"AWS::CloudWatch::Alarm", "AlarmDescription", 1024},
	// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
	{"AWS::Events::Rule", "Description", 512},
	{"AWS::Events::Rule", "EventPattern", 4096},
	// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	{"AWS::Lambda::Function", "Environment", 4096},
	{"AWS::Lambda::Function", "Description", 256},
	// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
	{"AWS::Logs::LogGroup", "LogGroupName", 512},
	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
	{"AWS::EC2::SecurityGroup", "GroupDescription", 255},
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
	{"AWS::ECS::TaskDefinition", "ContainerDefinitions", 64 << 10},
	// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutLifecyclePolicy.html
	{"AWS::ECR::Repository", "LifecyclePolicy", 30720},
}

func tooLong(t *testing.T, s stack) (problems []string) {
	t.Helper()
	resources := s.resources("")
	for _, limit := range lengths {
		for id, r := range resources {
			if value := r.Properties[limit.property]; r.Type == limit.resourceType && value != nil {
				if length := len(text(t, value)); length > limit.limit {
					problems = append(problems, fmt.Sprintf("%s of %s has %d characters, AWS takes %d", limit.property, id, length, limit.limit))
				}
			}
		}
	}
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
	const maxTemplate = 1 << 20
	if data, err := json.Marshal(s.template.ToJSON()); err != nil || len(data) > maxTemplate {
		problems = append(problems, fmt.Sprintf("the template has %d bytes, CloudFormation takes %d (%v)", len(data), maxTemplate, err))
	}
	return problems
}

// TestRegionsOfSecretsAreThoseOfTheCDK finds a new region after an upgrade.
func TestRegionsOfSecretsAreThoseOfTheCDK(t *testing.T) {
	var known []string
	for partition, regions := range config.Regions {
		for _, region := range regions {
			known = append(known, region)
			if got := *regioninfo.RegionInfo_Get(&region).Partition(); got != partition {
				t.Errorf("%s is in the partition %s, want %s", region, partition, got)
			}
		}
	}
	for _, region := range *regioninfo.RegionInfo_Regions() {
		if !slices.Contains(known, *region.Name()) {
			t.Errorf("%s of the CDK is missing", *region.Name())
		}
	}
}
