package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// What is here happens seldom, and needs permissions that nothing else does.

// control asks the emulator for what AWS has no API for.
func (a testAccount) control(what string, body any) {
	a.t.Helper()
	content, err := json.Marshal(body)
	if err != nil {
		a.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.emulator.origin+"/_emulator/"+what, bytes.NewReader(content))
	if err != nil {
		a.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		a.t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		a.t.Fatalf("%s: %s", what, answer.Status)
	}
}

// pass lets time go by, and with it the schedule of the release loop.
func (a testAccount) pass(d time.Duration) {
	a.t.Helper()
	a.control("clock", map[string]any{"seconds": int(d.Seconds())})
}

// until waits for something that the account shows.
func (a testAccount) until(what string, shown func() bool) {
	a.t.Helper()
	for range 300 {
		if shown() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	a.t.Fatal("waited in vain for", what)
}

// stallingRelease pushes an image that no task can start, until the loop stops its
// deployment and rejects it.
func (a testAccount) stallingRelease(ctx context.Context) (string, error) {
	before, err := a.running(ctx)
	if err != nil {
		return "", err
	}
	image, err := newImage(map[string]string{"cloudstruct.emulator.stalls": "true"})
	if err != nil {
		return "", err
	}
	digest, err := a.pushAs(ctx, a.config.Image.Tag, image)
	if err != nil {
		return "", err
	}
	a.until("a deployment that stalls", func() bool { return a.deployments(ecstypes.ServiceDeploymentStatusInProgress) > 0 })
	if tagged, err := a.tagged(a.config.Image.Tag)(ctx); err != nil || tagged != digest {
		return "", fmt.Errorf("the deploy tag names %s while its deployment starts, %w", tagged, err)
	}
	a.pass(a.config.Service.Deployment.Deadline + time.Minute)
	return "", a.await(ctx, "the deploy tag to be restored", a.tagged(a.config.Image.Tag), before)
}

// deployments counts those of a status.
func (a testAccount) deployments(status ecstypes.ServiceDeploymentStatus) int {
	a.t.Helper()
	answer, err := a.clients.ecs.ListServiceDeployments(a.t.Context(), &ecs.ListServiceDeploymentsInput{
		Cluster: aws.String(a.outputs["ClusterName"]), Service: aws.String(a.outputs["ServiceName"]), Status: []ecstypes.ServiceDeploymentStatus{status},
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return len(answer.ServiceDeployments)
}

// forget lets ECS forget its deployments, as it does after 90 days. The loop then has to
// read the service itself to know what runs.
func (a testAccount) forget() {
	a.t.Helper()
	a.until("the end of deployments", func() bool {
		return a.deployments(ecstypes.ServiceDeploymentStatusInProgress)+a.deployments(ecstypes.ServiceDeploymentStatusRollbackInProgress) == 0
	})
	a.pass(91 * 24 * time.Hour)
	answer, err := a.clients.lambda.Invoke(a.t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String(a.outputs["RedeployFunctionName"]), Payload: []byte(`{"source": "aws.events", "detail-type": "Scheduled Event"}`),
	})
	if err != nil {
		a.t.Fatal(err)
	}
	if !strings.Contains(string(answer.Payload), "the image under the deploy tag runs") {
		a.t.Errorf("without a deployment to remember, the loop says %s", answer.Payload)
	}
}

func (a testAccount) targetsDown() string { return filepath.Join(a.folder, "targets-are-down") }

// loseEvents has every rule fail to reach its target, and wants its dead-letter queue to
// have the event: one each from as many rules as there are.
func (a testAccount) loseEvents(causes ...func(context.Context) error) {
	a.t.Helper()
	ctx := a.t.Context()
	if err := os.WriteFile(a.targetsDown(), nil, 0o644); err != nil {
		a.t.Fatal(err)
	}
	before := a.deadLetters()
	for _, cause := range causes {
		if err := cause(ctx); err != nil {
			a.t.Fatal(err)
		}
	}
	a.until("the dead letters", func() bool { return a.deadLetters() >= before+len(causes) })
	if err := os.Remove(a.targetsDown()); err != nil {
		a.t.Fatal(err)
	}
}

// deadLetters counts the messages in the dead-letter queue.
func (a testAccount) deadLetters() int {
	a.t.Helper()
	queues, err := a.clients.sqs.ListQueues(a.t.Context(), &sqs.ListQueuesInput{})
	if err != nil {
		a.t.Fatal(err)
	}
	for _, url := range queues.QueueUrls {
		if !strings.Contains(url, "DeadLetters") {
			continue
		}
		answer, err := a.clients.sqs.GetQueueAttributes(a.t.Context(), &sqs.GetQueueAttributesInput{
			QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages},
		})
		if err != nil {
			a.t.Fatal(err)
		}
		count := 0
		fmt.Sscan(answer.Attributes["ApproximateNumberOfMessages"], &count)
		return count
	}
	a.t.Fatal("no dead-letter queue in", queues.QueueUrls)
	return 0
}

func (a testAccount) pushEvent(ctx context.Context) error {
	_, err := a.push(ctx, "")
	return err
}

func (a testAccount) deploymentEvent(ctx context.Context) error {
	_, err := a.clients.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: aws.String(a.outputs["ClusterName"]), Service: aws.String(a.outputs["ServiceName"]), ForceNewDeployment: true,
	})
	return err
}

