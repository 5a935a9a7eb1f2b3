package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"golang.org/x/sync/errgroup"
)

// lastGood is the tag of the image that last completed a deployment.
const lastGood = "last-good"

// image is what a tag names.
type image struct {
	digest    string
	children  []string // of a multi-arch index: the images it lists
	manifest  string
	mediaType string
	// pushedAt is only known where the decision needs it.
	pushedAt time.Time
}

// is tells whether a digest is this image's. ECS may report the index, or the
// image in it that it runs.
func (i *image) is(digest string) bool {
	return i != nil && digest != "" && (i.digest == digest || slices.Contains(i.children, digest))
}

// attempt is a service deployment: an attempt to run an image.
type attempt struct {
	arn      string
	status   ecstypes.ServiceDeploymentStatus
	image    string // as the task definition names it
	digest   string // unknown until the first task has resolved the tag
	reason   string
	created  time.Time
	finished time.Time
	revision string
}

// observation is everything that a decision depends on.
type observation struct {
	now      time.Time
	deploy   *image // under the deploy tag; nil when there is none
	good     *image // under last-good; nil when there is none
	attempts []attempt
	running  string    // the digest that completed a deployment last
	rotated  time.Time // when the database's password was changed last; zero for never
}

// attemptsRead is how many of the newest attempts are looked into: as many as
// ECS describes in one call.
const attemptsRead = 20

func (r *reconciler) observe(ctx context.Context) (observation, error) {
	o := observation{now: r.now()}
	reads := []func(context.Context) error{func(ctx context.Context) (err error) {
		o.deploy, o.good, err = r.tagged(ctx)
		return err
	}, func(ctx context.Context) (err error) {
		o.attempts, err = r.attempts(ctx)
		return err
	}}
	if r.secrets != nil {
		reads = append(reads, func(ctx context.Context) (err error) {
			o.rotated, err = r.rotationTime(ctx)
			return err
		})
	}
	if err := r.together(ctx, reads...); err != nil {
		return o, err
	}
	if err := r.resolve(ctx, &o); err != nil {
		return o, err
	}
	if o.deploy != nil && needsPushTime(o.attempts) {
		var err error
		if o.deploy.pushedAt, err = r.pushTime(ctx, o.deploy.digest); err != nil {
			return o, err
		}
	}
	return o, nil
}

// atOnce runs reads that do not wait for each other, and gives the first error.
func atOnce(ctx context.Context, reads ...func(context.Context) error) error {
	group, ctx := errgroup.WithContext(ctx)
	last := len(reads) - 1
	for _, read := range reads[:last] {
		group.Go(func() error { return read(ctx) })
	}
	// The last needs no goroutine, whose stack would have to grow first.
	return errors.Join(reads[last](ctx), group.Wait())
}

// manifestTypes lets ECR answer with an index where the tag names one.
var manifestTypes = []string{
	"application/vnd.oci.image.index.v1+json",
	"application/vnd.docker.distribution.manifest.list.v2+json",
	"application/vnd.oci.image.manifest.v1+json",
	"application/vnd.docker.distribution.manifest.v2+json",
}

// tagged reads what the two tags name; nil for one that names nothing.
func (r *reconciler) tagged(ctx context.Context) (deploy, good *image, err error) {
	found, missing, err := r.images(ctx, ecrtypes.ImageIdentifier{ImageTag: &r.settings.Tag}, ecrtypes.ImageIdentifier{ImageTag: aws.String(lastGood)})
	if err != nil {
		return nil, nil, err
	}
	deploy, good = found[r.settings.Tag], found[lastGood]
	// A tag that is neither found nor missing names the same image as the other.
	if deploy == nil && !missing[r.settings.Tag] {
		deploy = good
	}
	if good == nil && !missing[lastGood] {
		good = deploy
	}
	return deploy, good, nil
}

// image reads one image; nil when there is none.
func (r *reconciler) image(ctx context.Context, id ecrtypes.ImageIdentifier) (*image, error) {
	found, _, err := r.images(ctx, id)
	for _, i := range found {
		return i, err
	}
	return nil, err
}

