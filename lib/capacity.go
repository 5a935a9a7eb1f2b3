package lib

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// warnOfSpot warns when tasks that must run may be left to Spot. ECS does not
// start a task on demand for want of Spot: only the base is safe from a shortage.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-capacity-providers.html
//
// An environment that nobody may delete is taken for one that must not be down.
func warnOfSpot(stack constructs.Construct, c config.Config) {
	minimum := highestMinimum(c.Scaling)
	if !c.TerminationProtection || c.Service.SpotWeight == 0 || c.Service.OnDemandBase >= minimum {
		return
	}
	awscdk.Annotations_Of(stack).AddWarningV2(jsii.String("cloudstruct:spotBelowMinimum"), jsii.String(fmt.Sprintf(
		"A shortage of Spot can leave the service below its minimum: service.onDemandBase is %d, while the scaling wants %d tasks at least. "+
			"Raise onDemandBase to %[2]d, or set service.spotWeight to 0.", c.Service.OnDemandBase, minimum)))
}

// tasks is the number of tasks in a state: Desired, Running or Pending.
func (s Service) tasks(state string) awscloudwatch.Metric {
	return awscloudwatch.NewMetric(&awscloudwatch.MetricProps{
		Namespace:  jsii.String("ECS/ContainerInsights"),
		MetricName: jsii.String(state + "TaskCount"),
		DimensionsMap: &map[string]*string{
			"ClusterName": s.Cluster.ClusterName(), "ServiceName": s.Fargate.ServiceName(),
		},
		Period:    awscdk.Duration_Minutes(jsii.Number(1)),
		Statistic: awscloudwatch.Stats_AVERAGE(),
		Label:     &state,
	})
}

// missingTasks is how many tasks fewer run than should. A schedule may set a
// lower minimum, also 0: then fewer are desired, and none is missing.
func (s Service) missingTasks(minimum int) awscloudwatch.MathExpression {
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression:   jsii.String(fmt.Sprintf("IF(desired < %d, desired, %[1]d) - running", minimum)),
		UsingMetrics: &map[string]awscloudwatch.IMetric{"desired": s.tasks("Desired"), "running": s.tasks("Running")},
		Label:        jsii.String("Missing"),
		Period:       awscdk.Duration_Minutes(jsii.Number(1)),
	})
}

// PlacementFailurePattern matches tasks of this service that ECS could not place.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
func (s Service) PlacementFailurePattern() *awsevents.EventPattern {
	return &awsevents.EventPattern{
		Source:     jsii.Strings("aws.ecs"),
		DetailType: jsii.Strings("ECS Service Action"),
		Resources:  &[]*string{s.Fargate.ServiceArn()},
		Detail:     &map[string]any{"eventName": jsii.Strings("SERVICE_TASK_PLACEMENT_FAILURE")},
	}
}

// ReportPlacement tells people of tasks that can't be placed, before too few run.
func (m Monitoring) ReportPlacement(service Service, release Release) {
	reason := awsevents.EventField_FromPath(jsii.String("$.detail.reason"))
	provider := awsevents.EventField_FromPath(jsii.String("$.detail.capacityProviderArns[0]"))
	m.Report(m.scope, "ReportPlacement", "A task of the service that could not be placed", service.PlacementFailurePattern(), fmt.Sprintf(
		"%s: a task could not be placed (%s, %s). ECS tries again; tasks that run are not touched. "+
			"RESOURCE:FARGATE with FARGATE_SPOT is a shortage of Spot: until it is over, raise service.onDemandBase and deploy. See docs/operations.md.",
		*awscdk.Stack_Of(m.scope).StackName(), *reason, *provider), release.DeadLetters)
}
