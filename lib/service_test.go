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
	production(t).has("AWS::ECS::Service", object{"DeploymentConfiguration": object{
		"DeploymentCircuitBreaker": object{"Enable": true, "Rollback": true},
		"Alarms":                   object{"Enable": true, "Rollback": true},
		"MinimumHealthyPercent":    100, "MaximumPercent": 200,
	}, "HealthCheckGracePeriodSeconds": 60})
	production(t, func(c *config.Config) { c.Service.Health.Grace = 7 * time.Minute }).has("AWS::ECS::Service", object{"HealthCheckGracePeriodSeconds": 420})
}

// TestServiceStartsWhenItsTasksCan: a task that starts earlier fails, and counts for the
// circuit breaker of the first deployment, which has nothing to roll back to.
func TestServiceStartsWhenItsTasksCan(t *testing.T) {
	waits := text(t, production(t).only("AWS::ECS::Service", "Service").DependsOn)
	for _, id := range []string{"DatabaseClusterWriter", "DatabaseClusterReader1", "ServiceTaskExecutionRoleDefaultPolicy", "ImageSeed"} {
		if !contains(waits, id) {
			t.Errorf("the service does not wait for %s, only for %s", id, waits)
		}
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

// TestTargetGroupKeepsItsIdentity: with another group the listener would forward to one
// that has no task yet, which answers 503.
func TestTargetGroupKeepsItsIdentity(t *testing.T) {
	for name, change := range map[string]func(*config.Config){
		"nothing":     func(*config.Config) {},
		"port":        func(c *config.Config) { c.Service.Port = 8080 },
		"health path": func(c *config.Config) { c.Service.Health.Path = "/healthz" },
		"interval":    func(c *config.Config) { c.Service.Health.Interval = 30 * time.Second },
		"stickiness":  func(c *config.Config) { c.Service.Stickiness.Duration = 0 },
		"domain":      withDomain,
		"strategy":    rollout(config.BlueGreen),
	} {
		// These are create-only: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-targetgroup.html
		group, exists := production(t, change).resources("AWS::ElasticLoadBalancingV2::TargetGroup")["ServiceTargetGroup16598E8D"]
		if !exists || group.Properties["Port"] != 80.0 || group.Properties["Protocol"] != "HTTP" || group.Properties["TargetType"] != "ip" || group.Properties["Name"] != nil {
			t.Errorf("with another %s the target group is replaced: %s", name, text(t, group.Properties))
		}
	}
}

// TestHealthPathIsProvedByADeployment: a target group's health check changes in place, and
// only a deployment can fail on it.
func TestHealthPathIsProvedByADeployment(t *testing.T) {
	production(t, func(c *config.Config) { c.Service.Health.Path = "/healthz" }).has("AWS::ECS::TaskDefinition", object{
		"ContainerDefinitions": list(object{"DockerLabels": object{"cloudstruct.health-path": "/healthz"}}),
	})
}

func TestContainerRunsAsConfigured(t *testing.T) {
	production(t).has("AWS::ECS::TaskDefinition", object{"ContainerDefinitions": list(object{
		"Command": absent(), "StopTimeout": 30, "RestartPolicy": object{"Enabled": false},
	})})
	production(t, func(c *config.Config) {
		c.Service.Command, c.Service.StopTimeout, c.Service.Restart = []string{"/api", "serve"}, 2*time.Minute, true
	}).has("AWS::ECS::TaskDefinition", object{"ContainerDefinitions": list(object{
		"Command": list("/api", "serve"), "StopTimeout": 120, "RestartPolicy": object{"Enabled": true},
	})})
}

func TestApplicationMayDoWhatIsConfigured(t *testing.T) {
	if role := production(t).only("AWS::IAM::Role", "ServiceTaskTaskRole"); role.Properties["ManagedPolicyArns"] != nil {
		t.Errorf("the application may do %s", text(t, role.Properties))
	}
	s := production(t, func(c *config.Config) {
		c.Service.Permissions = []config.Permission{
			{Actions: []string{"s3:GetObject", "s3:PutObject"}, Resources: []string{"arn:aws:s3:::uploads/*"}},
			{Actions: []string{"sqs:SendMessage"}, Resources: []string{"arn:aws:sqs:eu-west-1:123456789012:mail"}},
		}
		c.Service.Policies = []string{"arn:aws:iam::123456789012:policy/api"}
	})
	s.has("AWS::IAM::Policy", object{
		"Roles": list(object{"Ref": "ServiceTaskTaskRoleCA2F2E81"}),
		"PolicyDocument": object{"Statement": list(
			object{"Effect": "Allow", "Action": list("s3:GetObject", "s3:PutObject"), "Resource": "arn:aws:s3:::uploads/*"},
			object{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:eu-west-1:123456789012:mail"},
		)},
	})
	s.has("AWS::IAM::Role", object{"ManagedPolicyArns": list("arn:aws:iam::123456789012:policy/api")})
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
