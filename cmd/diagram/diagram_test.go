package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/aws/jsii-runtime-go"

	"cloudstruct/cmd/internal/template"
)

var root = filepath.Join("..", "..")

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

func TestPictureIsCurrent(t *testing.T) {
	wanted, err := picture(root, production(t))
	if err != nil {
		t.Fatal(err)
	}
	if string(wanted) != shipped(t) {
		t.Error("docs/architecture.svg is not current: run make diagram")
	}
}

func TestPictureIsLegibleInAReadme(t *testing.T) {
	const page, least = 830, 12 // pixels
	svg := shipped(t)
	size := regexp.MustCompile(`width="(\d+)" height="(\d+)"`).FindStringSubmatch(svg)
	width, err := strconv.ParseFloat(size[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	for _, font := range regexp.MustCompile(`font-size="([\d.]+)"`).FindAllStringSubmatch(svg, -1) {
		points, err := strconv.ParseFloat(font[1], 64)
		if shown := points * min(1, page/width); err != nil || shown < least {
			t.Errorf("text of %s is %.1f pixels high on a page of %d, want %d (%v)", font[1], shown, page, least, err)
		}
	}
}

func TestEachColourHasADarkOne(t *testing.T) {
	_, drawing, _ := strings.Cut(shipped(t), "</style>")
	for _, use := range regexp.MustCompile(`(fill|stroke)="([^"]+)"`).FindAllStringSubmatch(drawing, -1) {
		known := slices.ContainsFunc(palette, func(c colour) bool { return c.light == use[2] })
		if !known && use[2] != "none" {
			t.Errorf("%s is in no palette: it stays the same in dark", use[0])
		}
	}
}

func TestBoxesTellOfAllTypesButTheSilent(t *testing.T) {
	s := made(t, `
		"Db": {"Type": "AWS::RDS::DBCluster", "Properties": {"Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.10.3"}, "Metadata": {"aws:cdk:path": "S/Cache/Db/Resource"}},
		"New": {"Type": "AWS::ElastiCache::ServerlessCache", "Metadata": {"aws:cdk:path": "S/Cache/New/Resource"}},
		"One": {"Type": "AWS::CloudWatch::Alarm", "Metadata": {"aws:cdk:path": "S/Cache/One/Resource"}},
		"Two": {"Type": "AWS::CloudWatch::Alarm", "Metadata": {"aws:cdk:path": "S/Cache/Two/Resource"}},
		"Lost": {"Type": "AWS::SQS::Queue", "Metadata": {"aws:cdk:path": "S/Cache/DeadLetters/Resource"}},
		"Logs": {"Type": "AWS::Logs::LogGroup", "Metadata": {"aws:cdk:path": "S/Cache/Logs/Resource"}},
		"Helper": {"Type": "AWS::Lambda::Function", "Metadata": {"aws:cdk:path": "S/Custom::Something/Handler"}}`)
	if parts := s.parts(); !slices.Equal(parts, []string{"Cache"}) {
		t.Errorf("the parts are %q", parts)
	}
	want := []string{"Aurora MySQL 3.10.3", "2 alarms", "dead letters in SQS", "ElastiCache ServerlessCache"}
	if got := s.lines("Cache"); !slices.Equal(got, want) {
		t.Errorf("the box says %q, want %q", got, want)
	}
}

func TestArrowsAreWhatTheTemplateAllows(t *testing.T) {
	const policy = `"P": {"Type": "AWS::IAM::Policy", "Metadata": {"aws:cdk:path": "S/A/Policy/Resource"}, "Properties": {"PolicyDocument": {"Statement": [{"Action": ACTIONS, "Resource": [{"Fn::GetAtt": ["InB", "Arn"]}, {"Ref": "InA"}]}]}}}`
	for name, test := range map[string]struct {
		resource string
		want     []arrow
	}{
		"an action with a word":    {strings.ReplaceAll(policy, "ACTIONS", `"sns:Publish"`), []arrow{{"A", "B", call, "reports"}}},
		"one that stands for more": {strings.ReplaceAll(policy, "ACTIONS", `["ecr:PutImage", "ecr:UploadLayerPart"]`), []arrow{{"A", "B", call, "pushes"}}},
		"one without a word":       {strings.ReplaceAll(policy, "ACTIONS", `["dynamodb:PutItem", "dynamodb:GetItem"]`), []arrow{{"A", "B", call, "dynamodb:PutItem"}}},
		"one that only reads":      {strings.ReplaceAll(policy, "ACTIONS", `["ecs:DescribeTasks", "ecs:ListTasks"]`), nil},
		"the world, by both protocols": {`"G": {"Type": "AWS::EC2::SecurityGroup", "Metadata": {"aws:cdk:path": "S/A/Group/Resource"}, "Properties": {"SecurityGroupIngress": [
			{"CidrIp": "0.0.0.0/0", "FromPort": 443, "ToPort": 443}, {"CidrIpv6": "::/0", "FromPort": 443, "ToPort": 443}]}}`, []arrow{{"Clients", "A", traffic, "port 443"}}},
		"a network": {`"G": {"Type": "AWS::EC2::SecurityGroup", "Metadata": {"aws:cdk:path": "S/A/Group/Resource"}, "Properties": {"SecurityGroupIngress": [
			{"CidrIp": "192.0.2.0/24", "IpProtocol": "-1"}]}}`, []arrow{{"192.0.2.0/24", "A", traffic, "any port"}}},
		"a group": {`"I": {"Type": "AWS::EC2::SecurityGroupIngress", "Metadata": {"aws:cdk:path": "S/B/Group/from A"}, "Properties": {
			"SourceSecurityGroupId": {"Fn::GetAtt": ["InA", "GroupId"]}, "GroupId": {"Fn::GetAtt": ["InB", "GroupId"]}, "FromPort": 8000, "ToPort": 8010}}`,
			[]arrow{{"A", "B", traffic, "ports 8000 to 8010"}}},
		"an event, and who causes it": {`"R": {"Type": "AWS::Events::Rule", "Metadata": {"aws:cdk:path": "S/B/Push/Resource"}, "Properties": {
			"EventPattern": {"detail-type": ["ECR Image Action"], "detail": {"action-type": ["PUSH"], "image-tag": ["live"], "repository-name": [{"Ref": "InA"}]}},
			"Targets": [{"Arn": {"Fn::GetAtt": ["InB", "Arn"]}}]}}`, []arrow{{"A", "B", event, "push"}, {"docker push", "A", call, "live"}}},
		"an event without a word": {`"R": {"Type": "AWS::Events::Rule", "Metadata": {"aws:cdk:path": "S/B/Push/Resource"}, "Properties": {
			"EventPattern": {"detail-type": ["RDS DB Cluster Event"], "resources": [{"Ref": "InA"}]}, "Targets": [{"Arn": {"Ref": "InB"}}]}}`, []arrow{{"A", "B", event, "RDS DB Cluster Event"}}},
	} {
		s := made(t, test.resource+`,
			"InA": {"Type": "X", "Metadata": {"aws:cdk:path": "S/A/In/Resource"}}, "InB": {"Type": "X", "Metadata": {"aws:cdk:path": "S/B/In/Resource"}}`)
		if got := s.arrows(); !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestRequestsGoDownOnOneSideAndReleasesOnTheOther(t *testing.T) {
	p := planned(production(t))
	for row, boxes := range [][]string{
		{"Clients", "docker push", "Domain", "GitHub", "ImageSeed"}, {"Balancer", "Registry"}, {"Service", "Release"}, {"Database", "Monitoring"}, {"Dashboard", "E-mail"},
	} {
		for _, box := range boxes {
			if got, placed := p.rows[box]; !placed || got != row {
				t.Errorf("%s is in row %d, want %d", box, got, row)
			}
		}
	}
	for part, want := range map[string]string{"Balancer": "Public", "Service": "Private", "Database": "Isolated", "Registry": ""} {
		if got := p.tier(part); got != want {
			t.Errorf("%s is drawn in the subnets %q, want %q", part, got, want)
		}
	}
}

var synthesizedOnce = sync.OnceValues(func() (stack, error) { return synthesized(root) })

func production(t *testing.T) stack {
	t.Helper()
	s, err := synthesizedOnce()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func shipped(t *testing.T) string {
	t.Helper()
	svg, err := os.ReadFile(filepath.Join(root, "docs", "architecture.svg"))
	if err != nil {
		t.Fatal(err)
	}
	return string(svg)
}

// made is a stack of some resources.
func made(t *testing.T, resources string) stack {
	t.Helper()
	parsed, err := template.Parse([]byte(`{"Resources": {` + resources + `}}`))
	if err != nil {
		t.Fatal(err)
	}
	return stack{parsed}
}