// images reads several, by tag where they have one. Missing are the tags that
// name no image.
func (r *reconciler) images(ctx context.Context, ids ...ecrtypes.ImageIdentifier) (found map[string]*image, missing map[string]bool, err error) {
	answer, err := r.ecr.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RepositoryName: &r.settings.Repository, ImageIds: ids, AcceptedMediaTypes: manifestTypes,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read images of repository %s: %w", r.settings.Repository, err)
	}
	found, missing = map[string]*image{}, map[string]bool{}
	for _, failure := range answer.Failures {
		if failure.FailureCode != ecrtypes.ImageFailureCodeImageNotFound || failure.ImageId == nil {
			return nil, nil, fmt.Errorf("read images of repository %s: %s: %s", r.settings.Repository, failure.FailureCode, aws.ToString(failure.FailureReason))
		}
		missing[aws.ToString(failure.ImageId.ImageTag)] = true
	}
	for _, i := range answer.Images {
		if i.ImageId == nil {
			return nil, nil, fmt.Errorf("read images of repository %s: no digest in ECR's answer", r.settings.Repository)
		}
		if found[aws.ToString(i.ImageId.ImageTag)], err = newImage(i); err != nil {
			return nil, nil, fmt.Errorf("read manifest of image %s: %w", aws.ToString(i.ImageId.ImageDigest), err)
		}
	}
	return found, missing, nil
}

func newImage(from ecrtypes.Image) (*image, error) {
	i := &image{
		digest:    aws.ToString(from.ImageId.ImageDigest),
		manifest:  aws.ToString(from.ImageManifest),
		mediaType: aws.ToString(from.ImageManifestMediaType),
	}
	var index struct {
		Manifests []struct {
			Digest string `json:"digest"`
		} `json:"manifests"`
	}
	if err := json.Unmarshal([]byte(i.manifest), &index); err != nil {
		return nil, err
	}
	for _, child := range index.Manifests {
		i.children = append(i.children, child.Digest)
	}
	return i, nil
}

func (r *reconciler) pushTime(ctx context.Context, digest string) (time.Time, error) {
	answer, err := r.ecr.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: &r.settings.Repository,
		ImageIds:       []ecrtypes.ImageIdentifier{{ImageDigest: &digest}},
	})
	var gone *ecrtypes.ImageNotFoundException
	if errors.As(err, &gone) {
		return r.now(), nil // deleted meanwhile: no attempt was its own
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read push time of image %s: %w", digest, err)
	}
	for _, detail := range answer.ImageDetails {
		return aws.ToTime(detail.ImagePushedAt), nil
	}
	return r.now(), nil
}

func (r *reconciler) rotationTime(ctx context.Context) (time.Time, error) {
	secret, err := r.secrets.DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &r.settings.SecretARN})
	if err != nil {
		return time.Time{}, fmt.Errorf("read rotation time of secret %s: %w", r.settings.SecretARN, err)
	}
	return aws.ToTime(secret.LastRotatedDate), nil
}

// attempts lists what ECS remembers, 90 days, newest first.
func (r *reconciler) attempts(ctx context.Context) ([]attempt, error) {
	var list []attempt
	input := &ecs.ListServiceDeploymentsInput{
		Cluster: &r.settings.Cluster, Service: &r.settings.Service, MaxResults: aws.Int32(100),
	}
	for {
		page, err := r.ecs.ListServiceDeployments(ctx, input)
		if err != nil {
			return nil, fmt.Errorf("list deployments of service %s in cluster %s: %w", r.settings.Service, r.settings.Cluster, err)
		}
		for _, d := range page.ServiceDeployments {
			list = append(list, attempt{
				arn:      aws.ToString(d.ServiceDeploymentArn),
				status:   d.Status,
				reason:   aws.ToString(d.StatusReason),
				created:  aws.ToTime(d.CreatedAt),
				finished: aws.ToTime(d.FinishedAt),
				revision: aws.ToString(d.TargetServiceRevisionArn),
			})
		}
		if input.NextToken = page.NextToken; input.NextToken == nil {
			break
		}
	}
	// The order of the answer is not documented.
	slices.SortStableFunc(list, newerFirst)
	return list, nil
}

