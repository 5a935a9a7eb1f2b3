package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
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
	// A loaded machine is slow: the limit is only there to end what never happens.
	for range 1800 {
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
	digest, err := a.push(ctx, map[string]string{"cloudstruct.emulator.stalls": "true"})
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
		count, err := strconv.Atoi(answer.Attributes["ApproximateNumberOfMessages"])
		if err != nil {
			a.t.Fatal(err)
		}
		return count
	}
	a.t.Fatal("no dead-letter queue in", queues.QueueUrls)
	return 0
}

func (a testAccount) pushEvent(ctx context.Context) error {
	_, err := a.push(ctx, nil)
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
	digest, err := a.push(ctx, nil)
	if err != nil {
		return "", err
	}
	_, err = a.receiveAbout(ctx, inbox, digest)
	return "", err
}
