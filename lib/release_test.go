package lib

import (
	"slices"
	"strings"
	"testing"

	"cloudstruct/config"
)

func TestPushOfTheDeployTagWakesTheLoop(t *testing.T) {
	production(t).has("AWS::Events::Rule", object{"State": "ENABLED", "EventPattern": object{
		"source": list("aws.ecr"), "detail-type": list("ECR Image Action"),
		"detail": object{"action-type": list("PUSH"), "result": list("SUCCESS"), "image-tag": list("jellybean"), "repository-name": list(object{"Ref": "RegistryRepositoryC6C96DCD"})},
	}})
}

func TestDeploymentsOfThisServiceWakeTheLoop(t *testing.T) {
	production(t).has("AWS::Events::Rule", object{"State": "ENABLED", "EventPattern": object{
		"source": list("aws.ecs"), "detail-type": list("ECS Deployment State Change"), "resources": list(object{"Ref": "ServiceWebServiceF1201A1A"}),
	}})
}

func TestScheduleWakesTheLoop(t *testing.T) {
	production(t).has("AWS::Events::Rule", object{"State": "ENABLED", "ScheduleExpression": "rate(5 minutes)"})
}

func TestAutoDeployOffPutsTheLoopToSleep(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Image.AutoDeploy = false })
	for id, rule := range s.resources("AWS::Events::Rule") {
		if toFunction := contains(text(t, rule.Properties["Targets"]), "ReleaseFunction"); toFunction && rule.Properties["State"] != "DISABLED" {
			t.Errorf("rule %s still wakes the function", id)
		}
	}
}

func TestSleepingLoopReportsPushes(t *testing.T) {
	reports := object{"EventPattern": object{"source": list("aws.ecr")}, "Targets": list(object{
		"Arn":              object{"Ref": "MonitoringTopic2EDA8B02"},
		"InputTransformer": object{"InputPathsMap": object{"detail-image-digest": "$.detail.image-digest"}},
	})}
	production(t, func(c *config.Config) { c.Image.AutoDeploy = false }).has("AWS::Events::Rule", reports)
	for id := range production(t).resources("AWS::Events::Rule") {
		if strings.HasPrefix(id, "ReleaseReport") {
			t.Errorf("rule %s reports while the loop is awake", id)
		}
	}
}

func TestNoEventIsLost(t *testing.T) {
	s := production(t)
	for id, rule := range s.resources("AWS::Events::Rule") {
		for _, target := range rule.Properties["Targets"].([]any) {
			if target.(object)["DeadLetterConfig"] == nil {
				t.Errorf("rule %s has no dead-letter queue", id)
			}
			if retry := text(t, target.(object)["RetryPolicy"]); !contains(retry, `"MaximumRetryAttempts":10`) || !contains(retry, `"MaximumEventAgeInSeconds":3600`) {
				t.Errorf("rule %s has retry policy %s", id, retry)
			}
		}
	}
	s.has("AWS::Lambda::EventInvokeConfig", object{
		"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 3600,
		"DestinationConfig": object{"OnFailure": object{"Destination": object{"Fn::GetAtt": list("ReleaseDeadLetters31ACEB35", "Arn")}}},
	})
}

func TestFunctionsAreGoOnAmazonLinux(t *testing.T) {
	s := production(t)
	for _, prefix := range []string{"ReleaseFunction", "ImageSeedFunction", "SafeguardsFunction"} {
		function := s.only("AWS::Lambda::Function", prefix).Properties
		if function["Runtime"] != "provided.al2023" || function["Handler"] != "bootstrap" {
			t.Errorf("%s: runtime %v, handler %v", prefix, function["Runtime"], function["Handler"])
		}
	}
}

// TestFunctionsHaveRoomForTheirWork: a function that is stopped says nothing, and
// CloudFormation or EventBridge wait in vain.
func TestFunctionsHaveRoomForTheirWork(t *testing.T) {
	s := production(t)
	for prefix, want := range map[string]struct{ seconds, memory float64 }{
		"ReleaseFunction": {30, 128}, "ImageSeedFunction": {120, 512}, "SafeguardsFunction": {120, 128},
	} {
		function := s.only("AWS::Lambda::Function", prefix).Properties
		if function["Timeout"] != want.seconds || function["MemorySize"] != want.memory {
			t.Errorf("%s has %v s and %v MiB, want %v", prefix, function["Timeout"], function["MemorySize"], want)
		}
		// The dashboard and the runbook query the log's fields.
		if logging := text(t, function["LoggingConfig"]); !contains(logging, `"LogFormat":"JSON"`) {
			t.Errorf("%s logs as %s", prefix, logging)
		}
	}
}

