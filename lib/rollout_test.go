package lib

import (
	"testing"

	"cloudstruct/config"
)

func rollout(strategy config.Strategy) func(*config.Config) {
	return func(c *config.Config) {
		withDomain(c)
		c.Service.Deployment.Strategy = strategy
		c.Service.Stickiness.Duration = 0
	}
}

func TestRollingNeedsNoSecondTargetGroup(t *testing.T) {
	s := production(t, rollout(config.Rolling))
	s.count("AWS::ElasticLoadBalancingV2::TargetGroup", 1)
	s.count("AWS::ElasticLoadBalancingV2::ListenerRule", 0)
	s.has("AWS::ECS::Service", object{
		"DeploymentConfiguration": object{"Strategy": absent(), "BakeTimeInMinutes": absent()},
		"LoadBalancers":           list(object{"AdvancedConfiguration": absent(), "ContainerName": "api", "ContainerPort": 80, "TargetGroupArn": object{"Ref": "ServiceTargetGroup16598E8D"}}),
	})
	if got := loopVariable(t, s, "DEPLOYMENT_LIMIT"); got != "0s" {
		t.Errorf("the limit is %s, want none: there is a circuit breaker", got)
	}
}

func TestRequestsAreShiftedAsTheStrategySays(t *testing.T) {
	for strategy, want := range map[config.Strategy]struct {
		configuration object
		limit         string // deadline, shift and bake
	}{
		config.BlueGreen: {object{"Strategy": "BLUE_GREEN", "BakeTimeInMinutes": 5}, "25m0s"},
		config.Canary:    {object{"Strategy": "CANARY", "BakeTimeInMinutes": 5, "CanaryConfiguration": object{"CanaryPercent": 5, "CanaryBakeTimeInMinutes": 10}}, "35m0s"},
		config.Linear:    {object{"Strategy": "LINEAR", "BakeTimeInMinutes": 5, "LinearConfiguration": object{"StepPercent": 10, "StepBakeTimeInMinutes": 6}}, "1h19m0s"},
	} {
		t.Run(string(strategy), func(t *testing.T) {
			s := production(t, rollout(strategy))
			want.configuration["Alarms"] = object{"AlarmNames": list(object{"Ref": "MonitoringServerErrors7F78D318"}), "Enable": true, "Rollback": true}
			s.has("AWS::ECS::Service", object{"DeploymentConfiguration": want.configuration})
			if got := loopVariable(t, s, "DEPLOYMENT_LIMIT"); got != want.limit {
				t.Errorf("the limit is %s, want %s", got, want.limit)
			}
		})
	}
}

// loopVariable is what the function of the release loop is told.
func loopVariable(t *testing.T, s stack, name string) any {
	t.Helper()
	return s.only("AWS::Lambda::Function", "Release").Properties["Environment"].(object)["Variables"].(object)[name]
}

func TestBothTargetGroupsAreInBothRules(t *testing.T) {
	s := production(t, rollout(config.Canary))
	first, second := object{"Ref": "ServiceTargetGroup16598E8D"}, object{"Ref": "ServiceAlternateTargetGroup16598E8D"}
	rule := func(prefix string, target, other object) {
		t.Helper()
		s.has("AWS::ElasticLoadBalancingV2::ListenerRule", object{
			"ListenerArn": object{"Ref": prefix}, "Priority": 1,
			"Actions": list(object{"Type": "forward", "ForwardConfig": object{"TargetGroups": list(
				object{"TargetGroupArn": target, "Weight": 100}, object{"TargetGroupArn": other, "Weight": 0},
			)}}),
		})
	}
	rule("BalancerAlbPublicListenerBF92C87D", first, second)
	rule("BalancerAlbTest60118DA2", second, first)
	s.has("AWS::ECS::Service", object{"LoadBalancers": list(object{
		"ContainerName": "api", "ContainerPort": 80, "TargetGroupArn": first,
		"AdvancedConfiguration": object{
			"AlternateTargetGroupArn": second,
			"ProductionListenerRule":  object{"Ref": "ServiceProductionRule8EBE4446"},
			"TestListenerRule":        object{"Ref": "ServiceTestRuleA4838DA2"},
			"RoleArn":                 object{"Fn::GetAtt": list("ServiceWebServiceAlternateTargetRoleEEEA5A0E", "Arn")},
		},
	})})
	checked := map[string]string{}
	for id, group := range s.resources("AWS::ElasticLoadBalancingV2::TargetGroup") {
		delete(group.Properties, "Targets")
		checked[id] = text(t, group.Properties)
	}
	if checked["ServiceTargetGroup16598E8D"] != checked["ServiceAlternateTargetGroup16598E8D"] {
		t.Errorf("the groups differ: %v", checked)
	}
}

func TestTestListenerIsOpenToNobody(t *testing.T) {
	s := production(t, rollout(config.BlueGreen))
	s.has("AWS::ElasticLoadBalancingV2::Listener", object{"Port": testPort, "Protocol": "HTTPS"})
	production(t, rollout(config.BlueGreen), func(c *config.Config) { c.Domain = nil }).has("AWS::ElasticLoadBalancingV2::Listener", object{"Port": testPort, "Protocol": "HTTP"})
	for id, group := range s.resources("AWS::EC2::SecurityGroup") {
		if contains(text(t, group.Properties["SecurityGroupIngress"]), "8443") {
			t.Errorf("%s lets somebody in", id)
		}
	}
}

// TestAnEmptyTargetGroupDoesNotKeepTasks: a policy whose metric has no data agrees
// to no fewer tasks.
func TestAnEmptyTargetGroupDoesNotKeepTasks(t *testing.T) {
	policies := func(strategy config.Strategy) (in, out int) {
		for _, policy := range production(t, rollout(strategy)).resources("AWS::ApplicationAutoScaling::ScalingPolicy") {
			tracking := policy.Properties["TargetTrackingScalingPolicyConfiguration"].(object)
			if !contains(text(t, tracking), "ALBRequestCountPerTarget") {
				continue
			}
			out++
			if tracking["DisableScaleIn"] != true {
				in++
			}
		}
		return in, out
	}
	if in, out := policies(config.Rolling); in != 1 || out != 1 {
		t.Errorf("rolling: %d policies on requests add tasks, %d remove some", out, in)
	}
	if in, out := policies(config.Linear); in != 0 || out != 2 {
		t.Errorf("linear: %d policies on requests add tasks, %d remove some", out, in)
	}
}

func TestBothTargetGroupsAreWatched(t *testing.T) {
	alarms := text(t, production(t, rollout(config.Canary)).resources("AWS::CloudWatch::Alarm"))
	for _, id := range []string{"ServiceTargetGroup16598E8D", "ServiceAlternateTargetGroup16598E8D"} {
		if !contains(alarms, id) {
			t.Errorf("no alarm looks at %s", id)
		}
	}
}
