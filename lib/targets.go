package lib

import (
	"crypto/sha256"
	"fmt"

	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"
)

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
