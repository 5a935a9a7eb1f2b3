package main

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// world is ECR and ECS as the release loop meets them: tags that people and the
// function move, and deployments that take a tag's image when their first task
// starts, keep it, and end well or are rolled back.
type world struct {
	now         time.Time
	settings    settings
	images      map[string]*worldImage
	tags        map[string]string // to digests
	deployments []*worldDeployment
	running     string          // the digest that runs
	rotated     time.Time       // when the database's password was changed last
	completed   map[string]bool // digests that have completed a deployment
	published   map[string]int  // messages, by the digest that they are about
	pending     []json.RawMessage
	serial      int

	disturbances int // what people did that a deployment may answer
	forced       int // deployments that the function started

	// tells has ECS and ECR tell of what happens; each event is for pending.
	tells func(event json.RawMessage)
	// violated is told of a broken invariant.
	violated func(format string, args ...any)
	// trace is told what happens.
	trace func(format string, args ...any)
}

// behaviour is what becomes of a deployment of an image.
type behaviour int

const (
	works      behaviour = iota
	fails                // its tasks start, and do not become healthy
	errs                 // its tasks are healthy, and raise an alarm when requests reach them
	unpullable           // no task starts, and ECS notices
	stalls               // no task starts, and ECS does not notice
)

type worldImage struct {
	digest    string
	child     string // of an index, the image in it that runs; else empty
	manifest  string
	pushedAt  time.Time
	behaviour behaviour
}

type worldDeployment struct {
	arn, revision string
	status        ecstypes.ServiceDeploymentStatus
	image         *worldImage // nil until the first task has resolved the tag
	doomed        behaviour   // of the image that it could not pull
	shifted       int         // how far requests are
	tried         bool        // whether the first task was
	created       time.Time
	finished      time.Time
	fromStack     bool
	turnedBack    bool // at some time, whatever became of it
}

func (d *worldDeployment) inFlight() bool { return isActive(d.status) || isRollingBack(d.status) }

var worldSettings = settings{
	Cluster: "C", Service: "S", Repository: "my-api", Tag: "jellybean", TopicARN: "topic",
	Deadline: 20 * time.Minute, LogGroup: "logs", LogStreamPrefix: "ecs", Project: "P", Environment: "E",
	SecretARN: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:S-AbCdEf",
}

// shifting are the settings of a service where requests are shifted to the new
// tasks. ECS then lets a deployment run on whose tasks do not become healthy.
func shifting() settings {
	s := worldSettings
	s.Limit = 35 * time.Minute
	return s
}

// newWorld is just deployed: the placeholder is under the deploy tag and its
// deployment begins.
func newWorld(s settings) *world {
	w := &world{
		settings: s,
		now:      time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		images:   map[string]*worldImage{}, tags: map[string]string{},
		completed: map[string]bool{}, published: map[string]int{},
		violated: func(format string, args ...any) { panic(fmt.Sprintf(format, args...)) },
	}
	w.trace = func(string, ...any) {}
	w.tells = func(event json.RawMessage) { w.pending = append(w.pending, event) }
	w.move(w.newImage(works, false))
	w.begin(false)
	return w
}

func (w *world) newImage(b behaviour, index bool) *worldImage {
	w.serial++
	i := &worldImage{digest: fmt.Sprintf("sha256:image%07d%052d", w.serial, 0), manifest: `{"config":{}}`, behaviour: b, pushedAt: w.now}
	if index {
		i.child = fmt.Sprintf("sha256:child%07d%052d", w.serial, 0)
		i.manifest = fmt.Sprintf(`{"manifests":[{"digest":"sha256:other"},{"digest":%q}]}`, i.child)
	}
	w.images[i.digest] = i
	return i
}

// move is a person who points the deploy tag at an image: a push, or a re-tag.
func (w *world) move(i *worldImage) {
	w.tags[worldSettings.Tag] = i.digest
	w.disturbances++
	w.trace("a person gives the deploy tag to %s (%d)", short(i.digest), i.behaviour)
	w.tells(pushEvent(worldSettings.Tag, i.digest, w.now))
}

func pushEvent(tag, digest string, at time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{"source":"aws.ecr","detail-type":"ECR Image Action","time":%q,"resources":[],"detail":{"result":"SUCCESS","repository-name":"my-api","image-digest":%q,"action-type":"PUSH","image-tag":%q}}`,
		at.UTC().Format(time.RFC3339), digest, tag)
}

func deploymentEvent(name string, at time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{"source":"aws.ecs","detail-type":"ECS Deployment State Change","time":%q,"resources":["arn:aws:ecs:eu-west-1:123456789012:service/C/S"],"detail":{"eventName":%q}}`,
		at.UTC().Format(time.RFC3339), name)
}

