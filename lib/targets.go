package lib

import (
	"fmt"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"
)

// targetGroupID and alternateTargetGroupID are the logical ids that version 1.0.0 gave
// the target groups of the default port and health path. They never change: with
// another id comes another group, and the listener would forward to it while it has
// no task, which answers 503.
const (
	targetGroupID          = "ServiceTargetGroup16598E8D"
	alternateTargetGroupID = "ServiceAlternateTargetGroup16598E8D"
)

// configureTargets keeps one group whatever its settings. ECS registers each task with
// its own port, so tasks on an old and a new port share the group, and CloudFormation
// changes the health check in place.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-elasticloadbalancingv2-targetgroup.html
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
	// An override, since a logical id has no property.
	group.Node().DefaultChild().(elbv2.CfnTargetGroup).OverrideLogicalId(&id)
}
