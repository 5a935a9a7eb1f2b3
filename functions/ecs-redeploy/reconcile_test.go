package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// failing is an AWS whose calls fail by name, and are answered by a world else.
type failing struct {
	*invocation
	errors map[string]error
}

func (f failing) BatchGetImage(ctx context.Context, in *ecr.BatchGetImageInput, o ...func(*ecr.Options)) (*ecr.BatchGetImageOutput, error) {
	if err := f.errors["BatchGetImage"]; err != nil {
		return nil, err
	}
	return f.invocation.BatchGetImage(ctx, in, o...)
}

func (f failing) PutImage(ctx context.Context, in *ecr.PutImageInput, o ...func(*ecr.Options)) (*ecr.PutImageOutput, error) {
	if err := f.errors["PutImage"]; err != nil {
		return nil, err
	}
	return f.invocation.PutImage(ctx, in, o...)
}

func (f failing) ListServiceDeployments(ctx context.Context, in *ecs.ListServiceDeploymentsInput, o ...func(*ecs.Options)) (*ecs.ListServiceDeploymentsOutput, error) {
	if err := f.errors["ListServiceDeployments"]; err != nil {
		return nil, err
	}
	return f.invocation.ListServiceDeployments(ctx, in, o...)
}

func (f failing) DescribeServiceRevisions(ctx context.Context, in *ecs.DescribeServiceRevisionsInput, o ...func(*ecs.Options)) (*ecs.DescribeServiceRevisionsOutput, error) {
	if err := f.errors["DescribeServiceRevisions"]; err != nil {
		return nil, err
	}
	return f.invocation.DescribeServiceRevisions(ctx, in, o...)
}

func (f failing) UpdateService(ctx context.Context, in *ecs.UpdateServiceInput, o ...func(*ecs.Options)) (*ecs.UpdateServiceOutput, error) {
	if err := f.errors["UpdateService"]; err != nil {
		return nil, err
	}
	return f.invocation.UpdateService(ctx, in, o...)
}

// running is a world whose placeholder runs, and in which an image was pushed.
func runningWorld() *world {
	w := newWorld(worldSettings)
	for range 3 {
		w.progress()
	}
	w.now = w.now.Add(time.Hour)
	w.move(w.newImage(works, false))
	return w
}

func (w *world) reconcilerWith(failures map[string]error) *reconciler {
	i := &invocation{world: w, pause: func(struct{}) bool { return true }}
	aws := failing{i, failures}
	return &reconciler{settings: worldSettings, ecr: aws, ecs: aws, sns: aws, logs: aws, now: func() time.Time { return w.now }, together: inTurn, decide: decide}
}

func TestPushIsDeployedAndRemembered(t *testing.T) {
	w := runningWorld()
	r := w.reconcilerWith(nil)
	answer, err := r.handle(t.Context(), pushEvent("jellybean", w.tags["jellybean"], w.now))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(answer.Did, "; "), "pointed last-good at image0000001; started a deployment of image0000003"; got != want {
		t.Errorf("did %s, want %s", got, want)
	}
	if w.forced != 1 {
		t.Errorf("%d deployments", w.forced)
	}
}

func TestErrorsOfAWSAreReturned(t *testing.T) {
	throttled := errors.New("throttled")
	for call, want := range map[string]string{
		"BatchGetImage":            "read images of repository my-api: throttled",
		"PutImage":                 "point tag last-good of repository my-api at ",
		"ListServiceDeployments":   "list deployments of service S in cluster C: throttled",
		"DescribeServiceRevisions": "read revisions of service S in cluster C: throttled",
		"UpdateService":            "redeploy service S in cluster C: throttled",
	} {
		t.Run(call, func(t *testing.T) {
			r := runningWorld().reconcilerWith(map[string]error{call: throttled})
			_, err := r.handle(t.Context(), scheduleEvent(noon))
			if !errors.Is(err, throttled) || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error is %v, want %s", err, want)
			}
		})
	}
}

func TestAnotherInvocationsWorkIsNoError(t *testing.T) {
	r := runningWorld().reconcilerWith(map[string]error{"PutImage": &ecrtypes.ImageAlreadyExistsException{}})
	if _, err := r.handle(t.Context(), scheduleEvent(noon)); err != nil {
		t.Error(err)
	}
}

// history is an ECS that remembers many deployments, or none.
type history struct {
	ecsAPI
	deployments []ecstypes.ServiceDeploymentBrief
	current     []ecstypes.ServiceCurrentRevisionSummary
	asked       int
}

