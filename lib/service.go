package lib

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// logStreamPrefix starts the name of each task's log stream.
const logStreamPrefix = "ecs"

// ServiceProps configures NewService.
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
	configureTargets(web.TargetGroup(), targetGroupID, props)
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
		CircuitBreaker:             circuitBreaker(props.Deployment),
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
	service := web.Service().Node().DefaultChild().(awsecs.CfnService)
	service.SetAvailabilityZoneRebalancing(jsii.String("ENABLED"))
	countFailedTasks(service, props.Deployment)
	// A task starts with its secrets and its image only once the role may read them.
	web.Service().Node().AddDependency(task.ExecutionRole())
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

func seconds(d time.Duration) awscdk.Duration {
	return awscdk.Duration_Seconds(jsii.Number(d.Seconds()))
}
