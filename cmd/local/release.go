package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"cloudstruct/config"
)

const lastGood = config.LastGood

// release pushes an image under the deploy tag, and waits until the loop has
// deployed it and remembers it as good.
func (t *tour) release(ctx context.Context) (string, error) {
	placeholder, err := t.running(ctx)
	if err != nil {
		return "", err
	}
	digest, err := t.push(ctx, nil)
	if err != nil {
		return "", err
	}
	if err := t.await(ctx, "the pushed image to run", t.running, digest); err != nil {
		return "", err
	}
	if err := t.await(ctx, "last-good to name it", t.tagged(lastGood), digest); err != nil {
		return "", err
	}
	t.remember("placeholder     %s", placeholder)
	t.remember("release         %s  runs; last-good names it", digest)
	return "pushed, the rule fired, the function deployed it", nil
}

// failingRelease pushes an image that can't work, and waits until the loop has
// put the tag back and told why.
func (t *tour) failingRelease(ctx context.Context) (string, error) {
	inbox, err := t.subscribe(ctx)
	if err != nil {
		return "", err
	}
	before, err := t.running(ctx)
	if err != nil {
		return "", err
	}
	digest, err := t.push(ctx, map[string]string{"cloudstruct.emulator.fails": "panic: no database"})
	if err != nil {
		return "", err
	}
	message, err := t.receive(ctx, inbox)
	if err != nil {
		return "", err
	}
	for _, wanted := range []string{digest, before, "circuit breaker", "panic: no database"} {
		if !strings.Contains(message, wanted) {
			return "", fmt.Errorf("the message does not say %q:\n%s", wanted, message)
		}
	}
	if err := t.await(ctx, "the deploy tag to be put back", t.tagged(t.config.Image.Tag), before); err != nil {
		return "", err
	}
	if err := t.await(ctx, "the release before it to run", t.running, before); err != nil {
		return "", err
	}
	t.remember("failing release %s  turned back; the deploy tag names the release again", digest)
	t.detail("The emulator runs no containers. A label of the image says that it fails, and the")
	t.detail("emulator acts the circuit breaker. What people are then told:")
	t.detail("")
	for line := range strings.Lines(message) {
		t.detail("  | %s", strings.TrimRight(line, "\n"))
	}
	return "turned back, the tag put back, the reason told", nil
}

// retry has the release that runs deployed once more, as `make retry` does.
func (t *tour) retry(ctx context.Context) (string, error) {
	digest, err := t.running(ctx)
	if err != nil {
		return "", err
	}
	before, err := t.succeeded(ctx)
	if err != nil {
		return "", err
	}
	// A deployment that began in the same second would do.
	time.Sleep(time.Second)
	kind, name := t.chosen()
	cmd := t.command(ctx, "go", "run", "./cmd/retry", "-"+kind, name)
	cmd.Stderr = t.log
	output, err := cmd.Output()
	if err != nil {
		return "", err
	}
	if err := t.await(ctx, "the release to be deployed again", func(ctx context.Context) (string, error) {
		after, err := t.succeeded(ctx)
		if err != nil || aws.ToString(after.ServiceDeploymentArn) == aws.ToString(before.ServiceDeploymentArn) {
			return "", err
		}
		return t.running(ctx)
	}, digest); err != nil {
		return "", err
	}
	if !strings.Contains(string(output), "started a deployment of "+strings.TrimPrefix(digest, "sha256:")[:12]) {
		return "", fmt.Errorf("make retry said: %s", output)
	}
	return "make retry: " + strings.TrimSpace(string(output)), nil
}

// push makes a small image and pushes it under the deploy tag, the way that
// docker login and docker push do. Its labels say how its tasks behave in the emulator.
func (t *tour) push(ctx context.Context, labels map[string]string) (string, error) {
	image, err := newImage(labels)
	if err != nil {
		return "", err
	}
	return t.pushAs(ctx, t.config.Image.Tag, image)
}