func (h *history) ListServiceDeployments(_ context.Context, in *ecs.ListServiceDeploymentsInput, _ ...func(*ecs.Options)) (*ecs.ListServiceDeploymentsOutput, error) {
	from := 0
	if in.NextToken != nil {
		if _, err := fmt.Sscan(*in.NextToken, &from); err != nil {
			return nil, err
		}
	}
	to := min(from+100, len(h.deployments))
	out := &ecs.ListServiceDeploymentsOutput{ServiceDeployments: h.deployments[from:to]}
	if to < len(h.deployments) {
		out.NextToken = aws.String(fmt.Sprint(to))
	}
	return out, nil
}

func (h *history) DescribeServiceRevisions(_ context.Context, in *ecs.DescribeServiceRevisionsInput, _ ...func(*ecs.Options)) (*ecs.DescribeServiceRevisionsOutput, error) {
	if len(in.ServiceRevisionArns) > 20 {
		return nil, errors.New("more than 20 revisions")
	}
	h.asked += len(in.ServiceRevisionArns)
	out := &ecs.DescribeServiceRevisionsOutput{}
	for _, arn := range in.ServiceRevisionArns {
		out.ServiceRevisions = append(out.ServiceRevisions, ecstypes.ServiceRevision{ServiceRevisionArn: &arn, ContainerImages: []ecstypes.ContainerImage{
			{Image: aws.String("registry/sidecar:1"), ImageDigest: aws.String("sidecar")},
			{Image: aws.String("registry/my-api:jellybean"), ImageDigest: aws.String("digest of " + arn)},
		}})
	}
	return out, nil
}

func (h *history) DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error) {
	return &ecs.DescribeServicesOutput{Services: []ecstypes.Service{{CurrentServiceRevisions: h.current}}}, nil
}

func (h *history) read(t *testing.T) observation {
	t.Helper()
	r := &reconciler{settings: worldSettings, ecs: h}
	var o observation
	var err error
	if o.attempts, err = r.attempts(t.Context()); err == nil {
		err = r.resolve(t.Context(), &o)
	}
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestWholeHistoryIsReadInWhateverOrder(t *testing.T) {
	h := &history{}
	for n := range 250 {
		status := rolledBack
		if n == 117 {
			status = successful
		}
		h.deployments = append(h.deployments, ecstypes.ServiceDeploymentBrief{
			Status: status, TargetServiceRevisionArn: aws.String(fmt.Sprint(n)),
			CreatedAt: aws.Time(noon.Add(time.Duration(n*37%250) * time.Minute)), // none in its place
		})
	}
	o := h.read(t)
	if len(o.attempts) != 250 || !o.attempts[0].created.Equal(noon.Add(249*time.Minute)) {
		t.Errorf("%d attempts, the newest of %v", len(o.attempts), o.attempts[0].created)
	}
	if o.running != "digest of 117" {
		t.Errorf("%s runs", o.running)
	}
	if h.asked > 21 {
		t.Errorf("%d revisions were asked for", h.asked)
	}
}

func TestWhatRunsIsKnownWhenECSHasForgottenItsDeployment(t *testing.T) {
	revision := func(arn string, running int32) ecstypes.ServiceCurrentRevisionSummary {
		return ecstypes.ServiceCurrentRevisionSummary{Arn: &arn, RunningTaskCount: running}
	}
	underWay := []ecstypes.ServiceDeploymentBrief{{Status: inProgress, TargetServiceRevisionArn: aws.String("new"), CreatedAt: &noon}}
	for _, test := range []struct {
		name string
		h    *history
		want string
	}{
		{"nothing is remembered", &history{current: []ecstypes.ServiceCurrentRevisionSummary{revision("old", 2)}}, "digest of old"},
		{"a deployment is under way", &history{deployments: underWay, current: []ecstypes.ServiceCurrentRevisionSummary{revision("new", 1), revision("old", 2)}}, "digest of old"},
		{"the first deployment is under way", &history{deployments: underWay, current: []ecstypes.ServiceCurrentRevisionSummary{revision("new", 1)}}, ""},
		{"nothing runs", &history{current: []ecstypes.ServiceCurrentRevisionSummary{revision("old", 0)}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.h.read(t).running; got != test.want {
				t.Errorf("%q runs, want %q", got, test.want)
			}
		})
	}
}
