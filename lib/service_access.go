package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/jsii-runtime-go"
)

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
