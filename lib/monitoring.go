package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// MonitoringProps is what monitoring is made from.
type MonitoringProps struct {
	config.Alarms
}

// Monitoring is the topic that tells people, and the alarms that tell it.
type Monitoring struct {
	Topic awssns.Topic
	scope constructs.Construct
}

// NewMonitoring makes the topic, and subscribes the e-mail address if there is
// one.
func NewMonitoring(scope constructs.Construct, id string, props MonitoringProps) Monitoring {
	c := constructs.NewConstruct(scope, &id)
	topic := awssns.NewTopic(c, jsii.String("Topic"), &awssns.TopicProps{
		EnforceSSL: jsii.Bool(true),
	})
	if props.Email != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&props.Email, nil))
	}
	return Monitoring{Topic: topic, scope: c}
}

// GuardDeployments has ECS roll a deployment back when the new tasks answer with
// errors. The alarm looks at the target group, not at the service: a service
// can't wait for an alarm that waits for it.
func (m Monitoring) GuardDeployments(service Service) {
	alarm := m.alarm("ServerErrors", "Tasks answer with HTTP 5xx", &awscloudwatch.AlarmProps{
		Metric: service.TargetGroup.Metrics().HttpCodeTarget(elbv2.HttpCodeTarget_TARGET_5XX_COUNT, &awscloudwatch.MetricOptions{
			Period: awscdk.Duration_Minutes(jsii.Number(1)), Statistic: awscloudwatch.Stats_SUM(),
		}),
		// Ten errors in two minutes of three are no single unlucky request.
		Threshold: jsii.Number(10), EvaluationPeriods: jsii.Number(3), DatapointsToAlarm: jsii.Number(2),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
	})
	service.Fargate.EnableDeploymentAlarms(&[]*string{alarm.AlarmName()}, &awsecs.DeploymentAlarmOptions{
		Behavior: awsecs.AlarmBehavior_ROLLBACK_ON_ALARM,
	})
	// The CDK can't tell that this alarm does not wait for the service.
	awscdk.Annotations_Of(service.Fargate).AcknowledgeInfo(jsii.String("Annotation::info-annotation"), nil)
}

// WatchRelease tells people when the release loop itself does not work.
func (m Monitoring) WatchRelease(release Release) {
	m.alarm("DeadLetters", "Events of the release loop could not be handled: see docs/operations.md", &awscloudwatch.AlarmProps{
		Metric: release.DeadLetters.MetricApproximateNumberOfMessagesVisible(&awscloudwatch.MetricOptions{
			Period: awscdk.Duration_Minutes(jsii.Number(5)), Statistic: awscloudwatch.Stats_MAXIMUM(),
		}),
		// Each is a wake-up call that was lost, after all its repetitions.
		Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(1),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
	})
	m.alarm("ReleaseErrors", "The function of the release loop fails again and again", &awscloudwatch.AlarmProps{
		Metric: release.Function.MetricErrors(&awscloudwatch.MetricOptions{
			Period: awscdk.Duration_Minutes(jsii.Number(5)), Statistic: awscloudwatch.Stats_SUM(),
		}),
		// A throttled call now and then is mended by the next look; a quarter of an
		// hour of failures is not.
		Threshold: jsii.Number(1), EvaluationPeriods: jsii.Number(3),
		ComparisonOperator: awscloudwatch.ComparisonOperator_GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
	})
}

// alarm tells the topic when it starts and when it is over. No data is no alarm
// unless the properties say otherwise.
func (m Monitoring) alarm(id, description string, props *awscloudwatch.AlarmProps) awscloudwatch.Alarm {
	props.AlarmDescription = &description
	if props.TreatMissingData == "" {
		props.TreatMissingData = awscloudwatch.TreatMissingData_NOT_BREACHING
	}
	alarm := awscloudwatch.NewAlarm(m.scope, &id, props)
	action := awscloudwatchactions.NewSnsAction(m.Topic)
	alarm.AddAlarmAction(action)
	alarm.AddOkAction(action)
	return alarm
}
