package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

type ecrAPI interface {
	BatchGetImage(context.Context, *ecr.BatchGetImageInput, ...func(*ecr.Options)) (*ecr.BatchGetImageOutput, error)
	DescribeImages(context.Context, *ecr.DescribeImagesInput, ...func(*ecr.Options)) (*ecr.DescribeImagesOutput, error)
	PutImage(context.Context, *ecr.PutImageInput, ...func(*ecr.Options)) (*ecr.PutImageOutput, error)
}

type ecsAPI interface {
	ListServiceDeployments(context.Context, *ecs.ListServiceDeploymentsInput, ...func(*ecs.Options)) (*ecs.ListServiceDeploymentsOutput, error)
	DescribeServiceDeployments(context.Context, *ecs.DescribeServiceDeploymentsInput, ...func(*ecs.Options)) (*ecs.DescribeServiceDeploymentsOutput, error)
	DescribeServiceRevisions(context.Context, *ecs.DescribeServiceRevisionsInput, ...func(*ecs.Options)) (*ecs.DescribeServiceRevisionsOutput, error)
	DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error)
	ListTasks(context.Context, *ecs.ListTasksInput, ...func(*ecs.Options)) (*ecs.ListTasksOutput, error)
	DescribeTasks(context.Context, *ecs.DescribeTasksInput, ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)
	UpdateService(context.Context, *ecs.UpdateServiceInput, ...func(*ecs.Options)) (*ecs.UpdateServiceOutput, error)
	StopServiceDeployment(context.Context, *ecs.StopServiceDeploymentInput, ...func(*ecs.Options)) (*ecs.StopServiceDeploymentOutput, error)
}

type snsAPI interface {
	Publish(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
}

type logsAPI interface {
	GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error)
}

type secretsAPI interface {
	DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
}

type reconciler struct {
	settings settings
	ecr      ecrAPI
	ecs      ecsAPI
	sns      snsAPI
	logs     logsAPI
	secrets  secretsAPI // nil when the password does not change by itself

	// revisions are the images of service revisions, by ARN, as far as known.
	revisions sync.Map

	// What tests put others in for.
	now      func() time.Time
	together func(context.Context, ...func(context.Context) error) error
	decide   func(observation, wake, settings) plan
}

// answerTime is kept of the function's time to answer.
const answerTime = time.Second

// outcome is the function's answer, for who invokes it by hand.
type outcome struct {
	Did     []string `json:"did"`
	Because string   `json:"because"`
}

func (r *reconciler) handle(ctx context.Context, raw json.RawMessage) (outcome, error) {
	w, ours := r.settings.parse(raw)
	if !ours {
		slog.Info("event is not about this service")
		return outcome{Did: []string{}, Because: "the event is not about this service"}, nil
	}
	// An error that is returned says more than a function that is stopped.
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
	}
	return r.reconcile(ctx, w)
}

// reconcile looks and acts. When it has moved the deploy tag it does so again:
// what is under the tag now may have to be deployed.
func (r *reconciler) reconcile(ctx context.Context, w wake) (outcome, error) {
	all := outcome{Did: []string{}}
	for {
		o, err := r.observe(ctx)
		if err != nil {
			return all, err
		}
		p := r.decide(o, w, r.settings)
		did, moved, err := r.act(ctx, o, p)
		if all.Because == "" || len(did) > 0 {
			all.Because = p.because
		}
		all.Did = append(all.Did, did...)
		slog.Info("reconciled", "cause", string(w.cause), "did", did, "because", p.because)
		if err != nil || !moved || w.cause == restored {
			return all, err
		}
		w = wake{cause: restored, at: r.now()}
	}
}