func (a testAccount) scheduleEvent(context.Context) error {
	a.pass(6 * time.Minute)
	return nil
}

func (a testAccount) rotationEvent(context.Context) error {
	a.changePassword()
	return nil
}

func (a testAccount) placementEvent(context.Context) error {
	service := fmt.Sprintf("arn:aws:ecs:%s:%s:service/%s/%s", region, account, a.outputs["ClusterName"], a.outputs["ServiceName"])
	a.control("event", map[string]any{
		"source": "aws.ecs", "detail_type": "ECS Service Action", "resources": []string{service},
		"detail": map[string]any{
			"eventType": "ERROR", "eventName": "SERVICE_TASK_PLACEMENT_FAILURE", "reason": "RESOURCE:FARGATE",
			"clusterArn": a.outputs["ClusterArn"], "createdAt": time.Now().UTC().Format(time.RFC3339),
		},
	})
	return nil
}

// failFunction takes a permission from the function until Lambda gives an event up.
func (a testAccount) failFunction() {
	a.t.Helper()
	role := ""
	resources, err := a.resources(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	for _, r := range resources {
		if strings.HasPrefix(aws.ToString(r.LogicalResourceId), "ReleaseRole") && aws.ToString(r.ResourceType) == "AWS::IAM::Role" {
			role = aws.ToString(r.PhysicalResourceId)
		}
	}
	policy := `{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Deny\",\"Action\":\"ecs:ListServiceDeployments\",\"Resource\":\"*\"}]}`
	a.python(&struct{}{}, "call.py", "iam", "put_role_policy", fmt.Sprintf(`{"RoleName": %q, "PolicyName": %q, "PolicyDocument": "%s"}`, role, outage, policy))
	before := a.deadLetters()
	a.pass(6 * time.Minute)
	a.until("the function's dead letter", func() bool { return a.deadLetters() > before })
	a.python(&struct{}{}, "call.py", "iam", "delete_role_policy", fmt.Sprintf(`{"RoleName": %q, "PolicyName": %q}`, role, outage))
}

// ringAlarm has an alarm go off, and waits for what people are sent.
func (a testAccount) ringAlarm(ctx context.Context) (string, error) {
	alarm := ""
	resources, err := a.resources(ctx)
	if err != nil {
		return "", err
	}
	for _, r := range resources {
		if aws.ToString(r.ResourceType) == "AWS::CloudWatch::Alarm" {
			alarm = aws.ToString(r.PhysicalResourceId)
		}
	}
	inbox, err := a.subscribe(ctx)
	if err != nil {
		return "", err
	}
	a.python(&struct{}{}, "call.py", "cloudwatch", "set_alarm_state", fmt.Sprintf(`{"AlarmName": %q, "StateValue": "ALARM", "StateReason": "a test"}`, alarm))
	_, err = a.receiveAbout(ctx, inbox, alarm)
	return "", err
}

// reportedPush pushes while the loop is off, and waits for what people are sent.
func (a testAccount) reportedPush(ctx context.Context) (string, error) {
	inbox, err := a.subscribe(ctx)
	if err != nil {
		return "", err
	}
	digest, err := a.push(ctx, "")
	if err != nil {
		return "", err
	}
	_, err = a.receiveAbout(ctx, inbox, digest)
	return "", err
}

// token is what GitHub gives a job, unsigned.
func token(repository, ref, subject string) string {
	claims, err := json.Marshal(map[string]string{
		"iss": "https://token.actions.githubusercontent.com", "aud": "sts.amazonaws.com", "repository": repository, "ref": ref, "sub": subject,
	})
	if err != nil {
		panic(err)
	}
	return "e30." + base64.RawURLEncoding.EncodeToString(claims) + "."
}

const githubRepository, githubRef = "owner/name", "refs/heads/main"

// workflowTokens are those of jobs, and which of them the role trusts.
// https://docs.github.com/en/actions/reference/security/oidc
var workflowTokens = []struct {
	name, repository, ref, subject string
	trusted                        bool
}{
	{"the branch", githubRepository, githubRef, "repo:owner/name:ref:refs/heads/main", true},
	{"the branch, numbered", githubRepository, githubRef, "repo:owner@123/name@456:ref:refs/heads/main", true},
	{"another branch", githubRepository, "refs/heads/other", "repo:owner/name:ref:refs/heads/other", false},
	{"another branch, numbered", githubRepository, "refs/heads/other", "repo:owner@123/name@456:ref:refs/heads/other", false},
	{"a tag of the branch's name, numbered", githubRepository, "refs/tags/main", "repo:owner@123/name@456:ref:refs/tags/main", false},
	{"a pull request", githubRepository, "refs/pull/1/merge", "repo:owner/name:pull_request", false},
	{"a pull request, numbered", githubRepository, "refs/pull/1/merge", "repo:owner@123/name@456:pull_request", false},
	{"an environment, numbered", githubRepository, githubRef, "repo:owner@123/name@456:environment:live", false},
	{"another repository", "owner/other", githubRef, "repo:owner/other:ref:refs/heads/main", false},
	{"another repository, numbered", "owner/other", githubRef, "repo:owner@123/other@789:ref:refs/heads/main", false},
	{"another owner, numbered", "somebody/name", githubRef, "repo:somebody@321/name@654:ref:refs/heads/main", false},
}

// assumeAsWorkflow takes on the role with each token, and gives the session of the first.
func (a testAccount) assumeAsWorkflow() clients {
	a.t.Helper()
	var session clients
	for i, w := range workflowTokens {
		answer, err := a.clients.sts.AssumeRoleWithWebIdentity(a.t.Context(), &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String(a.outputs["GithubRoleArn"]), RoleSessionName: aws.String("release"),
			WebIdentityToken: aws.String(token(w.repository, w.ref, w.subject)),
		})
		var refused smithy.APIError
		switch {
		case w.trusted && err != nil:
			a.t.Errorf("%s is refused: %v", w.name, err)
		case !w.trusted && !(errors.As(err, &refused) && refused.ErrorCode() == "AccessDenied"):
			a.t.Errorf("%s is not refused: %v", w.name, err)
		case i == 0:
			c := answer.Credentials
			session = newClients(a.emulator.origin, credentials.NewStaticCredentialsProvider(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken))
		}
	}
	return session
}