func TestFunctionIsToldWhatItReconciles(t *testing.T) {
	variables := production(t).only("AWS::Lambda::Function", "ReleaseFunction").Properties["Environment"].(object)["Variables"].(object)
	for name, want := range map[string]string{
		"ECS_CLUSTER":         `{"Ref":"ServiceCluster572F72F1"}`,
		"ECS_SERVICE":         `{"Fn::GetAtt":["ServiceWebServiceF1201A1A","Name"]}`,
		"ECR_REPOSITORY":      `{"Ref":"RegistryRepositoryC6C96DCD"}`,
		"DEPLOY_TAG":          `"jellybean"`,
		"DEPLOYMENT_DEADLINE": `"20m0s"`,
	} {
		if got := text(t, variables[name]); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

type statement struct {
	policy    string
	actions   []string
	resources []any
	condition bool
}

// statements are those of every policy of a role, inside it and next to it.
func (s stack) statements() []statement {
	s.t.Helper()
	documents := map[string][]any{}
	for id, policy := range s.resources("AWS::IAM::Policy") {
		documents[id] = []any{policy.Properties["PolicyDocument"]}
	}
	for id, role := range s.resources("AWS::IAM::Role") {
		if role.Properties["Policies"] == nil {
			continue
		}
		for _, inline := range asList(role.Properties["Policies"]) {
			documents[id] = append(documents[id], inline.(object)["PolicyDocument"])
		}
	}
	var all []statement
	for id, ofOne := range documents {
		for _, item := range statementsOf(ofOne) {
			one := statement{policy: id, condition: item.(object)["Condition"] != nil}
			for _, action := range asList(item.(object)["Action"]) {
				one.actions = append(one.actions, action.(string))
			}
			one.resources = asList(item.(object)["Resource"])
			all = append(all, one)
		}
	}
	return all
}

func statementsOf(documents []any) []any {
	var all []any
	for _, document := range documents {
		all = append(all, asList(document.(object)["Statement"])...)
	}
	return all
}

func asList(value any) []any {
	if items, ok := value.([]any); ok {
		return items
	}
	return []any{value}
}

func TestNoPolicyAllowsMoreThanItNames(t *testing.T) {
	// AWS has no finer resource for these.
	everywhere := map[string]bool{
		"ecr:GetAuthorizationToken": true, // it is the registry's, not a repository's
		"ecs:ListTasks":             true, // narrowed by a condition on the cluster
		// ECS Exec opens channels that have no ARN.
		"ssmmessages:CreateControlChannel": true, "ssmmessages:CreateDataChannel": true,
		"ssmmessages:OpenControlChannel": true, "ssmmessages:OpenDataChannel": true,
		"logs:DescribeLogGroups": true,
	}
	for name, s := range map[string]stack{
		"production":   production(t, withDomain, withConnectionString),
		"rotation":     production(t, withRotation),
		"github":       production(t, withGitHub),
		"exec":         production(t, func(c *config.Config) { c.Service.Exec = true }),
		"development":  development(t),
		"nothing kept": production(t, func(c *config.Config) { c.Retain = false }),
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			for _, st := range s.statements() {
				for _, action := range st.actions {
					if contains(action, "*") {
						t.Errorf("%s allows %s", st.policy, action)
					}
					if slices.Contains(st.resources, any("*")) && !everywhere[action] {
						t.Errorf("%s allows %s on everything", st.policy, action)
					}
					if action == "ecs:ListTasks" && !st.condition {
						t.Errorf("%s allows ecs:ListTasks in any cluster", st.policy)
					}
				}
			}
		})
	}
}

func TestRolesOfTheStackHaveNoManagedPolicies(t *testing.T) {
	deleting := production(t, func(c *config.Config) { c.Retain = false })
	for _, s := range []stack{production(t, withDomain), deleting, development(t)} {
		for id, role := range s.resources("AWS::IAM::Role") {
			if role.Properties["ManagedPolicyArns"] != nil {
				t.Errorf("%s has %s", id, text(t, role.Properties["ManagedPolicyArns"]))
			}
		}
	}
}

func TestLoopDeploysThisServiceOnly(t *testing.T) {
	for _, st := range production(t).statements() {
		if slices.Contains(st.actions, "ecs:UpdateService") && text(t, st.resources) != `[{"Ref":"ServiceWebServiceF1201A1A"}]` {
			t.Errorf("%s may update %s", st.policy, text(t, st.resources))
		}
	}
}
