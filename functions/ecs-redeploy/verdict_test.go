package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

const (
	badDigest  = "sha256:bad0000000000000000000000000000000000000000000000000000000000000"
	goodDigest = "sha256:600d000000000000000000000000000000000000000000000000000000000000"
)

// evidence is an ECS with a deployment that failed, and what it left. Calls that
// it does not know fail the test by a nil pointer.
type evidence struct {
	ecsAPI
	partition string
	err       error
	sent      []*sns.PublishInput
}

func (e *evidence) arn(rest string) string {
	return "arn:" + e.partition + ":ecs:ap-southeast-2:123456789012:" + rest
}

func (e *evidence) DescribeServiceDeployments(context.Context, *ecs.DescribeServiceDeploymentsInput, ...func(*ecs.Options)) (*ecs.DescribeServiceDeploymentsOutput, error) {
	return &ecs.DescribeServiceDeploymentsOutput{ServiceDeployments: []ecstypes.ServiceDeployment{{
		DeploymentCircuitBreaker: &ecstypes.ServiceDeploymentCircuitBreaker{FailureCount: 3},
		Alarms:                   &ecstypes.ServiceDeploymentAlarms{TriggeredAlarmNames: []string{"ServerErrors"}},
	}}}, e.err
}

func (e *evidence) ListTasks(_ context.Context, in *ecs.ListTasksInput, _ ...func(*ecs.Options)) (*ecs.ListTasksOutput, error) {
	if in.DesiredStatus != ecstypes.DesiredStatusStopped {
		return nil, errors.New("wanted stopped tasks")
	}
	return &ecs.ListTasksOutput{TaskArns: []string{"1", "2", "3"}}, e.err
}

func (e *evidence) DescribeTasks(context.Context, *ecs.DescribeTasksInput, ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error) {
	task := func(id, startedBy, reason string, exit int32, stopped time.Time) ecstypes.Task {
		return ecstypes.Task{
			TaskArn: aws.String(e.arn("task/C/" + id)), StartedBy: &startedBy, StoppedReason: &reason, StoppedAt: &stopped,
			Containers: []ecstypes.Container{{Name: aws.String("api"), ExitCode: &exit, Reason: aws.String("OutOfMemoryError")}},
		}
	}
	return &ecs.DescribeTasksOutput{Tasks: []ecstypes.Task{
		task("older", "ecs-svc/42", "Essential container in task exited", 1, noon.Add(-2*time.Minute)),
		task("newer", "ecs-svc/42", "Task failed ELB health checks", 137, noon),
		task("other", "ecs-svc/41", "Scaling activity", 0, noon),
	}}, e.err
}

func (e *evidence) GetLogEvents(_ context.Context, in *cloudwatchlogs.GetLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	if *in.LogGroupName != "/ecs/api" || *in.LogStreamName != "ecs/api/newer" {
		return nil, fmt.Errorf("no stream %s in %s", *in.LogStreamName, *in.LogGroupName)
	}
	return &cloudwatchlogs.GetLogEventsOutput{Events: []logstypes.OutputLogEvent{
		{Message: aws.String("connecting to mysql://dbadmin:hunter2@db:3306/appdb")},
		{Message: aws.String("panic: no route to host\tattempt 3")},
	}}, nil
}

func (e *evidence) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	e.sent = append(e.sent, in)
	return &sns.PublishOutput{}, nil
}

// told is the message about an image that was turned back.
func (e *evidence) told(t *testing.T, good *image) (subject, body string) {
	t.Helper()
	r := &reconciler{
		settings: settings{Cluster: "C", Service: "S", Repository: "my-api", Tag: "jellybean", TopicARN: "topic", LogGroup: "/ecs/api", LogStreamPrefix: "ecs", Project: "CloudStruct", Environment: "production"},
		ecs:      e, sns: e, logs: e,
	}
	failed := attempt{arn: e.arn("service-deployment/C/S/abc"), revision: e.arn("service-revision/C/S/42"), reason: "the circuit breaker threshold was exceeded"}
	if err := r.tell(t.Context(), observation{deploy: img(badDigest), running: goodDigest}, failed, good); err != nil {
		t.Fatal(err)
	}
	if len(e.sent) != 1 || *e.sent[0].TopicArn != "topic" {
		t.Fatalf("sent %+v", e.sent)
	}
	return *e.sent[0].Subject, *e.sent[0].Message
}

