// Package lib is the parts of the platform, a construct each, and the stack that
// puts them together.
package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// StackProps configures NewStack.
type StackProps struct {
	config.Config
	// ProjectRoot is the folder of go.mod and functions/.
	ProjectRoot string
}

// functions is what all functions of the stack share.
func (p StackProps) functions() FunctionSettings {
	return FunctionSettings{ProjectRoot: p.ProjectRoot, Architecture: p.Service.Architecture, LogRetentionDays: p.Logs.RetentionDays}
}

// parts are the constructs of the stack.
type parts struct {
	network    Network
	monitoring Monitoring
	registry   Registry
	seed       ImageSeed
	domain     *Domain
	database   Database
	balancer   Balancer
	service    Service
	release    Release
	dashboard  *Dashboard
	github     *GitHub
}

// NewStack makes the whole platform for one environment.
func NewStack(scope constructs.Construct, props StackProps) awscdk.Stack {
	stack := newStack(scope, props)
	p := newParts(stack, props)
	limitHelpers(stack, props.Logs.RetentionDays)
	p.watch(props)
	if props.Monitoring.Dashboard {
		dashboard := p.newDashboard(stack)
		p.dashboard = &dashboard
	}
	p.orderCreation()
	safeguards := NewSafeguards(stack, "Safeguards", SafeguardsProps{FunctionSettings: props.functions(), Balancer: p.balancer, Database: p.database})
	safeguards.Follow(stack)
	p.addOutputs(stack)
	return stack
}

func newStack(scope constructs.Construct, props StackProps) awscdk.Stack {
	name := props.StackName()
	tags := map[string]*string{
		"Project":     &props.Project,
		"Environment": &props.Environment,
		"ManagedBy":   jsii.String("CloudStruct"),
	}
	for key, value := range props.Tags {
		tags[key] = &value
	}
	stack := awscdk.NewStack(scope, &name, &awscdk.StackProps{
		Description:           jsii.String(description()),
		TerminationProtection: &props.TerminationProtection,
		// CloudFormation gives these also to what the CDK can't tag by itself.
		Tags: &tags,
	})
	for key, value := range tags {
		awscdk.Tags_Of(stack).Add(&key, value, nil)
	}
	if props.Domain == nil {
		awscdk.Annotations_Of(stack).AddWarningV2(jsii.String("cloudstruct:noDomain"),
			jsii.String("Without a domain the service answers plain HTTP, under the load balancer's own name. Set domain in the configuration for TLS."))
	}
	warnOfSpot(stack, props.Config)
	warnOfPublicRange(stack, props.Network)
	return stack
}

func newParts(stack awscdk.Stack, props StackProps) parts {
	days := props.Logs.RetentionDays
	functions := props.functions()
	var p parts
	p.network = NewNetwork(stack, "Network", NetworkProps{Network: props.Network, LogRetentionDays: days})
	p.monitoring = NewMonitoring(stack, "Monitoring", MonitoringProps{Alarms: props.Alarms})
	p.registry = NewRegistry(stack, "Registry", RegistryProps{Image: props.Image, Retain: props.Retain})
	p.seed = NewImageSeed(stack, "ImageSeed", ImageSeedProps{
		FunctionSettings: functions, Registry: p.registry, Port: props.Service.Port, HealthPath: props.Service.Health.Path,
		Project: props.Project, Environment: props.Environment,
	})
	if props.Domain != nil {
		domain := NewDomain(stack, "Domain", DomainProps{Domain: *props.Domain})
		p.domain = &domain
	}
	p.database = NewDatabase(stack, "Database", DatabaseProps{Database: props.Database, Network: p.network, Retain: props.Retain})
	p.balancer = NewBalancer(stack, "Balancer", BalancerProps{
		LoadBalancer: props.LoadBalancer, Network: p.network, TLS: p.domain != nil, Retain: props.Retain, LogRetentionDays: days,
	})
	p.service = NewService(stack, "Service", ServiceProps{
		Service: props.Service, Scaling: props.Scaling, Network: p.network, Registry: p.registry,
		Database: p.database, Balancer: p.balancer, Domain: p.domain, LogRetentionDays: days, ContainerInsights: props.Monitoring.ContainerInsights,
	})
	p.release = NewRelease(stack, "Release", ReleaseProps{
		FunctionSettings: functions, Project: props.Project, Environment: props.Environment,
		Registry: p.registry, Service: p.service, Database: p.database, Monitoring: p.monitoring,
		Deployment: props.Service.Deployment, AutoDeploy: props.Image.AutoDeploy,
	})
	if props.GitHub.Repository != "" {
		github := NewGitHub(stack, "GitHub", GitHubProps{GitHub: props.GitHub, Registry: p.registry, Service: p.service})
		p.github = &github
	}
	return p
}

