package lib

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudstruct/config"
)

func TestServiceRollsABadDeploymentBack(t *testing.T) {
	s := production(t)
	s.has("AWS::ECS::Service", object{"DeploymentConfiguration": object{
		"DeploymentCircuitBreaker": object{"Enable": true, "Rollback": true},
		"Alarms":                   object{"Enable": true, "Rollback": true},
		"MinimumHealthyPercent":    100, "MaximumPercent": 200,
	}})
	// The alarm must not wait for the service that waits for it.
	if alarm := s.only("AWS::CloudWatch::Alarm", "MonitoringServerErrors"); contains(text(t, alarm.Properties), "ServiceWebService") {
		t.Errorf("the deployment alarm depends on the service: %s", text(t, alarm.Properties))
	}
}

func TestServiceHasNoDesiredCount(t *testing.T) {
	production(t).has("AWS::ECS::Service", object{"DesiredCount": absent()})
	development(t).has("AWS::ECS::Service", object{"DesiredCount": absent()})
}

func TestServiceSaysWhatWouldKeepAnOldValue(t *testing.T) {
	production(t).has("AWS::ECS::Service", object{"AvailabilityZoneRebalancing": "ENABLED"})
}

func TestTasksOfADeploymentRunOneImage(t *testing.T) {
	production(t).has("AWS::ECS::TaskDefinition", object{"ContainerDefinitions": list(object{"VersionConsistency": "enabled"})})
}

func TestTaskHasTheConfiguredSize(t *testing.T) {
	s := production(t)
	s.has("AWS::ECS::TaskDefinition", object{
		"Cpu": "256", "Memory": "512", "NetworkMode": "awsvpc", "RequiresCompatibilities": list("FARGATE"),
		"RuntimePlatform": object{"CpuArchitecture": "X86_64", "OperatingSystemFamily": "LINUX"},
	})
	arm := production(t, func(c *config.Config) { c.Service.Architecture = config.ARM })
	arm.has("AWS::ECS::TaskDefinition", object{"RuntimePlatform": object{"CpuArchitecture": "ARM64"}})
	// The placeholder is the function's own binary.
	for id, function := range arm.resources("AWS::Lambda::Function") {
		if contains(id, "ImageSeed") && text(t, function.Properties["Architectures"]) != `["arm64"]` {
			t.Errorf("%s is built for %s", id, text(t, function.Properties["Architectures"]))
		}
	}
}

func TestCapacityLeavesOutWhatGetsNoTask(t *testing.T) {
	production(t).has("AWS::ECS::Service", object{"CapacityProviderStrategy": list(
		object{"CapacityProvider": "FARGATE", "Base": 2, "Weight": 1},
		object{"CapacityProvider": "FARGATE_SPOT", "Weight": 3, "Base": absent()},
	), "LaunchType": absent()})
	development(t).has("AWS::ECS::Service", object{"CapacityProviderStrategy": list(
		object{"CapacityProvider": "FARGATE_SPOT", "Weight": 1},
	)})
}

func TestServiceLeavesTheClusterBeforeItsCapacityProviders(t *testing.T) {
	s := production(t)
	for id := range s.resources("AWS::ECS::ClusterCapacityProviderAssociations") {
		if service := s.only("AWS::ECS::Service", "Service"); !contains(text(t, service.DependsOn), id) {
			t.Errorf("service does not depend on %s", id)
		}
	}
}

func TestTargetGroupChecksHealthAsConfigured(t *testing.T) {
	production(t).has("AWS::ElasticLoadBalancingV2::TargetGroup", object{
		"Port": 80, "Protocol": "HTTP", "TargetType": "ip",
		"HealthCheckPath": "/api/health", "Matcher": object{"HttpCode": "200"},
		"HealthCheckIntervalSeconds": 15, "HealthCheckTimeoutSeconds": 5,
		"HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2,
		"TargetGroupAttributes": including(
			object{"Key": "deregistration_delay.timeout_seconds", "Value": "30"},
			object{"Key": "slow_start.duration_seconds", "Value": "60"},
			object{"Key": "stickiness.type", "Value": "app_cookie"},
			object{"Key": "stickiness.app_cookie.cookie_name", "Value": "CloudStruct_session"},
			object{"Key": "stickiness.app_cookie.duration_seconds", "Value": "86400"},
		),
	})
	production(t, func(c *config.Config) { c.Service.Stickiness.Duration = 0 }).has("AWS::ElasticLoadBalancingV2::TargetGroup", object{
		"TargetGroupAttributes": including(object{"Key": "stickiness.enabled", "Value": "false"}),
	})
}

// TestPortAndHealthPathMakeAnotherTargetGroup wants a roll-back to find the old
// group as it was.
func TestPortAndHealthPathMakeAnotherTargetGroup(t *testing.T) {
	id := func(change func(*config.Config)) string {
		for id := range production(t, change).resources("AWS::ElasticLoadBalancingV2::TargetGroup") {
			return id
		}
		return ""
	}
	before := id(func(*config.Config) {})
	if id(func(c *config.Config) { c.Service.Port = 8080 }) == before {
		t.Error("another port keeps the target group")
	}
	if id(func(c *config.Config) { c.Service.Health.Path = "/healthz" }) == before {
		t.Error("another health path keeps the target group")
	}
	if id(func(c *config.Config) { c.Service.Health.Interval = 30 * time.Second }) != before {
		t.Error("another interval makes a new target group")
	}
}