// newerFirst puts attempts that began at the same moment by their end: only the
// newest can be in flight.
func newerFirst(a, b attempt) int {
	switch {
	case !a.created.Equal(b.created):
		return b.created.Compare(a.created)
	case a.finished.IsZero():
		return -1
	case b.finished.IsZero():
		return 1
	}
	return b.finished.Compare(a.finished)
}

// resolve fills in the digests of the newest attempts, and which image runs.
func (r *reconciler) resolve(ctx context.Context, o *observation) error {
	wanted := map[string]bool{}
	for i, a := range o.attempts {
		if i < attemptsRead {
			wanted[a.revision] = true
		}
	}
	success := slices.IndexFunc(o.attempts, func(a attempt) bool { return a.status == ecstypes.ServiceDeploymentStatusSuccessful })
	var current string
	if success >= 0 {
		wanted[o.attempts[success].revision] = true
	} else {
		var err error
		if current, err = r.currentRevision(ctx, o.attempts); err != nil {
			return err
		}
		wanted[current] = true
	}
	delete(wanted, "")
	images, err := r.containerImages(ctx, wanted)
	if err != nil {
		return err
	}
	for i, a := range o.attempts {
		o.attempts[i].image = aws.ToString(images[a.revision].Image)
		o.attempts[i].digest = aws.ToString(images[a.revision].ImageDigest)
	}
	if success >= 0 {
		current = o.attempts[success].revision
	}
	o.running = aws.ToString(images[current].ImageDigest)
	return nil
}

// currentRevision is the revision that runs although no deployment of it is
// remembered: the service's only one, beside the one that is being tried.
func (r *reconciler) currentRevision(ctx context.Context, attempts []attempt) (string, error) {
	answer, err := r.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &r.settings.Cluster, Services: []string{r.settings.Service}})
	if err != nil {
		return "", fmt.Errorf("read service %s in cluster %s: %w", r.settings.Service, r.settings.Cluster, err)
	}
	for _, service := range answer.Services {
		for _, revision := range service.CurrentServiceRevisions {
			arn := aws.ToString(revision.Arn)
			tried := slices.ContainsFunc(attempts, func(a attempt) bool { return a.revision == arn })
			if !tried && revision.RunningTaskCount > 0 {
				return arn, nil
			}
		}
	}
	return "", nil
}

// containerImages reads which image each revision is of. What was read once is
// kept: a revision never changes its image.
func (r *reconciler) containerImages(ctx context.Context, revisions map[string]bool) (map[string]ecstypes.ContainerImage, error) {
	images := map[string]ecstypes.ContainerImage{}
	var unknown []string
	for arn := range revisions {
		if known, ok := r.revisions.Load(arn); ok {
			images[arn] = known.(ecstypes.ContainerImage)
		} else {
			unknown = append(unknown, arn)
		}
	}
	slices.Sort(unknown)
	for arns := range slices.Chunk(unknown, attemptsRead) {
		answer, err := r.ecs.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: arns})
		if err != nil {
			return nil, fmt.Errorf("read revisions of service %s in cluster %s: %w", r.settings.Service, r.settings.Cluster, err)
		}
		for _, revision := range answer.ServiceRevisions {
			arn, image := aws.ToString(revision.ServiceRevisionArn), r.own(revision.ContainerImages)
			images[arn] = image
			if aws.ToString(image.ImageDigest) != "" {
				r.revisions.Store(arn, image)
			}
		}
	}
	return images, nil
}

// own is the container whose image is from our repository, should somebody have
// added others, or else the first.
func (r *reconciler) own(images []ecstypes.ContainerImage) ecstypes.ContainerImage {
	for _, i := range images {
		_, path, _ := strings.Cut(aws.ToString(i.Image), "/")
		if strings.HasPrefix(path, r.settings.Repository+":") || strings.HasPrefix(path, r.settings.Repository+"@") {
			return i
		}
	}
	if len(images) == 0 {
		return ecstypes.ContainerImage{}
	}
	return images[0]
}
