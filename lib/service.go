package lib

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsapplicationautoscaling"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// logStreamPrefix starts the name of each task's log stream.
const logStreamPrefix = "ecs"

// ServiceProps is what a service is made from.
type ServiceProps struct {
	config.Service
	Scaling  config.Scaling
	Network  Network
	Registry Registry
	Database Database
	Balancer Balancer
	// Domain is nil without TLS.
	Domain            *Domain
	LogRetentionDays  int
	ContainerInsights bool
}

// Service is the container behind the load balancer, on Fargate.
type Service struct {
	props          ServiceProps
	Cluster        awsecs.Cluster
	TaskDefinition awsecs.FargateTaskDefinition
	Fargate        awsecs.FargateService
	// TargetGroups has a second one where requests are shifted between two.
	TargetGroups []elbv2.ApplicationTargetGroup
	// Logs is what the container writes.
	Logs awslogs.LogGroup
}

// NewService makes the cluster, the task, and the service behind the balancer,
// that scales with its load and rolls a bad deployment back.
func NewService(scope constructs.Construct, id string, props ServiceProps) Service {
	c := constructs.NewConstruct(scope, &id)
	cluster := newServiceCluster(c, props)
	logs := newLogGroup(c, "Logs", props.LogRetentionDays)
	task := newTask(c, props, logs)
	web := newWebService(c, cluster, task, props)
	if props.Exec {
		excuseWildcards(task.TaskRole(), "The channels of a session in a task have no finer resource; the CDK lets the task list log groups as well.", "\\*")
	}
	configureTargets(web.TargetGroup(), "ServiceTargetGroup", props)
	groups := []elbv2.ApplicationTargetGroup{web.TargetGroup()}
	if shifts(props.Deployment) {
		groups = append(groups, shiftRequests(c, web, props))
	}
	scaleTasks(web.Service(), groups, props.Scaling)
	props.Database.AllowFrom(web.Service())
	return Service{
		props:          props,
		Cluster:        cluster,
		TaskDefinition: task,
		Fargate:        web.Service(),
		TargetGroups:   groups,
		Logs:           logs,
	}
}

func newServiceCluster(scope constructs.Construct, props ServiceProps) awsecs.Cluster {
	cluster := awsecs.NewCluster(scope, jsii.String("Cluster"), &awsecs.ClusterProps{
		Vpc:                            props.Network.VPC,
		EnableFargateCapacityProviders: jsii.Bool(true),
		ContainerInsightsV2:            containerInsights(props.ContainerInsights),
	})
	if !props.ContainerInsights {
		excuse(cluster, "AwsSolutions-ECS4", "monitoring.containerInsights is false in the configuration.")
	}
	// For tasks that are run by hand; the service brings its own strategy.
	cluster.AddDefaultCapacityProviderStrategy(&[]*awsecs.CapacityProviderStrategy{
		{CapacityProvider: jsii.String("FARGATE"), Base: jsii.Number(1), Weight: jsii.Number(1)},
	})
	return cluster
}

// containerInsights alone counts desired, running and pending tasks. Its 25 metrics
// of a cluster with one service cost 0.30 USD a month each.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
func containerInsights(on bool) awsecs.ContainerInsights {
	if on {
		return awsecs.ContainerInsights_ENABLED
	}
	return awsecs.ContainerInsights_DISABLED
}

