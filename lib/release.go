package lib

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awseventstargets"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambdadestinations"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/aws-cdk-go/awscdklambdagoalpha/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// ReleaseProps configures NewRelease.
type ReleaseProps struct {
	FunctionSettings
	Project, Environment string
	Registry             Registry
	Service              Service
	Database             Database
	Monitoring           Monitoring
	Deployment           config.Deployment
	// AutoDeploy false leaves the loop in place but asleep.
	AutoDeploy bool
}

// Release is the loop that turns a push into a deployment.
type Release struct {
	Function    awscdklambdagoalpha.GoFunction
	DeadLetters awssqs.Queue
}

// NewRelease makes the function that deploys the deploy tag, and what wakes it:
// each push, each turn of a deployment, each change of the database's password,
// and a schedule, since events may never come.
func NewRelease(scope constructs.Construct, id string, props ReleaseProps) Release {
	c := constructs.NewConstruct(scope, &id)
	deadLetters := newDeadLetters(c)
	release := Release{Function: newRedeploy(c, props, deadLetters), DeadLetters: deadLetters}
	release.wakeOn(c, "Push", "A push of the deploy tag", props, &awsevents.RuleProps{
		EventPattern: props.Registry.PushPattern(),
	})
	release.wakeOn(c, "Deployment", "A deployment of the service began, completed or failed", props, &awsevents.RuleProps{
		EventPattern: props.Service.DeploymentPattern(),
	})
	release.wakeOn(c, "Schedule", "Every five minutes, for what no event told", props, &awsevents.RuleProps{
		Schedule: awsevents.Schedule_Rate(awscdk.Duration_Minutes(jsii.Number(5))),
	})
	if props.Database.Rotates() {
		release.wakeOn(c, "Rotation", "Another password for the database", props, &awsevents.RuleProps{
			EventPattern: props.Database.RotationPattern(),
		})
	}
	if !props.AutoDeploy {
		release.report(c, props)
	}
	return release
}

// newRedeploy makes the function, which may do what its decisions ask for.
func newRedeploy(scope constructs.Construct, props ReleaseProps, deadLetters awssqs.IQueue) awscdklambdagoalpha.GoFunction {
	environment := map[string]*string{
		"ECS_CLUSTER":         props.Service.Cluster.ClusterName(),
		"ECS_SERVICE":         props.Service.Fargate.ServiceName(),
		"ECR_REPOSITORY":      props.Registry.Repository.RepositoryName(),
		"DEPLOY_TAG":          &props.Registry.Tag,
		"DEPLOYMENT_DEADLINE": jsii.String(props.Deployment.Deadline.String()),
		"DEPLOYMENT_LIMIT":    jsii.String(limit(props.Deployment).String()),
		"ALARM_TOPIC_ARN":     props.Monitoring.Topic.TopicArn(),
		"LOG_GROUP":           props.Service.Logs.LogGroupName(),
		"LOG_STREAM_PREFIX":   jsii.String(logStreamPrefix),
		"PROJECT":             &props.Project,
		"ENVIRONMENT":         &props.Environment,
	}
	if props.Database.Rotates() {
		environment["DATABASE_SECRET_ARN"] = props.Database.Secret.SecretArn()
	}
	function := newFunction(scope, functionProps{
		FunctionSettings: props.FunctionSettings,
		Name:             "ecs-redeploy",
		Description:      "Deploys the image under the deploy tag",
		Environment:      environment,
		Timeout:          30 * time.Second,
		MemoryMiB:        128,
	})
	// What the rules' queue is for events that could not be delivered, this is for
	// those that were and failed three times.
	function.ConfigureAsyncInvoke(&awslambda.EventInvokeConfigOptions{
		MaxEventAge:   awscdk.Duration_Hours(jsii.Number(1)),
		RetryAttempts: jsii.Number(2),
		OnFailure:     awslambdadestinations.NewSqsDestination(deadLetters),
	})
	props.Registry.GrantReconcile(function)
	props.Service.GrantReconcile(function)
	excuseWildcards(function.Role(), "The deployments, revisions and tasks of one service have ids that ECS makes.",
		"arn:.*:service-(deployment|revision)/.*/\\*", "arn:.*:task/.*/\\*")
	excuseWildcards(function.Role(), "ecs:ListTasks has no finer resource. A condition holds it to the cluster.", "\\*")
	props.Monitoring.Topic.GrantPublish(function)
	if props.Database.Rotates() {
		props.Database.GrantReconcile(function)
	}
	return function
}

func newDeadLetters(scope constructs.Construct) awssqs.Queue {
	queue := awssqs.NewQueue(scope, jsii.String("DeadLetters"), &awssqs.QueueProps{
		EnforceSSL:      jsii.Bool(true),
		Encryption:      awssqs.QueueEncryption_SQS_MANAGED,
		RetentionPeriod: awscdk.Duration_Days(jsii.Number(14)), // the most there is
	})
	excuse(queue, "AwsSolutions-SQS3", "It is the dead-letter queue, of the rules and of the function.")
	return queue
}

func (r Release) wakeOn(scope constructs.Construct, id, description string, props ReleaseProps, rule *awsevents.RuleProps) {
	rule.Description = &description
	rule.Enabled = &props.AutoDeploy
	rule.Targets = &[]awsevents.IRuleTarget{awseventstargets.NewLambdaFunction(r.Function, &awseventstargets.LambdaFunctionProps{
		DeadLetterQueue: r.DeadLetters,
		// An event is only a wake-up call: after an hour the schedule has called often.
		MaxEventAge:   awscdk.Duration_Hours(jsii.Number(1)),
		RetryAttempts: jsii.Number(10),
	})}
	awsevents.NewRule(scope, &id, rule)
}

// report tells people what the sleeping loop does not answer.
func (r Release) report(scope constructs.Construct, props ReleaseProps) {
	retry := fmt.Sprintf("image.autoDeploy is false in environment %s. To deploy it: make retry ENV=%[1]s", props.Environment)
	digest := awsevents.EventField_FromPath(jsii.String("$.detail.image-digest"))
	props.Monitoring.Report(scope, "ReportPush", "A push of the deploy tag, which is not deployed", props.Registry.PushPattern(),
		fmt.Sprintf("Image %s was pushed as %s. It is not deployed: %s", *digest, props.Registry.Tag, retry), r.DeadLetters)
	if props.Database.Rotates() {
		props.Monitoring.Report(scope, "ReportRotation", "Another password for the database, which tasks are not given", props.Database.RotationPattern(),
			"The database's password was changed. Running tasks keep the old one, which opens no new connection: "+retry, r.DeadLetters)
	}
}