// pushAs pushes an image under a tag.
func (t *tour) pushAs(ctx context.Context, under string, image v1.Image) (string, error) {
	token, err := t.clients.ecr.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return "", err
	}
	data := token.AuthorizationData[0]
	decoded, err := base64.StdEncoding.DecodeString(aws.ToString(data.AuthorizationToken))
	if err != nil {
		return "", err
	}
	user, password, _ := strings.Cut(string(decoded), ":")
	registry := strings.TrimPrefix(aws.ToString(data.ProxyEndpoint), "http://")
	tag, err := name.NewTag(registry+"/"+t.config.Image.Repository+":"+under, name.Insecure)
	if err != nil {
		return "", err
	}
	if err := remote.Write(tag, image, remote.WithContext(ctx), remote.WithAuth(&authn.Basic{Username: user, Password: password})); err != nil {
		return "", err
	}
	digest, err := image.Digest()
	return digest.String(), err
}

func newImage(labels map[string]string) (v1.Image, error) {
	content := []byte("built at " + time.Now().Format(time.RFC3339Nano)) // another image each time
	image, err := mutate.AppendLayers(empty.Image, static.NewLayer(content, types.DockerUncompressedLayer))
	if err != nil {
		return nil, err
	}
	return mutate.Config(image, v1.Config{Labels: labels})
}

// running is the digest of the newest deployment that succeeded.
func (t *tour) running(ctx context.Context) (string, error) {
	deployment, err := t.succeeded(ctx)
	if err != nil || deployment.TargetServiceRevisionArn == nil {
		return "", err
	}
	revisions, err := t.clients.ecs.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{
		ServiceRevisionArns: []string{*deployment.TargetServiceRevisionArn},
	})
	if err != nil {
		return "", err
	}
	return aws.ToString(revisions.ServiceRevisions[0].ContainerImages[0].ImageDigest), nil
}

// succeeded is the newest deployment that did.
func (t *tour) succeeded(ctx context.Context) (ecstypes.ServiceDeploymentBrief, error) {
	deployments, err := t.clients.ecs.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{
		Cluster: aws.String(t.outputs["ClusterName"]), Service: aws.String(t.outputs["ServiceName"]),
		Status: []ecstypes.ServiceDeploymentStatus{ecstypes.ServiceDeploymentStatusSuccessful},
	})
	if err != nil || len(deployments.ServiceDeployments) == 0 {
		return ecstypes.ServiceDeploymentBrief{}, err
	}
	return deployments.ServiceDeployments[0], nil
}

// tagged reads the digest that a tag names.
func (t *tour) tagged(tag string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		images, err := t.clients.ecr.BatchGetImage(ctx, &ecr.BatchGetImageInput{
			RepositoryName: &t.config.Image.Repository, ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: &tag}},
		})
		if err != nil || len(images.Images) == 0 {
			return "", err
		}
		return aws.ToString(images.Images[0].ImageId.ImageDigest), nil
	}
}

// await looks until a digest is the wanted one, for half a minute.
func (t *tour) await(ctx context.Context, what string, read func(context.Context) (string, error), wanted string) error {
	deadline := time.Now().Add(30 * time.Second)
	for {
		digest, err := read(ctx)
		if err != nil || digest == wanted {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("waited in vain for %s: it is %s, not %s", what, digest, wanted)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// subscribe makes a queue that gets what the alarm topic is told, as a person
// with an e-mail subscription would.
func (t *tour) subscribe(ctx context.Context) (string, error) {
	queue, err := t.clients.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("inbox")})
	if err != nil {
		return "", err
	}
	_, err = t.clients.sns.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: aws.String(t.outputs["AlarmTopicArn"]), Protocol: aws.String("sqs"),
		Endpoint: aws.String(fmt.Sprintf("arn:aws:sqs:%s:%s:inbox", region, account)),
	})
	return aws.ToString(queue.QueueUrl), err
}

// receive waits for a message about a release, and gives its subject and text.
func (t *tour) receive(ctx context.Context, queue string) (string, error) {
	return t.receiveAbout(ctx, queue, "turned back")
}

// receiveAbout waits for a message whose subject or text has some words.
func (t *tour) receiveAbout(ctx context.Context, queue, words string) (string, error) {
	for range 15 {
		answer, err := t.clients.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, WaitTimeSeconds: 2})
		if err != nil {
			return "", err
		}
		for _, message := range answer.Messages {
			var notification struct{ Subject, Message string }
			if err := json.Unmarshal([]byte(aws.ToString(message.Body)), &notification); err != nil {
				return "", err
			}
			if text := notification.Subject + "\n\n" + notification.Message; strings.Contains(text, words) {
				return text, nil
			}
		}
	}
	return "", fmt.Errorf("no message about %q", words)
}
