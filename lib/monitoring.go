package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatch"
	"github.com/aws/aws-cdk-go/awscdk/v2/awscloudwatchactions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssnssubscriptions"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// MonitoringProps configures NewMonitoring.
type MonitoringProps struct {
	config.Alarms
}

// Monitoring is the topic that tells people, and the alarms that tell it.
type Monitoring struct {
	Topic awssns.Topic
	// alarms are those made so far, by id.
	alarms map[string]awscloudwatch.Alarm
	scope  constructs.Construct
}

// NewMonitoring makes the topic, and subscribes the e-mail address if there is
// one.
func NewMonitoring(scope constructs.Construct, id string, props MonitoringProps) Monitoring {
	c := constructs.NewConstruct(scope, &id)
	topic := awssns.NewTopic(c, jsii.String("Topic"), &awssns.TopicProps{
		// No encryption at rest: the key that costs nothing, AWS's own for topics, does
		// not let CloudWatch publish, and no alarm would be heard of.
		// https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
		EnforceSSL: jsii.Bool(true),
	})
	allowAlarms(topic)
	if props.Email != "" {
		topic.AddSubscription(awssnssubscriptions.NewEmailSubscription(&props.Email, nil))
	}
	return Monitoring{Topic: topic, alarms: map[string]awscloudwatch.Alarm{}, scope: c}
}

// allowAlarms says what goes without saying for a topic that has no policy.
// https://repost.aws/knowledge-center/cloudwatch-receive-sns-for-alarm-trigger
func allowAlarms(topic awssns.Topic) {
	alarms := map[string]any{"aws:SourceArn": awscdk.Stack_Of(topic).FormatArn(&awscdk.ArnComponents{
		Service: jsii.String("cloudwatch"), Resource: jsii.String("alarm"), ResourceName: jsii.String("*"), ArnFormat: awscdk.ArnFormat_COLON_RESOURCE_NAME,
	})}
	topic.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("cloudwatch.amazonaws.com"), nil)},
		Actions:    jsii.Strings("sns:Publish"),
		Resources:  &[]*string{topic.TopicArn()},
		Conditions: &map[string]any{"ArnLike": alarms},
	}))
}

// alarm tells the topic when it starts and when it is over. Each costs 0.10 USD a
// month for each metric that it looks at.
func (m Monitoring) alarm(id, description string, props *awscloudwatch.AlarmProps) awscloudwatch.Alarm {
	props.AlarmDescription = jsii.String(description + " See docs/operations.md.")
	alarm := awscloudwatch.NewAlarm(m.scope, &id, props)
	action := awscloudwatchactions.NewSnsAction(m.Topic)
	alarm.AddAlarmAction(action)
	alarm.AddOkAction(action)
	m.alarms[id] = alarm
	return alarm
}

// every is a metric's value for each so many minutes.
func every(minutes int, statistic *string) *awscloudwatch.MetricOptions {
	return &awscloudwatch.MetricOptions{Period: awscdk.Duration_Minutes(jsii.Number(minutes)), Statistic: statistic}
}

// Report publishes a message for each event that a pattern matches. What can't be published
// goes to the queue. The statement that the CDK adds to the topic's policy names no rule:
// EventBridge gives a topic's policy no source to compare.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
func (m Monitoring) Report(scope constructs.Construct, id, description string, pattern *awsevents.EventPattern, message string, deadLetters awssqs.IQueue) {
	awsevents.NewRule(scope, &id, &awsevents.RuleProps{
		Description:  &description,
		EventPattern: pattern,
		Targets: &[]awsevents.IRuleTarget{awseventstargets.NewSnsTopic(m.Topic, &awseventstargets.SnsTopicProps{
			Message:         awsevents.RuleTargetInput_FromText(&message),
			DeadLetterQueue: deadLetters,
			MaxEventAge:     awscdk.Duration_Hours(jsii.Number(1)),
			RetryAttempts:   jsii.Number(10),
		})},
	})
}
