package lib

import (
	"math"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

const (
	atLeast  = awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD
	moreThan = awscloudwatch.ComparisonOperator_GREATER_THAN_THRESHOLD
	// noAlarm is for a metric that is not there when nothing happens.
	noAlarm = awscloudwatch.TreatMissingData_NOT_BREACHING
)

// WatchBalancer tells people what callers notice.
func (m Monitoring) WatchBalancer(balancer Balancer) {
	m.alarm("BalancerErrors", "The load balancer itself answers with HTTP 5xx: tasks break off (502), are missing (503) or take too long (504). "+
		"Look at the number of healthy tasks, and why tasks stopped.", &awscloudwatch.AlarmProps{
		Metric: balancer.ALB.Metrics().HttpCodeElb(elbv2.HttpCodeElb_ELB_5XX_COUNT, every(1, awscloudwatch.Stats_SUM())),
		// As with the errors of tasks.
		Threshold: jsii.Number(10), EvaluationPeriods: jsii.Number(3), DatapointsToAlarm: jsii.Number(2), ComparisonOperator: atLeast,
		TreatMissingData: noAlarm, // counted only when there is one
	})
	// One caller in twenty is worse off than p95. An average hides them all; p99
	// takes a thousand requests to say anything, which a small API may never have
	// in five minutes.
	m.alarm("Latency", "One answer in twenty takes more than a second: look at the CPU of tasks and database, and at the newest release.", &awscloudwatch.AlarmProps{
		Metric: balancer.ALB.Metrics().TargetResponseTime(every(5, awscloudwatch.Stats_P(jsii.Number(95)))),
		// After a second people notice that they wait; a quarter of an hour of it is
		// no cold cache.
		Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(3), ComparisonOperator: moreThan,
		// A few requests have no percentile: with less than 200 the alarm stays as it is.
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
		EvaluateLowSampleCountPercentile: jsii.String("ignore"),
		TreatMissingData:                 noAlarm, // nobody asks, nobody waits
	})
}

// WatchService tells people of tasks that are ill or overworked.
func (m Monitoring) WatchService(service Service, grace time.Duration, scaling config.Scaling) {
	for i, group := range service.TargetGroups {
		id := []string{"UnhealthyTargets", "UnhealthyAlternateTargets"}[i]
		m.alarm(id, "A task fails its health check and is not replaced by one that passes: look at the service's log, and ask a task for service.health.path.", &awscloudwatch.AlarmProps{
			Metric: group.Metrics().UnhealthyHostCount(every(1, awscloudwatch.Stats_MAXIMUM())),
			// ECS replaces an unhealthy task within minutes, but not before its grace period
			// is over.
			Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(5 + math.Ceil(grace.Minutes())), ComparisonOperator: atLeast,
			TreatMissingData: noAlarm, // there is no task at all: MissingTasks tells
		})
	}
	m.overworked("Cpu", "CPU", service.Fargate.MetricCpuUtilization(every(5, awscloudwatch.Stats_AVERAGE())), scaling.CPUPercent)
	m.overworked("Memory", "memory", service.Fargate.MetricMemoryUtilization(every(5, awscloudwatch.Stats_AVERAGE())), scaling.MemoryPercent)
}

// WatchTasks tells people of tasks that do not run, which Container Insights
// counts.
func (m Monitoring) WatchTasks(service Service, scaling config.Scaling) {
	m.alarm("MissingTasks", "Fewer tasks run than the scaling's minimum: look at the service's events for tasks that can't be placed or do not start.", &awscloudwatch.AlarmProps{
		Metric: service.missingTasks(highestMinimum(scaling)),
		// A task takes a minute or two to start, also when one takes another's place; one
		// that starts and dies again and again runs in some of the minutes.
		Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(15), DatapointsToAlarm: jsii.Number(10), ComparisonOperator: atLeast,
		TreatMissingData: noAlarm, // a new service is not counted yet, and one without tasks may not be
	})
}

// overworked is for a target that the scaling no longer holds.
func (m Monitoring) overworked(id, what string, metric awscloudwatch.Metric, target float64) {
	m.alarm(id, "The tasks use much more "+what+" than the scaling aims at: look whether scaling.max is reached, tasks can't be placed, or "+what+" leaks.", &awscloudwatch.AlarmProps{
		Metric: metric,
		// Half of the way from the target to the end. More tasks would have started
		// within a quarter of an hour.
		Threshold: jsii.Number((target + 100) / 2), EvaluationPeriods: jsii.Number(3), ComparisonOperator: moreThan,
		TreatMissingData: noAlarm, // no task runs, as a schedule may want it
	})
}

// WatchRelease tells people when the release loop itself does not work.
func (m Monitoring) WatchRelease(release Release) {
	m.alarm("DeadLetters", "Events of the stack could not be handled: look at the messages in the dead-letter queue.", &awscloudwatch.AlarmProps{
		Metric: release.DeadLetters.MetricApproximateNumberOfMessagesVisible(every(5, awscloudwatch.Stats_MAXIMUM())),
		// Each is a wake-up call or a message that was lost, after all its repetitions.
		Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(1), ComparisonOperator: atLeast,
		TreatMissingData: noAlarm, // a queue that nothing happens to is not measured
	})
	m.alarm("ReleaseErrors", "The function of the release loop fails again and again: look at its log.", &awscloudwatch.AlarmProps{
		Metric: release.Function.MetricErrors(every(5, awscloudwatch.Stats_SUM())),
		// A throttled call now and then is mended by the next look; a quarter of an
		// hour of failures is not.
		Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(3), ComparisonOperator: atLeast,
		TreatMissingData: noAlarm, // it does not run while image.autoDeploy is false
	})
}