// act takes a plan's steps, and tells whether it moved the deploy tag. A step
// that fails ends it: the next wake sees what is left to do.
func (r *reconciler) act(ctx context.Context, o observation, p plan) (did []string, moved bool, err error) {
	did = []string{}
	good := o.good
	if p.good != "" {
		marked, err := r.markGood(ctx, o, p.good)
		if err != nil {
			return did, false, err
		}
		if marked != nil {
			good = marked
			did = append(did, "pointed "+lastGood+" at "+short(marked.digest))
		}
	}
	if p.turnedBack != nil {
		if err := r.tell(ctx, o, *p.turnedBack, good); err != nil {
			return did, false, err
		}
		did = append(did, "told why "+short(o.deploy.digest)+" was turned back")
	}
	if p.restore && good != nil {
		if moved, err = r.restore(ctx, o, good); err != nil {
			return did, false, err
		}
		if moved {
			did = append(did, "pointed "+r.settings.Tag+" at "+short(good.digest))
		}
	}
	if p.stop != "" {
		if err := r.stop(ctx, p.stop); err != nil {
			return did, moved, err
		}
		did = append(did, "stopped a deployment that could not start")
	}
	if p.deploy {
		started, err := r.deploy(ctx, o)
		if err != nil {
			return did, moved, err
		}
		if started {
			did = append(did, "started a deployment of "+short(o.deploy.digest))
		}
	}
	return did, moved, nil
}

// markGood points last-good at a digest. It is nil when ECR has no such image any
// more.
func (r *reconciler) markGood(ctx context.Context, o observation, digest string) (*image, error) {
	good := o.deploy
	if good == nil || good.digest != digest {
		var err error
		if good, err = r.image(ctx, ecrtypes.ImageIdentifier{ImageDigest: &digest}); err != nil {
			return nil, err
		}
	}
	if good == nil {
		slog.Warn("image that runs is not in the repository", "digest", digest)
		return nil, nil
	}
	return good, r.point(ctx, lastGood, good)
}

// restore points the deploy tag at the good image, unless it was moved since it
// was read. A push between this second look and the write is lost: ECR can't
// compare and swap.
func (r *reconciler) restore(ctx context.Context, o observation, good *image) (bool, error) {
	now, err := r.image(ctx, ecrtypes.ImageIdentifier{ImageTag: &r.settings.Tag})
	if err != nil {
		return false, err
	}
	if moved := now != nil && (o.deploy == nil || now.digest != o.deploy.digest); moved {
		slog.Info("deploy tag was moved meanwhile", "digest", now.digest)
		return false, nil
	}
	return true, r.point(ctx, r.settings.Tag, good)
}

func (r *reconciler) point(ctx context.Context, tag string, at *image) error {
	_, err := r.ecr.PutImage(ctx, &ecr.PutImageInput{
		RepositoryName:         &r.settings.Repository,
		ImageTag:               &tag,
		ImageManifest:          &at.manifest,
		ImageManifestMediaType: &at.mediaType,
		ImageDigest:            &at.digest,
	})
	var already *ecrtypes.ImageAlreadyExistsException
	if errors.As(err, &already) {
		return nil // another invocation was faster
	}
	if err != nil {
		return fmt.Errorf("point tag %s of repository %s at %s: %w", tag, r.settings.Repository, at.digest, err)
	}
	return nil
}

func (r *reconciler) stop(ctx context.Context, arn string) error {
	_, err := r.ecs.StopServiceDeployment(ctx, &ecs.StopServiceDeploymentInput{
		ServiceDeploymentArn: &arn, StopType: ecstypes.StopServiceDeploymentStopTypeRollback,
	})
	var ended *ecstypes.ConflictException
	if errors.As(err, &ended) {
		return nil // it ended meanwhile
	}
	if err != nil {
		return fmt.Errorf("stop deployment %s: %w", arn, err)
	}
	return nil
}

// fresh is how old a look may be when it is acted on. A second look takes part of
// a second itself.
const fresh = time.Second

// deploy starts a new deployment, unless another one began since the look that
// asked for it.
func (r *reconciler) deploy(ctx context.Context, o observation) (bool, error) {
	if r.now().Sub(o.now) > fresh {
		now, err := r.attempts(ctx)
		if err != nil {
			return false, err
		}
		if len(now) > 0 && (len(o.attempts) == 0 || now[0].arn != o.attempts[0].arn) {
			slog.Info("a deployment began meanwhile", "deployment", now[0].arn)
			return false, nil
		}
	}
	_, err := r.ecs.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: &r.settings.Cluster, Service: &r.settings.Service, ForceNewDeployment: true,
	})
	if err != nil {
		return false, fmt.Errorf("redeploy service %s in cluster %s: %w", r.settings.Service, r.settings.Cluster, err)
	}
	return true, nil
}

// short is a digest as people tell images apart: twelve characters.
func short(digest string) string {
	const prefix = len("sha256:")
	if len(digest) < prefix+12 {
		return digest
	}
	return digest[prefix : prefix+12]
}