// releaseAsWorkflow does what release-image.yml does for a commit that fails.
func (a testAccount) releaseAsWorkflow(ctx context.Context) (string, error) {
	as := a.assumeAsWorkflow()
	if a.t.Failed() {
		a.t.FailNow()
	}
	before, err := a.running(ctx)
	if err != nil {
		return "", err
	}
	workflow := testAccount{&tour{config: a.config, outputs: a.outputs, clients: as}, a.t}
	image, err := newImage(map[string]string{"cloudstruct.emulator.fails": "panic: no table"})
	if err != nil {
		return "", err
	}
	digest, err := workflow.pushAs(ctx, "0123456789abcdef", image)
	if err != nil {
		return "", err
	}
	if err := workflow.giveTag(ctx, digest); err != nil {
		return "", err
	}
	if err := a.await(ctx, "the deploy tag to be restored", workflow.tagged(a.config.Image.Tag), before); err != nil {
		return "", err
	}
	return "", workflow.readVerdict(ctx)
}

// giveTag points the deploy tag at an image.
func (a testAccount) giveTag(ctx context.Context, digest string) error {
	found, err := a.clients.ecr.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RepositoryName: &a.config.Image.Repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: &digest}},
	})
	if err != nil {
		return err
	}
	_, err = a.clients.ecr.PutImage(ctx, &ecr.PutImageInput{
		RepositoryName: &a.config.Image.Repository, ImageTag: &a.config.Image.Tag, ImageDigest: &digest,
		ImageManifest: found.Images[0].ImageManifest, ImageManifestMediaType: found.Images[0].ImageManifestMediaType,
	})
	return err
}

// readVerdict reads what the workflow tells of a deployment that failed.
func (a testAccount) readVerdict(ctx context.Context) error {
	cluster, service := aws.String(a.outputs["ClusterName"]), aws.String(a.outputs["ServiceName"])
	list, err := a.clients.ecs.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{Cluster: cluster, Service: service})
	if err != nil {
		return err
	}
	for _, d := range list.ServiceDeployments {
		if !strings.HasPrefix(string(d.Status), "ROLLBACK") {
			continue
		}
		if _, err := a.clients.ecs.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{*d.TargetServiceRevisionArn}}); err != nil {
			return err
		}
		if _, err := a.clients.ecs.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{*d.ServiceDeploymentArn}}); err != nil {
			return err
		}
	}
	tasks, err := a.clients.ecs.ListTasks(ctx, &ecs.ListTasksInput{Cluster: cluster, ServiceName: service, DesiredStatus: ecstypes.DesiredStatusStopped})
	if err != nil {
		return err
	}
	_, err = a.clients.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: cluster, Tasks: tasks.TaskArns})
	return err
}