func TestTasksScaleBetweenTheBounds(t *testing.T) {
	s := production(t)
	s.has("AWS::ApplicationAutoScaling::ScalableTarget", object{
		"MinCapacity": 2, "MaxCapacity": 20, "ScalableDimension": "ecs:service:DesiredCount", "ScheduledActions": absent(),
	})
	for metric, target := range map[string]float64{
		"ECSServiceAverageCPUUtilization": 70, "ECSServiceAverageMemoryUtilization": 80, "ALBRequestCountPerTarget": 1000,
	} {
		s.has("AWS::ApplicationAutoScaling::ScalingPolicy", object{"TargetTrackingScalingPolicyConfiguration": object{
			"PredefinedMetricSpecification": object{"PredefinedMetricType": metric},
			"TargetValue":                   target, "ScaleInCooldown": 300, "ScaleOutCooldown": 60,
		}})
	}
}

func TestScheduleIsASwitch(t *testing.T) {
	low, high := 4, 20
	s := production(t, func(c *config.Config) {
		c.Scaling.Schedule = []config.Schedule{{Cron: "0 7 ? * MON-FRI *", TimeZone: "Pacific/Auckland", Min: &low, Max: &high}}
	})
	s.has("AWS::ApplicationAutoScaling::ScalableTarget", object{"ScheduledActions": list(object{
		"Schedule": "cron(0 7 ? * MON-FRI *)", "Timezone": "Pacific/Auckland",
		"ScalableTargetAction": object{"MinCapacity": 4, "MaxCapacity": 20},
	})})
}

func TestContainerGetsConfiguredEnvironmentAndSecrets(t *testing.T) {
	arn := "arn:aws:secretsmanager:eu-west-1:123456789012:secret:mail-AbCdEf"
	s := production(t, func(c *config.Config) {
		c.Service.Environment = map[string]string{"LOG_LEVEL": "info"}
		c.Service.Secrets = map[string]string{"MAIL": arn, "MAIL_KEY": arn + ":key"}
		c.Service.ReadOnly = true
	})
	s.has("AWS::ECS::TaskDefinition", object{"ContainerDefinitions": list(object{
		"Environment":            including(object{"Name": "LOG_LEVEL", "Value": "info"}),
		"Secrets":                including(object{"Name": "MAIL", "ValueFrom": arn}, object{"Name": "MAIL_KEY", "ValueFrom": arn + ":key::"}),
		"ReadonlyRootFilesystem": true,
	})})
	s.has("AWS::IAM::Policy", object{"PolicyDocument": object{"Statement": including(object{
		"Action": list("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"), "Resource": including(arn),
	})}})
}

func TestExecIsASwitch(t *testing.T) {
	production(t).has("AWS::ECS::Service", object{"EnableExecuteCommand": false})
	production(t, func(c *config.Config) { c.Service.Exec = true }).has("AWS::ECS::Service", object{"EnableExecuteCommand": true})
}

func TestImageWithoutRootListensOnALowPort(t *testing.T) {
	controls := func(s stack) any {
		return s.only("AWS::ECS::TaskDefinition", "Service").Properties["ContainerDefinitions"].([]any)[0].(object)["SystemControls"]
	}
	if got := text(t, controls(production(t))); got != `[{"Namespace":"net.ipv4.ip_unprivileged_port_start","Value":"0"}]` {
		t.Errorf("port 80 is given %s", got)
	}
	if got := controls(production(t, func(c *config.Config) { c.Service.Port = 8080 })); got != nil {
		t.Errorf("port 8080 is given %s", text(t, got))
	}
}

func TestReadOnlyTaskKeepsItsTmp(t *testing.T) {
	production(t, func(c *config.Config) { c.Service.ReadOnly = true }).has("AWS::ECS::TaskDefinition", object{
		"ContainerDefinitions": list(object{
			"ReadonlyRootFilesystem": true,
			"MountPoints":            list(object{"SourceVolume": "tmp", "ContainerPath": "/tmp", "ReadOnly": false}),
		}),
		"Volumes": list(object{"Name": "tmp"}),
	})
	production(t).has("AWS::ECS::TaskDefinition", object{"Volumes": absent(), "ContainerDefinitions": list(object{"MountPoints": absent()})})
}

// TestExecutionRoleReadsItsOwnSecretsAndImages wants whatever starts a task to
// reach nothing of another stack.
func TestExecutionRoleReadsItsOwnSecretsAndImages(t *testing.T) {
	own := regexp.MustCompile(`RegistryRepository|ServiceLogs|DatabaseCredentials|DatabaseConnectionString`)
	for _, st := range production(t, withConnectionString).statements() {
		if !strings.HasPrefix(st.policy, "ServiceTaskExecutionRole") || slices.Equal(st.actions, []string{"ecr:GetAuthorizationToken"}) {
			continue
		}
		for _, resource := range st.resources {
			if name := text(t, resource); !own.MatchString(name) || contains(name, "*") {
				t.Errorf("%v is allowed on %s", st.actions, name)
			}
		}
	}
}