// watch makes the alarms.
func (p parts) watch(props StackProps) {
	p.monitoring.GuardDeployments(p.balancer, p.service, props.Alarms)
	p.monitoring.WatchBalancer(p.balancer)
	p.monitoring.WatchService(p.service, props.Service.Health.Grace, props.Scaling)
	if props.Monitoring.ContainerInsights {
		p.monitoring.WatchTasks(p.service, props.Scaling)
	}
	p.monitoring.WatchDatabase(p.database)
	p.monitoring.WatchRelease(p.release)
	p.monitoring.ReportPlacement(p.service, p.release)
}

// newDashboard comes after the alarms, which it shows.
func (p parts) newDashboard(stack awscdk.Stack) Dashboard {
	return NewDashboard(stack, "Dashboard", DashboardProps{
		Monitoring: p.monitoring, Balancer: p.balancer, Service: p.service, Database: p.database, Release: p.release,
	})
}

// orderCreation puts what can fail for reasons outside of the stack first: no
// address left in the quota, an image that can't be pushed, a certificate that
// is not validated. A first deploy that fails then does so within minutes: the
// database takes longest. Tasks start when its instances answer.
func (p parts) orderCreation() {
	first := []constructs.IDependable{p.seed.Resource, p.service.Cluster}
	for _, subnet := range *p.network.VPC.SelectSubnets(p.network.TaskSubnets).Subnets {
		first = append(first, subnet.InternetConnectivityEstablished())
	}
	last := []constructs.IDependable{p.balancer.resource()}
	if p.domain != nil {
		first = append(first, p.domain.Certificate)
		last = append(last, p.domain.PointAt(p.balancer.ALB))
	}
	p.balancer.resource().Node().AddDependency(first...)
	p.database.resource().Node().AddDependency(last...)
	p.service.Fargate.Node().AddDependency(p.seed.Resource, p.database.Cluster)
}

// addOutputs names what people and pipelines need to know of a deployed stack.
func (p parts) addOutputs(stack awscdk.Stack) {
	output := func(name, description string, value *string) {
		awscdk.NewCfnOutput(stack, &name, &awscdk.CfnOutputProps{Description: &description, Value: value})
	}
	host, scheme := p.balancer.ALB.LoadBalancerDnsName(), "http"
	if p.domain != nil {
		host, scheme = &p.domain.Host, "https"
		output("CertificateArn", "The TLS certificate", p.domain.Certificate.CertificateArn())
		output("ZoneId", "The hosted zone of the domain", p.domain.Zone.HostedZoneId())
	}
	output("RepositoryUrl", "Where to push images", p.registry.Repository.RepositoryUri())
	output("TaskDefinitionArn", "The task definition that the service runs", p.service.TaskDefinition.TaskDefinitionArn())
	output("ClusterArn", "The ECS cluster", p.service.Cluster.ClusterArn())
	output("ClusterName", "The ECS cluster's name", p.service.Cluster.ClusterName())
	output("ServiceName", "The ECS service's name", p.service.Fargate.ServiceName())
	output("ServerDns", "The host name of the service", host)
	output("ServiceUrl", "The address of the service", jsii.String(scheme+"://"+*host))
	output("RdsEndpoint", "The database's host for reads and writes", p.database.Cluster.ClusterEndpoint().Hostname())
	output("RdsReaderEndpoint", "The database's host for reads", p.database.Cluster.ClusterReadEndpoint().Hostname())
	output("RdsPort", "The database's port", awscdk.Token_AsString(p.database.Cluster.ClusterEndpoint().Port(), nil))
	output("DatabaseSecretArn", "The secret with the database's user name and password", p.database.Secret.SecretArn())
	output("RedeployFunctionName", "The function that deploys what is pushed", p.release.Function.FunctionName())
	if p.github != nil {
		output("GithubRoleArn", "The role of the workflows that push releases", p.github.Role.RoleArn())
	}
	output("AlarmTopicArn", "The topic of alarms and of releases that were turned back", p.monitoring.Topic.TopicArn())
	if p.dashboard != nil {
		output("DashboardUrl", "The page to look at when something is wrong", p.dashboard.URL())
	}
}