func newTask(scope constructs.Construct, props ServiceProps, logs awslogs.LogGroup) awsecs.FargateTaskDefinition {
	task := awsecs.NewFargateTaskDefinition(scope, jsii.String("Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu:            jsii.Number(props.CPU),
		MemoryLimitMiB: jsii.Number(props.MemoryMiB),
		RuntimePlatform: &awsecs.RuntimePlatform{
			CpuArchitecture:       cpuArchitecture(props.Architecture),
			OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX(),
		},
	})
	environment := props.Database.Environment()
	// The placeholder listens there, and whatever else keeps to the custom.
	environment["PORT"] = jsii.String(strconv.Itoa(props.Port))
	for name, value := range props.Environment {
		environment[name] = &value
	}
	secrets := props.Database.Secrets()
	maps.Copy(secrets, configuredSecrets(scope, props.Secrets))
	container := task.AddContainer(jsii.String("api"), &awsecs.ContainerDefinitionOptions{
		Image:        props.Registry.DeployImage(),
		PortMappings: &[]*awsecs.PortMapping{{ContainerPort: jsii.Number(props.Port)}},
		Environment:  &environment,
		Secrets:      &secrets,
		Logging: awsecs.LogDriver_AwsLogs(&awsecs.AwsLogDriverProps{
			LogGroup:     logs,
			StreamPrefix: jsii.String(logStreamPrefix),
		}),
		ReadonlyRootFilesystem: &props.ReadOnly,
		SystemControls:         unprivilegedPorts(props.Port),
		// Every task of a deployment runs the image that its first task ran, also
		// when the deploy tag has moved on since.
		VersionConsistency: awsecs.VersionConsistency_ENABLED,
	})
	if props.ReadOnly {
		leaveTmpWritable(task, container)
	}
	excuse(task, "AwsSolutions-ECS2", "The variables say where things are. What is secret comes from Secrets Manager.")
	excuseWildcards(task.ExecutionRole(), "ecr:GetAuthorizationToken has no finer resource.", "\\*")
	return task
}

func configuredSecrets(scope constructs.Construct, references map[string]string) map[string]awsecs.Secret {
	secrets := map[string]awsecs.Secret{}
	for name, reference := range references {
		// The ARN itself has six colons; a seventh starts the key.
		parts := strings.SplitN(reference, ":", 8)
		secret := awssecretsmanager.Secret_FromSecretCompleteArn(scope, jsii.String("Secret"+name), jsii.String(strings.Join(parts[:7], ":")))
		var key *string
		if len(parts) == 8 {
			key = &parts[7]
		}
		secrets[name] = awsecs.Secret_FromSecretsManager(secret, key)
	}
	return secrets
}

func cpuArchitecture(a config.Architecture) awsecs.CpuArchitecture {
	if a == config.ARM {
		return awsecs.CpuArchitecture_ARM64()
	}
	return awsecs.CpuArchitecture_X86_64()
}

func newWebService(scope constructs.Construct, cluster awsecs.Cluster, task awsecs.FargateTaskDefinition, props ServiceProps) awsecspatterns.ApplicationLoadBalancedFargateService {
	settings := &awsecspatterns.ApplicationLoadBalancedFargateServiceProps{
		Cluster:                    cluster,
		TaskDefinition:             task,
		LoadBalancer:               props.Balancer.ALB,
		OpenListener:               jsii.Bool(false), // the balancer's group is open already, and says why
		TaskSubnets:                props.Network.TaskSubnets,
		AssignPublicIp:             &props.Network.TasksArePublic,
		SecurityGroups:             &[]awsec2.ISecurityGroup{newTaskGroup(scope, props)},
		CapacityProviderStrategies: capacity(props),
		CircuitBreaker:             &awsecs.DeploymentCircuitBreaker{Rollback: jsii.Bool(true)},
		MinHealthyPercent:          jsii.Number(100),
		MaxHealthyPercent:          jsii.Number(200),
		HealthCheckGracePeriod:     seconds(props.Health.Grace),
		EnableExecuteCommand:       &props.Exec,
		EnableECSManagedTags:       jsii.Bool(true),
		PropagateTags:              awsecs.PropagatedTagSource_SERVICE,
		Protocol:                   elbv2.ApplicationProtocol_HTTP,
	}
	if props.Domain != nil {
		settings.Protocol = elbv2.ApplicationProtocol_HTTPS
		settings.Certificate = props.Domain.Certificate
		settings.SslPolicy = tlsPolicy
		settings.RedirectHTTP = jsii.Bool(true)
	}
	web := awsecspatterns.NewApplicationLoadBalancedFargateService(scope, jsii.String("Web"), settings)
	// The stack has outputs of its own.
	web.Node().TryRemoveChild(jsii.String("LoadBalancerDNS"))
	web.Node().TryRemoveChild(jsii.String("ServiceURL"))
	// The capacity providers leave the cluster after the service, or not at all.
	web.Service().Node().AddDependency(cluster)
	// L1, since the pattern does not pass this property on: the service keeps an
	// old value on update when it is left out.
	web.Service().Node().DefaultChild().(awsecs.CfnService).SetAvailabilityZoneRebalancing(jsii.String("ENABLED"))
	return web
}