func scheduleEvent(at time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{"source":"aws.events","detail-type":"Scheduled Event","time":%q,"resources":[],"detail":{}}`, at.UTC().Format(time.RFC3339))
}

// rotate changes the database's password.
func (w *world) rotate() {
	w.rotated = w.now
	w.trace("the password is changed")
	w.tells(rotationEvent(w.now))
}

func rotationEvent(at time.Time) json.RawMessage {
	return fmt.Appendf(nil, `{"source":"aws.secretsmanager","detail-type":"Secret Label Updated","time":%q,"resources":[%q],"detail":{"labelUpdated":"AWSCURRENT"}}`,
		at.UTC().Format(time.RFC3339), worldSettings.SecretARN)
}

// begin is a new deployment: it takes the place of those in flight, without an
// event.
func (w *world) begin(fromStack bool) {
	for _, d := range w.deployments {
		if d.inFlight() {
			d.status, d.finished = ecstypes.ServiceDeploymentStatusStopped, w.now
		}
	}
	w.serial++
	w.trace("deployment %d begins, from the stack: %v", w.serial, fromStack)
	w.deployments = append(w.deployments, &worldDeployment{
		arn:      fmt.Sprintf("arn:aws:ecs:eu-west-1:123456789012:service-deployment/C/S/d%d", w.serial),
		revision: fmt.Sprintf("arn:aws:ecs:eu-west-1:123456789012:service-revision/C/S/%d", w.serial),
		status:   ecstypes.ServiceDeploymentStatusPending, created: w.now, fromStack: fromStack,
	})
	w.tells(deploymentEvent("SERVICE_DEPLOYMENT_IN_PROGRESS", w.now))
}

// current is the deployment in flight, or nil.
func (w *world) current() *worldDeployment {
	if len(w.deployments) > 0 && w.deployments[len(w.deployments)-1].inFlight() {
		return w.deployments[len(w.deployments)-1]
	}
	return nil
}

// progress takes the deployment in flight a step on.
func (w *world) progress() {
	d := w.current()
	if d == nil {
		return
	}
	defer func() {
		w.trace("%s is %s", d.revision[strings.LastIndex(d.revision, "/")+1:], d.status)
	}()
	switch {
	case d.status == ecstypes.ServiceDeploymentStatusPending:
		d.status = ecstypes.ServiceDeploymentStatusInProgress
	case isRollingBack(d.status):
		w.endRollback(d)
	case !d.tried:
		d.tried = true
		switch i := w.find(w.tags[worldSettings.Tag]); {
		case i == nil:
			d.doomed = unpullable
		case i.behaviour == unpullable || i.behaviour == stalls:
			d.doomed = i.behaviour
		default:
			d.image = i
		}
	case d.image != nil && d.image.behaviour == fails && w.settings.Limit > 0:
		// No circuit breaker.
	case d.doomed == unpullable, d.image != nil && d.image.behaviour == fails:
		w.rollBack(d)
	case d.image != nil && w.settings.Limit > 0 && d.shifted < 3:
		d.shifted++ // a part of the requests, then all, then some time to bake
		if d.image.behaviour == errs {
			w.rollBack(d)
		}
	case d.image != nil && d.image.behaviour == errs:
		w.rollBack(d)
	case d.image != nil:
		d.status, d.finished = ecstypes.ServiceDeploymentStatusSuccessful, w.now
		w.running = d.image.digest
		w.completed[d.image.digest] = true
		w.tells(deploymentEvent("SERVICE_DEPLOYMENT_COMPLETED", w.now))
	}
}

func (w *world) rollBack(d *worldDeployment) {
	w.trace("a deployment is rolled back")
	d.status, d.turnedBack = ecstypes.ServiceDeploymentStatusRollbackInProgress, true
	w.tells(deploymentEvent("SERVICE_DEPLOYMENT_FAILED", w.now))
}

func (w *world) endRollback(d *worldDeployment) {
	d.status, d.finished = ecstypes.ServiceDeploymentStatusRollbackSuccessful, w.now
	if w.running == "" {
		d.status = ecstypes.ServiceDeploymentStatusRollbackFailed
	}
	w.tells(deploymentEvent("SERVICE_DEPLOYMENT_COMPLETED", w.now))
	if d.fromStack {
		w.begin(false) // CloudFormation goes back too, by a deployment
	}
}

// invocation is one run of the function. It stops before each call to AWS, so
// that others, people and ECS can do something in between, or it dies there.
type invocation struct {
	world *world
	next  func() (struct{}, bool)
	kill  func()
	pause func(struct{}) bool
	// How often the deploy tag and the deployments were read since the last write
	// that depends on them. Between the second look and the write comes nobody:
	// the milliseconds there are a known limit, since AWS can't compare and swap.
	tagReads, listReads int
	seen                time.Time // when the deployments were read last
	err                 error
}

// died ends an invocation at a call that it does not live to make.
type died struct{}

// invoke starts an invocation, which then waits before its first call.
func (w *world) invoke(event json.RawMessage, decide func(observation, wake, settings) plan) *invocation {
	i := &invocation{world: w}
	r := &reconciler{settings: w.settings, ecr: i, ecs: i, sns: i, logs: i, secrets: i, now: func() time.Time { return w.now }, together: inTurn, decide: decide}
	i.next, i.kill = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if failure := recover(); failure != nil && failure != any(died{}) {
				panic(failure)
			}
		}()
		i.pause = yield
		_, i.err = r.handle(context.Background(), event)
	})
	return i
}

// inTurn is atOnce for a fake that is not for goroutines.
func inTurn(ctx context.Context, reads ...func(context.Context) error) error {
	for _, read := range reads {
		if err := read(ctx); err != nil {
			return err
		}
	}
	return nil
}

// run takes an invocation to its end.
func (i *invocation) run() {
	for {
		if _, more := i.next(); !more {
			return
		}
	}
}

func (i *invocation) call() {
	if !i.pause(struct{}{}) {
		panic(died{})
	}
}

func (i *invocation) BatchGetImage(_ context.Context, in *ecr.BatchGetImageInput, _ ...func(*ecr.Options)) (*ecr.BatchGetImageOutput, error) {
	i.call()
	out := &ecr.BatchGetImageOutput{}
	for _, id := range in.ImageIds {
		digest := aws.ToString(id.ImageDigest)
		if id.ImageTag != nil {
			digest = i.world.tags[*id.ImageTag]
			if *id.ImageTag == worldSettings.Tag {
				i.tagReads++
			}
		}
		found := i.world.find(digest)
		if found == nil {
			out.Failures = append(out.Failures, ecrtypes.ImageFailure{ImageId: &id, FailureCode: ecrtypes.ImageFailureCodeImageNotFound})
			continue
		}
		manifest := found.manifest
		if digest == found.child {
			manifest = `{"config":{}}`
		}
		out.Images = append(out.Images, ecrtypes.Image{
			ImageId: &ecrtypes.ImageIdentifier{ImageDigest: &digest, ImageTag: id.ImageTag}, ImageManifest: &manifest, ImageManifestMediaType: aws.String("type"),
		})
	}
	return out, nil
}

// find is the image of a digest, or the index that it is in.
func (w *world) find(digest string) *worldImage {
	if i := w.images[digest]; i != nil || digest == "" {
		return i
	}
	for _, i := range w.images {
		if i.child == digest {
			return i
		}
	}
	return nil
}

func (i *invocation) DescribeImages(_ context.Context, in *ecr.DescribeImagesInput, _ ...func(*ecr.Options)) (*ecr.DescribeImagesOutput, error) {
	i.call()
	found := i.world.find(aws.ToString(in.ImageIds[0].ImageDigest))
	if found == nil {
		return nil, &ecrtypes.ImageNotFoundException{}
	}
	return &ecr.DescribeImagesOutput{ImageDetails: []ecrtypes.ImageDetail{{ImagePushedAt: &found.pushedAt}}}, nil
}

func (i *invocation) PutImage(_ context.Context, in *ecr.PutImageInput, _ ...func(*ecr.Options)) (*ecr.PutImageOutput, error) {
	w, tag, digest := i.world, *in.ImageTag, *in.ImageDigest
	if tag == lastGood || i.tagReads < 2 {
		i.call()
	}
	if tag != lastGood {
		i.tagReads, i.listReads = 0, 0
	}
	if w.tags[tag] == digest {
		return nil, &ecrtypes.ImageAlreadyExistsException{}
	}
	if tag == lastGood {
		if !w.completed[w.find(digest).digest] {
			w.violated("last-good names %s, which never completed a deployment", short(digest))
		}
		w.tags[tag] = digest
		w.trace("the function points last-good at %s", short(digest))
		return &ecr.PutImageOutput{}, nil
	}
	if before := w.tags[tag]; before != "" {
		if !w.hasFailed(before) {
			w.violated("the deploy tag was moved off %s, which had not failed since it was pushed", short(before))
		}
		if w.published[before] == 0 {
			w.violated("the deploy tag was moved off %s and nobody was told", short(before))
		}
	}
	w.tags[tag] = digest
	w.trace("the function puts the deploy tag back to %s", short(digest))
	w.tells(pushEvent(tag, digest, w.now))
	return &ecr.PutImageOutput{}, nil
}

// hasFailed tells whether a deployment of an image was turned back after its
// push. One that could not say which image it was of counts for the images that
// were there when it began.
func (w *world) hasFailed(digest string) bool {
	image := w.find(digest)
	return slices.ContainsFunc(w.deployments, func(d *worldDeployment) bool {
		return d.turnedBack && (d.image == image || d.image == nil && image.pushedAt.Before(d.created))
	})
}

func (i *invocation) ListServiceDeployments(context.Context, *ecs.ListServiceDeploymentsInput, ...func(*ecs.Options)) (*ecs.ListServiceDeploymentsOutput, error) {
	i.call()
	i.listReads++
	i.seen = i.world.now
	out := &ecs.ListServiceDeploymentsOutput{}
	for _, d := range i.world.deployments {
		brief := ecstypes.ServiceDeploymentBrief{ServiceDeploymentArn: &d.arn, Status: d.status, CreatedAt: aws.Time(d.created), TargetServiceRevisionArn: &d.revision}
		if !d.finished.IsZero() {
			brief.FinishedAt = aws.Time(d.finished)
		}
		out.ServiceDeployments = append(out.ServiceDeployments, brief)
	}
	return out, nil
}

func (i *invocation) DescribeServiceRevisions(_ context.Context, in *ecs.DescribeServiceRevisionsInput, _ ...func(*ecs.Options)) (*ecs.DescribeServiceRevisionsOutput, error) {
	i.call()
	out := &ecs.DescribeServiceRevisionsOutput{}
	for _, d := range i.world.deployments {
		if !slices.Contains(in.ServiceRevisionArns, d.revision) {
			continue
		}
		container := ecstypes.ContainerImage{ContainerName: aws.String("api"), Image: aws.String("registry/my-api:jellybean")}
		if d.image != nil {
			container.ImageDigest = aws.String(d.image.digest)
			if d.image.child != "" {
				container.ImageDigest = aws.String(d.image.child)
			}
		}
		out.ServiceRevisions = append(out.ServiceRevisions, ecstypes.ServiceRevision{ServiceRevisionArn: &d.revision, ContainerImages: []ecstypes.ContainerImage{container}})
	}
	return out, nil
}

func (i *invocation) DescribeServices(context.Context, *ecs.DescribeServicesInput, ...func(*ecs.Options)) (*ecs.DescribeServicesOutput, error) {
	i.call()
	return &ecs.DescribeServicesOutput{Services: []ecstypes.Service{{}}}, nil
}

func (i *invocation) UpdateService(_ context.Context, in *ecs.UpdateServiceInput, _ ...func(*ecs.Options)) (*ecs.UpdateServiceOutput, error) {
	if i.listReads < 2 && i.seen != i.world.now {
		i.call()
	}
	i.listReads = 0
	if !in.ForceNewDeployment {
		i.world.violated("a service was updated without a new deployment")
	}
	i.world.forced++
	i.world.trace("the function deploys")
	i.world.begin(false)
	return &ecs.UpdateServiceOutput{}, nil
}

func (i *invocation) StopServiceDeployment(_ context.Context, in *ecs.StopServiceDeploymentInput, _ ...func(*ecs.Options)) (*ecs.StopServiceDeploymentOutput, error) {
	i.call()
	d := i.world.current()
	if d == nil || d.arn != *in.ServiceDeploymentArn || !isActive(d.status) {
		return nil, &ecstypes.ConflictException{}
	}
	i.world.rollBack(d)
	return &ecs.StopServiceDeploymentOutput{}, nil
}

func (i *invocation) DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error) {
	i.call()
	out := &secretsmanager.DescribeSecretOutput{}
	if !i.world.rotated.IsZero() {
		out.LastRotatedDate = aws.Time(i.world.rotated)
	}
	return out, nil
}

func (i *invocation) DescribeServiceDeployments(context.Context, *ecs.DescribeServiceDeploymentsInput, ...func(*ecs.Options)) (*ecs.DescribeServiceDeploymentsOutput, error) {
	i.call()
	return &ecs.DescribeServiceDeploymentsOutput{}, nil
}

func (i *invocation) ListTasks(context.Context, *ecs.ListTasksInput, ...func(*ecs.Options)) (*ecs.ListTasksOutput, error) {
	return &ecs.ListTasksOutput{}, nil
}

func (i *invocation) DescribeTasks(context.Context, *ecs.DescribeTasksInput, ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error) {
	panic("no stopped tasks to describe")
}

func (i *invocation) GetLogEvents(context.Context, *cloudwatchlogs.GetLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.GetLogEventsOutput, error) {
	panic("no log to read")
}

func (i *invocation) Publish(_ context.Context, in *sns.PublishInput, _ ...func(*sns.Options)) (*sns.PublishOutput, error) {
	i.call()
	_, digest, _ := strings.Cut(*in.Message, "\nImage        ")
	digest, _, _ = strings.Cut(digest, "\n")
	i.world.published[digest]++
	return &sns.PublishOutput{}, nil
}