func TestMessageSaysWhatHappened(t *testing.T) {
	e := &evidence{partition: "aws"}
	subject, body := e.told(t, img(goodDigest))
	if want := "CloudStruct production: image bad000000000 was turned back"; subject != want {
		t.Errorf("subject is %q, want %q", subject, want)
	}
	for _, want := range []string{
		"Image        " + badDigest, "Why          the circuit breaker threshold was exceeded", "Failed tasks 3", "Alarms       ServerErrors",
		"Runs now     " + goodDigest, "Deploy tag   my-api:jellybean is put back to " + goodDigest,
		"newer: Task failed ELB health checks", "container api: exit code 137 OutOfMemoryError", "older: Essential container in task exited",
		"panic: no route to host attempt 3",
		"aws ecr put-image --repository-name my-api --image-tag jellybean --image-digest " + badDigest,
		"https://ap-southeast-2.console.aws.amazon.com/ecs/v2/clusters/C/services/S/deployments?region=ap-southeast-2",
		"https://ap-southeast-2.console.aws.amazon.com/cloudwatch/home?region=ap-southeast-2#logsV2:log-groups/log-group/$252Fecs$252Fapi",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("message lacks %q:\n%s", want, body)
		}
	}
	for _, unwanted := range []string{"hunter2", "other:", "Scaling activity"} {
		if strings.Contains(body, unwanted) {
			t.Errorf("message has %q:\n%s", unwanted, body)
		}
	}
	if strings.Index(body, "newer:") > strings.Index(body, "older:") {
		t.Errorf("the older task comes first:\n%s", body)
	}
}

func TestMessageLinksToThePartitionsConsole(t *testing.T) {
	for partition, host := range map[string]string{"aws": "console.aws.amazon.com", "aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"} {
		if _, body := (&evidence{partition: partition}).told(t, img(goodDigest)); !strings.Contains(body, "https://ap-southeast-2."+host+"/ecs/") {
			t.Errorf("%s: no link to %s:\n%s", partition, host, body)
		}
	}
	if _, body := (&evidence{partition: "aws-elsewhere"}).told(t, img(goodDigest)); strings.Contains(body, "https://") {
		t.Errorf("a link to a console that is not known:\n%s", body)
	}
}

func TestMessageIsSentWithoutItsEvidence(t *testing.T) {
	_, body := (&evidence{partition: "aws", err: errors.New("access denied")}).told(t, nil)
	for _, want := range []string{
		"Not known: the deployment could not be read: access denied", "Not known: the stopped tasks could not be read: access denied",
		"Deploy tag   my-api:jellybean stays: no image has worked yet that it could be put back to",
	} {
		if !strings.Contains(body, want) {
			t.Errorf("message lacks %q:\n%s", want, body)
		}
	}
}

func TestSubjectIsOneShortLineOfASCII(t *testing.T) {
	for _, project := range []string{strings.Repeat("long", 60), "Çafé\nbar", ""} {
		subject := verdict{settings: settings{Project: project, Environment: "production"}, image: badDigest}.subject()
		if len(subject) > 99 || strings.ContainsFunc(subject, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("subject is %q, %d characters", subject, len(subject))
		}
	}
}

func TestSecretsAreRedacted(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"Password=hunter2;Port=3306", "Password=***;Port=3306"},
		{`{"password": "hunter 2", "port": 1}`, `{"password": ***, "port": 1}`},
		{"DB_PASSWORD: hunter2", "DB_PASSWORD: ***"},
		{"Authorization: Bearer abc.def", "Authorization: ***"},
		{"api_key=abc&page=2", "api_key=***&page=2"},
		{"mysql://root:hunter2@db/app", "mysql://root:***@db/app"},
		{"using AKIAIOSFODNN7EXAMPLE now", "using *** now"},
		{"GET /tokens 200", "GET /tokens 200"},
		{"listening on :8080", "listening on :8080"},
	} {
		if got := redact(test.line); got != test.want {
			t.Errorf("%s became %s, want %s", test.line, got, test.want)
		}
	}
}
