package lib

import (
	"fmt"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// fewestFailures is the number of failed requests in five minutes from which their
// percentage counts. With fewer, an unlucky request of a quiet API would roll a deployment
// back; an API with one request a minute still reaches it when all of them fail.
const fewestFailures = 5

// GuardDeployments has ECS roll a deployment back when requests fail, or when they take
// too long if alarms.latency is set. The alarms measure the load balancer, not the
// service: a service can't wait for an alarm that waits for it. ECS watches them until
// the longest evaluation period has passed after the last old task has stopped.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-alarm-failure.html
func (m Monitoring) GuardDeployments(balancer Balancer, service Service, alarms config.Alarms) {
	names := []*string{m.failedRequests(balancer, alarms.ErrorPercent).AlarmName()}
	if alarms.Latency > 0 {
		names = append(names, m.slowRequests(balancer, alarms).AlarmName())
	}
	// The L2 method EnableDeploymentAlarms warns of a circular dependency for every
	// alarm of the same stack, in a message that can't be acknowledged: it has no id.
	service.Fargate.Node().DefaultChild().(awsecs.CfnService).AddPropertyOverride(jsii.String("DeploymentConfiguration.Alarms"), map[string]any{
		"AlarmNames": names, "Enable": true, "Rollback": true,
	})
}

// failedRequests fires by percentage, so that it means the same for a busy API and for a
// quiet one.
func (m Monitoring) failedRequests(balancer Balancer, percent float64) awscloudwatch.Alarm {
	return m.alarm("ServerErrors", "Requests fail with HTTP 5xx, of the tasks or of the load balancer: look at the service's log, and at the reasons of stopped tasks.", &awscloudwatch.AlarmProps{
		Metric: balancer.failedPercent(),
		// The five minutes are a sliding window: a busy API that fails does not wait for
		// their end.
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
		Threshold: &percent, EvaluationPeriods: jsii.Number(1), ComparisonOperator: atLeast,
		TreatMissingData: noAlarm, // no request, no failure
	})
}

func (m Monitoring) slowRequests(balancer Balancer, alarms config.Alarms) awscloudwatch.Alarm {
	return m.alarm("SlowRequests", "One response in twenty takes longer than alarms.latency: look at the newest release, and at the CPU of tasks and database.", &awscloudwatch.AlarmProps{
		Metric:    balancer.ALB.Metrics().TargetResponseTime(every(1, awscloudwatch.Stats_P(jsii.Number(95)))),
		Threshold: jsii.Number(alarms.Latency.Seconds()), EvaluationPeriods: jsii.Number(3), DatapointsToAlarm: jsii.Number(2), ComparisonOperator: moreThan,
		// A few requests have no percentile: the alarm stays as it is.
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
		EvaluateLowSampleCountPercentile: jsii.String("ignore"),
		TreatMissingData:                 noAlarm, // no request, no delay
	})
}

// failedPercent is the percentage of requests that end with a server error, in five
// minutes. The load balancer's own errors count as well as the tasks'. Its 503 is not among
// the requests that it counts, since no target was chosen for it.
//
// While no target was chosen at all, nothing is measured: a listener without tasks, such as
// that of a first deploy, answers 503 to whoever finds it, and the circuit breaker is there
// for tasks that do not start.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
func (b Balancer) failedPercent() awscloudwatch.MathExpression {
	metrics, sum := b.ALB.Metrics(), every(5, awscloudwatch.Stats_SUM())
	failed := "(FILL(target, 0) + FILL(balancer, 0))"
	return awscloudwatch.NewMathExpression(&awscloudwatch.MathExpressionProps{
		Expression: jsii.String(fmt.Sprintf(
			"IF(FILL(requests, 0) > 0 AND %[1]s >= %[2]d, 100 * %[1]s / (FILL(requests, 0) + FILL(rejected, 0)), 0)", failed, fewestFailures)),
		UsingMetrics: &map[string]awscloudwatch.IMetric{
			"target":   metrics.HttpCodeTarget(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, sum),
			"balancer": metrics.HttpCodeElb(elbv2.HttpCodeElb_ELB_5XX_COUNT, sum),
			"rejected": metrics.HttpCodeElb(elbv2.HttpCodeElb_ELB_503_COUNT, sum),
			"requests": metrics.RequestCount(sum),
		},
		Label:  jsii.String("Failed"),
		Period: awscdk.Duration_Minutes(jsii.Number(5)),
	})
}