func newTaskGroup(scope constructs.Construct, props ServiceProps) awsec2.SecurityGroup {
	return awsec2.NewSecurityGroup(scope, jsii.String("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:         props.Network.VPC,
		Description: jsii.String("Security group for Fargate services"),
		// An API calls others, and tasks pull their image.
		AllowAllOutbound: jsii.Bool(true),
	})
}

// capacity leaves out a provider that would never be given a task.
func capacity(props ServiceProps) *[]*awsecs.CapacityProviderStrategy {
	var strategy []*awsecs.CapacityProviderStrategy
	if props.OnDemandBase > 0 || props.OnDemandWeight > 0 {
		strategy = append(strategy, &awsecs.CapacityProviderStrategy{
			CapacityProvider: jsii.String("FARGATE"), Base: jsii.Number(props.OnDemandBase), Weight: jsii.Number(props.OnDemandWeight),
		})
	}
	if props.SpotWeight > 0 {
		strategy = append(strategy, &awsecs.CapacityProviderStrategy{
			CapacityProvider: jsii.String("FARGATE_SPOT"), Weight: jsii.Number(props.SpotWeight),
		})
	}
	return &strategy
}

func configureTargets(group elbv2.ApplicationTargetGroup, id string, props ServiceProps) {
	group.ConfigureHealthCheck(&elbv2.HealthCheck{
		Enabled:                 jsii.Bool(true),
		Path:                    &props.Health.Path,
		HealthyHttpCodes:        &props.Health.Codes,
		Interval:                seconds(props.Health.Interval),
		Timeout:                 seconds(props.Health.Timeout),
		HealthyThresholdCount:   jsii.Number(props.Health.Healthy),
		UnhealthyThresholdCount: jsii.Number(props.Health.Unhealthy),
	})
	group.SetAttribute(jsii.String("deregistration_delay.timeout_seconds"), jsii.String(fmt.Sprint(props.DeregistrationDelay.Seconds())))
	group.SetAttribute(jsii.String("slow_start.duration_seconds"), jsii.String(fmt.Sprint(props.SlowStart.Seconds())))
	if props.Stickiness.Duration > 0 {
		group.EnableCookieStickiness(seconds(props.Stickiness.Duration), &props.Stickiness.Cookie)
	}
	// An override, since a logical id has no property: with another port or health
	// path comes another group, and a roll-back finds the old one as it was.
	identity := sha256.Sum256(fmt.Appendf(nil, "%d %s", props.Port, props.Health.Path))
	group.Node().DefaultChild().(elbv2.CfnTargetGroup).OverrideLogicalId(jsii.String(fmt.Sprintf("%s%X", id, identity[:4])))
}

