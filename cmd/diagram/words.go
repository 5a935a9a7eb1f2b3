package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// silent are the types that no box tells of.
var silent = []string{
	// Arrows tell of them.
	"AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupEgress", "AWS::EC2::SecurityGroupIngress",
	"AWS::ElasticLoadBalancingV2::Listener", "AWS::ElasticLoadBalancingV2::TargetGroup",
	"AWS::IAM::Policy", "AWS::Lambda::Permission",
	"AWS::S3::BucketPolicy", "AWS::SNS::Subscription", "AWS::SNS::TopicPolicy", "AWS::SQS::QueuePolicy",
	// Frames tell of them: their routes are what makes subnets public, private or isolated.
	"AWS::EC2::EIP", "AWS::EC2::InternetGateway", "AWS::EC2::NatGateway", "AWS::EC2::Route", "AWS::EC2::RouteTable",
	"AWS::EC2::Subnet", "AWS::EC2::SubnetRouteTableAssociation", "AWS::EC2::VPC", "AWS::EC2::VPCGatewayAttachment",
	"AWS::RDS::DBSubnetGroup",
	// They are settings of something that has words.
	"AWS::ApplicationAutoScaling::ScalableTarget", "AWS::ApplicationAutoScaling::ScalingPolicy", "AWS::ECS::Cluster",
	"AWS::ECS::ClusterCapacityProviderAssociations", "AWS::ECS::TaskDefinition", "AWS::Lambda::EventInvokeConfig",
	"AWS::SecretsManager::SecretTargetAttachment",
	// Everything has logs, and nobody looks for them here.
	"AWS::EC2::FlowLog", "AWS::Logs::LogGroup",
}

// words are what boxes say, in this order: first what a part is there for.
var words = []struct {
	kind string
	noun string // where its number says the rest
	tell func(s stack, id string) string
}{
	{kind: "AWS::RDS::DBCluster", tell: stack.engine},
	{kind: "AWS::ECS::Service", tell: stack.tasks},
	{kind: "AWS::ECR::Repository", tell: func(s stack, id string) string { return "ECR: " + s.Resources[id].Text("RepositoryName") }},
	{kind: "AWS::Route53::RecordSet", tell: func(s stack, id string) string { return strings.TrimSuffix(s.Resources[id].Text("Name"), ".") }},
	{kind: "AWS::IAM::Role", tell: stack.federation},
	{kind: "AWS::ElasticLoadBalancingV2::LoadBalancer", noun: "load balancer"},
	{kind: "AWS::CertificateManager::Certificate", noun: "TLS certificate"},
	{kind: "AWS::Lambda::Function", noun: "function"},
	{kind: "AWS::CloudWatch::Alarm", noun: "alarm"},
	{kind: "AWS::CloudWatch::Dashboard", noun: "dashboard"},
	{kind: "AWS::SNS::Topic", noun: "topic"},
	{kind: "AWS::Events::Rule", tell: stack.schedule},
	{kind: "AWS::RDS::DBInstance", noun: "instance"},
	{kind: "AWS::SecretsManager::Secret", noun: "secret"},
	{kind: "AWS::SecretsManager::RotationSchedule", noun: "rotation schedule"},
	{kind: "AWS::WAFv2::WebACL", noun: "firewall"},
	{kind: "AWS::S3::Bucket", tell: func(s stack, id string) string { return s.role(id) + " in S3" }},
	{kind: "AWS::SQS::Queue", tell: func(s stack, id string) string { return s.role(id) + " in SQS" }},
	{kind: "AWS::EC2::VPCEndpoint", tell: func(s stack, id string) string { return s.role(id) + " endpoint" }},
}

// lines are what the box of a part says. A type without words is called by its
// name, so that a new one is never missing.
func (s stack) lines(part string) []string {
	kinds := map[string][]string{}
	for _, id := range s.in(part) {
		kind := s.Resources[id].Type
		kinds[kind] = append(kinds[kind], id)
	}
	var lines []string
	for _, w := range words {
		ids := kinds[w.kind]
		delete(kinds, w.kind)
		if len(ids) > 0 && w.noun != "" {
			lines = append(lines, counted(len(ids), w.noun))
			continue
		}
		for _, id := range ids {
			if told := w.tell(s, id); told != "" {
				lines = append(lines, strings.Split(told, "\n")...)
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		// A custom resource is how a function is called.
		if !slices.Contains(silent, kind) && !strings.HasPrefix(kind, "Custom::") {
			lines = append(lines, counted(len(kinds[kind]), strings.ReplaceAll(strings.TrimPrefix(kind, "AWS::"), "::", " ")))
		}
	}
	return lines
}

func counted(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// role is what the code calls a resource, in words: dead letters of DeadLetters.
func (s stack) role(id string) string {
	steps := strings.Split(s.Resources[id].Metadata.Path, "/")
	name := steps[len(steps)-2]
	if spaced := humps.ReplaceAllString(name, "$1 $2"); spaced != name {
		return strings.ToLower(spaced)
	}
	return name
}

var humps = regexp.MustCompile(`([a-z])([A-Z])`)

// tasks are how many the service runs, and on what.
func (s stack) tasks(id string) string {
	var providers []string
	for _, entry := range s.Resources[id].Blocks("CapacityProviderStrategy") {
		name := strings.ReplaceAll(entry.Text("CapacityProvider"), "FARGATE_SPOT", "Spot")
		providers = append(providers, strings.ReplaceAll(name, "FARGATE", "Fargate"))
	}
	where := strings.Join(providers, " and ")
	for _, target := range s.IDs("AWS::ApplicationAutoScaling::ScalableTarget") {
		if least, most := s.Resources[target].At("MinCapacity"), s.Resources[target].At("MaxCapacity"); s.part(target) == s.part(id) {
			return fmt.Sprintf("%v to %v tasks\non %s", least, most, where)
		}
	}
	return "tasks on " + where
}

// schedule is when a rule acts by itself. What other rules do is an arrow.
func (s stack) schedule(id string) string {
	expression := s.Resources[id].Text("ScheduleExpression")
	if every, isRate := strings.CutPrefix(expression, "rate("); isRate {
		return "every " + strings.TrimSuffix(every, ")")
	}
	return expression
}

// federation is who from elsewhere may take a role on. All other roles are a
// part's own: what they may do is an arrow.
func (s stack) federation(id string) string {
	for _, statement := range s.Resources[id].Blocks("AssumeRolePolicyDocument", "Statement") {
		equals, _ := statement.At("Condition", "StringEquals").(map[string]any)
		subject, _ := equals["token.actions.githubusercontent.com:sub"].(string)
		if repository := repositoryOf.FindStringSubmatch(subject); repository != nil {
			return "role for " + repository[1]
		}
	}
	return ""
}

var repositoryOf = regexp.MustCompile(`^repo:([^:]+):`)

// engine is the database's, with the version that a person knows it by.
func (s stack) engine(id string) string {
	cluster := s.Resources[id]
	name := strings.ReplaceAll(cluster.Text("Engine"), "aurora-mysql", "Aurora MySQL")
	if _, version, ok := strings.Cut(cluster.Text("EngineVersion"), "aurora."); ok {
		name += " " + version
	}
	if cluster.At("ServerlessV2ScalingConfiguration") != nil {
		name += "\nserverless"
	}
	return name
}
