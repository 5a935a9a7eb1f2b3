package lib

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecspatterns"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// How requests are shifted, where the strategy does not shift them all at once:
// ECS's own defaults.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/canary-deployment.html
const (
	canaryPercent = 5
	canaryBake    = 10 * time.Minute
	linearPercent = 10
	linearBake    = 6 * time.Minute
)

// testPort is where the new tasks answer before anybody else is sent to them. It
// is open to nobody: who wants to look opens the balancer's group to themselves.
const testPort = 8443

// shifts tells whether new tasks get a group of their own, and requests are
// shifted to it.
func shifts(d config.Deployment) bool { return d.Strategy != config.Rolling }

// circuitBreaker rolls a deployment back when its tasks fail. AWS does not document one
// for canary and linear deployments, which the release loop ends after their limit.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func circuitBreaker(d config.Deployment) *awsecs.DeploymentCircuitBreaker {
	if d.Strategy == config.Canary || d.Strategy == config.Linear {
		return nil
	}
	return &awsecs.DeploymentCircuitBreaker{Rollback: jsii.Bool(true)}
}

// countFailedTasks counts every task that fails during a deployment. By default a task
// that gets healthy once sets the count back, so an image whose tasks pass their checks
// and end a minute later would be started forever. L1, since the L2 has no property for
// either.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
func countFailedTasks(service awsecs.CfnService, d config.Deployment) {
	if circuitBreaker(d) == nil {
		return
	}
	service.AddPropertyOverride(jsii.String("DeploymentConfiguration.DeploymentCircuitBreaker.ResetOnHealthyTask"), false)
	service.AddPropertyOverride(jsii.String("DeploymentConfiguration.DeploymentCircuitBreaker.ThresholdConfiguration"), map[string]any{
		"Type": "COUNT", "Value": d.Breaker,
	})
}

// limit is how long a deployment may take that ECS lets run on when its tasks
// never get healthy: the circuit breaker is for rolling ones. It is 0 for those.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func limit(d config.Deployment) time.Duration {
	shifting := map[config.Strategy]time.Duration{
		config.Canary: canaryBake,
		config.Linear: (100/linearPercent - 1) * linearBake,
	}
	if !shifts(d) {
		return 0
	}
	return d.Deadline + shifting[d.Strategy] + d.Bake
}

// shiftRequests has ECS start new tasks in the other one of two target groups, and
// then change the rules of the listeners. The pattern has no property for any of
// it: the service's L1 is overridden, with what the L2 alternate target derives.
func shiftRequests(scope constructs.Construct, web awsecspatterns.ApplicationLoadBalancedFargateService, props ServiceProps) elbv2.ApplicationTargetGroup {
	alternate := elbv2.NewApplicationTargetGroup(scope, jsii.String("AlternateTargets"), &elbv2.ApplicationTargetGroupProps{
		Vpc: props.Network.VPC, TargetType: elbv2.TargetType_IP, Protocol: elbv2.ApplicationProtocol_HTTP, Port: jsii.Number(80),
	})
	configureTargets(alternate, alternateTargetGroupID, props)
	target := awsecs.NewAlternateTarget(jsii.String("AlternateTarget"), &awsecs.AlternateTargetProps{
		AlternateTargetGroup: alternate,
		ProductionListener:   awsecs.ListenerRuleConfiguration_ApplicationListenerRule(newRule(scope, "ProductionRule", web.Listener(), web.TargetGroup(), alternate)),
		TestListener:         awsecs.ListenerRuleConfiguration_ApplicationListenerRule(newRule(scope, "TestRule", newTestListener(alternate, props), alternate, web.TargetGroup())),
	}).Bind(web.Service())
	service := web.Service().Node().DefaultChild().(awsecs.CfnService)
	service.AddPropertyOverride(jsii.String("LoadBalancers.0.AdvancedConfiguration"), map[string]any{
		"AlternateTargetGroupArn": target.AlternateTargetGroupArn,
		"ProductionListenerRule":  target.ProductionListenerRule,
		"TestListenerRule":        target.TestListenerRule,
		"RoleArn":                 target.RoleArn,
	})
	for name, value := range strategy(props.Deployment) {
		service.AddPropertyOverride(jsii.String("DeploymentConfiguration."+name), value)
	}
	role := web.Service().Node().FindChild(jsii.String("AlternateTargetRole"))
	excuse(role, "AwsSolutions-IAM4", "AWS's own policy for ECS to change these rules: what it needs is not documented otherwise.")
	return alternate
}

// newRule sends everything to one of the groups, until ECS changes that. Both must
// be in a rule.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html
func newRule(scope constructs.Construct, id string, listener elbv2.IApplicationListener, first, second elbv2.ApplicationTargetGroup) elbv2.ApplicationListenerRule {
	return elbv2.NewApplicationListenerRule(scope, &id, &elbv2.ApplicationListenerRuleProps{
		Listener:   listener,
		Priority:   jsii.Number(1),
		Conditions: &[]elbv2.ListenerCondition{elbv2.ListenerCondition_PathPatterns(jsii.Strings("/*"))},
		Action: elbv2.ListenerAction_WeightedForward(&[]*elbv2.WeightedTargetGroup{
			{TargetGroup: first, Weight: jsii.Number(100)}, {TargetGroup: second, Weight: jsii.Number(0)},
		}, nil),
	})
}

func newTestListener(alternate elbv2.ApplicationTargetGroup, props ServiceProps) elbv2.ApplicationListener {
	settings := &elbv2.BaseApplicationListenerProps{
		Port: jsii.Number(testPort), Protocol: elbv2.ApplicationProtocol_HTTP, Open: jsii.Bool(false),
		DefaultAction: elbv2.ListenerAction_Forward(&[]elbv2.IApplicationTargetGroup{alternate}, nil),
	}
	if props.Domain != nil {
		settings.Protocol, settings.SslPolicy = elbv2.ApplicationProtocol_HTTPS, tlsPolicy
		settings.Certificates = &[]elbv2.IListenerCertificate{props.Domain.Certificate}
	}
	return props.Balancer.ALB.AddListener(jsii.String("Test"), settings)
}

func strategy(d config.Deployment) map[string]any {
	switch d.Strategy {
	case config.Canary:
		return map[string]any{"Strategy": "CANARY", "BakeTimeInMinutes": d.Bake.Minutes(), "CanaryConfiguration": map[string]any{
			"CanaryPercent": canaryPercent, "CanaryBakeTimeInMinutes": canaryBake.Minutes(),
		}}
	case config.Linear:
		return map[string]any{"Strategy": "LINEAR", "BakeTimeInMinutes": d.Bake.Minutes(), "LinearConfiguration": map[string]any{
			"StepPercent": linearPercent, "StepBakeTimeInMinutes": linearBake.Minutes(),
		}}
	}
	return map[string]any{"Strategy": "BLUE_GREEN", "BakeTimeInMinutes": d.Bake.Minutes()}
}