func scaleTasks(service awsecs.FargateService, groups []elbv2.ApplicationTargetGroup, s config.Scaling) {
	// The number of tasks is the scaling's alone: the template has no desired
	// count that a deployment would go back to.
	count := service.AutoScaleTaskCount(&awsapplicationautoscaling.EnableScalingProps{
		MinCapacity: jsii.Number(s.Min),
		MaxCapacity: jsii.Number(s.Max),
	})
	scaleIn, scaleOut := seconds(s.ScaleIn), seconds(s.ScaleOut)
	count.ScaleOnCpuUtilization(jsii.String("Cpu"), &awsecs.CpuUtilizationScalingProps{
		TargetUtilizationPercent: &s.CPUPercent, ScaleInCooldown: scaleIn, ScaleOutCooldown: scaleOut,
	})
	count.ScaleOnMemoryUtilization(jsii.String("Memory"), &awsecs.MemoryUtilizationScalingProps{
		TargetUtilizationPercent: &s.MemoryPercent, ScaleInCooldown: scaleIn, ScaleOutCooldown: scaleOut,
	})
	for i, group := range groups {
		count.ScaleOnRequestCount(jsii.String([]string{"Requests", "AlternateRequests"}[i]), &awsecs.RequestCountScalingProps{
			RequestsPerTarget: jsii.Number(s.RequestsPerTarget), TargetGroup: group, ScaleInCooldown: scaleIn, ScaleOutCooldown: scaleOut,
			// Of two groups one is empty, and what has no data would keep all tasks: CPU
			// and memory tell when there are too many.
			DisableScaleIn: jsii.Bool(len(groups) > 1),
		})
	}
	for i, at := range s.Schedule {
		count.ScaleOnSchedule(jsii.String(fmt.Sprintf("Schedule%d", i+1)), &awsapplicationautoscaling.ScalingSchedule{
			Schedule:    awsapplicationautoscaling.Schedule_Expression(jsii.String("cron(" + at.Cron + ")")),
			TimeZone:    awscdk.TimeZone_Of(&at.TimeZone),
			MinCapacity: jsii.Number(*at.Min),
			MaxCapacity: jsii.Number(*at.Max),
		})
	}
}

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}

// DeploymentPattern matches the events of this service's deployments.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
func (s Service) DeploymentPattern() *awsevents.EventPattern {
	return &awsevents.EventPattern{
		Source:     jsii.Strings("aws.ecs"),
		DetailType: jsii.Strings("ECS Deployment State Change"),
		Resources:  &[]*string{s.Fargate.ServiceArn()},
	}
}

// GrantWatch allows to read which image each deployment is of, and why it failed.
func (s Service) GrantWatch(grantee awsiam.IGrantable) {
	service, deployments, revisions := *s.Fargate.ServiceArn(), s.arn("service-deployment", s.path()+"/*"), s.arn("service-revision", s.path()+"/*")
	allow(grantee, nil, []string{"ecs:ListServiceDeployments"}, service)
	// ECS asks for these on the service as well.
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment-permissions.html
	allow(grantee, nil, []string{"ecs:DescribeServiceDeployments"}, service, deployments)
	allow(grantee, nil, []string{"ecs:DescribeServiceRevisions"}, service, revisions)
	allow(grantee, nil, []string{"ecs:DescribeTasks"}, s.arn("task", *s.Cluster.ClusterName()+"/*"))
	// The tasks of a service are listed by its cluster: AWS has no resource for it.
	inCluster := map[string]any{"ecs:cluster": s.Cluster.ClusterArn()}
	allow(grantee, &map[string]*map[string]any{"ArnEquals": &inCluster}, []string{"ecs:ListTasks"}, "*")
}

// GrantReconcile allows also to read what the service runs and logs, to deploy,
// and to roll back.
func (s Service) GrantReconcile(grantee awsiam.IGrantable) {
	s.GrantWatch(grantee)
	service := *s.Fargate.ServiceArn()
	allow(grantee, nil, []string{"ecs:DescribeServices", "ecs:UpdateService"}, service)
	allow(grantee, nil, []string{"ecs:StopServiceDeployment"}, service, s.arn("service-deployment", s.path()+"/*"))
	s.Logs.Grant(grantee, jsii.String("logs:GetLogEvents"))
}

func allow(grantee awsiam.IGrantable, conditions *map[string]*map[string]any, actions []string, resources ...string) {
	awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
		Grantee: grantee, Actions: jsii.Strings(actions...), ResourceArns: jsii.Strings(resources...), Conditions: conditions,
	})
}

// path is how the ARNs of ECS name the service.
func (s Service) path() string {
	return *s.Cluster.ClusterName() + "/" + *s.Fargate.ServiceName()
}

func (s Service) arn(resource, name string) string {
	return *awscdk.Stack_Of(s.Fargate).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("ecs"), Resource: &resource, ResourceName: &name,
	})
}
