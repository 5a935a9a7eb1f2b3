package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

const (
	// answerTime is kept of the function's time to tell CloudFormation why it
	// failed, rather than to be stopped without a word.
	answerTime = 10 * time.Second
	// maxReason leaves of CloudFormation's 4,096 bytes a third for the ids.
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/crpg-ref-responses.html
	maxReason = 2700
)

type ecrAPI interface {
	GetAuthorizationToken(context.Context, *ecr.GetAuthorizationTokenInput, ...func(*ecr.Options)) (*ecr.GetAuthorizationTokenOutput, error)
	BatchDeleteImage(context.Context, *ecr.BatchDeleteImageInput, ...func(*ecr.Options)) (*ecr.BatchDeleteImageOutput, error)
}

type seeder struct {
	ecr        ecrAPI
	transport  http.RoundTripper // to the registry
	executable string            // what the placeholder image runs
	patience   patience
}

// newTransport gives up on a request that is not answered in time, so that there
// is time left to try again.
func newTransport(timeout time.Duration) http.RoundTripper {
	transport := remote.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = timeout
	return transport
}

// handle answers one request of CloudFormation. Each may be repeated. What fails keeps
// the id that it was given: another would be taken for a replacement.
func (s *seeder) handle(ctx context.Context, event cfn.Event) (string, map[string]any, error) {
	p, err := parseProperties(event.ResourceProperties)
	if event.RequestType == cfn.RequestDelete && err != nil {
		return event.PhysicalResourceID, nil, nil // nothing was ever pushed with these
	}
	if err != nil {
		return event.PhysicalResourceID, nil, err
	}
	id := p.physicalID()
	if event.RequestType == cfn.RequestUpdate && event.PhysicalResourceID == id {
		// So a roll-back succeeds also when the registry can't be reached.
		slog.Info("seeded before", "id", id)
		return id, nil, nil
	}
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-answerTime))
		defer cancel()
	}
	do := s.seed
	if event.RequestType == cfn.RequestDelete {
		id, do = event.PhysicalResourceID, s.unseed
	}
	if err := s.patience.retry(ctx, func() error { return do(ctx, p) }); err != nil {
		return event.PhysicalResourceID, nil, errors.New(cut(err.Error()))
	}
	return id, nil, nil
}

// properties are those of the custom resource.
type properties struct {
	// Project and Environment are for the placeholder's page. A roll-back to a version
	// that did not send them, which seeds nothing, must succeed without them.
	Project, Environment string

	RepositoryURI string
	Tag           string
	Port          int
	HealthPath    string
}

// physicalID tells CloudFormation, and this function at its next request, which
// tag was seeded.
func (p properties) physicalID() string { return p.RepositoryURI + ":" + p.Tag }

func parseProperties(raw map[string]any) (properties, error) {
	var missing []string
	text := func(key string) string {
		value, _ := raw[key].(string) // CloudFormation sends numbers as text too
		if value == "" {
			missing = append(missing, key)
		}
		return value
	}
	p := properties{RepositoryURI: text("RepositoryUri"), Tag: text("Tag"), HealthPath: text("HealthPath")}
	p.Project, _ = raw["Project"].(string)
	p.Environment, _ = raw["Environment"].(string)
	port := text("Port")
	if len(missing) > 0 {
		return p, fmt.Errorf("resource properties are missing: %s", strings.Join(missing, ", "))
	}
	var err error
	if p.Port, err = strconv.Atoi(port); err != nil || p.Port < 1 || p.Port > 65535 {
		return p, fmt.Errorf("resource property Port: must be 1 to 65535, got %q", port)
	}
	return p, nil
}

// seed pushes the placeholder unless the tag names an image already. The tag is
// set last, and only after a second look: the registry can't compare and swap.
func (s *seeder) seed(ctx context.Context, p properties) error {
	repository, auth, err := s.signIn(ctx, p.RepositoryURI)
	if err != nil {
		return err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithAuth(auth), remote.WithTransport(s.transport)}
	tag := repository.Tag(p.Tag)
	if exists, err := hasImage(tag, options); err != nil || exists {
		return err
	}
	image, err := placeholder(s.executable, p)
	if err != nil {
		return fmt.Errorf("build placeholder image: %w", err)
	}
	digest, err := image.Digest()
	if err != nil {
		return fmt.Errorf("build placeholder image: %w", err)
	}
	if err := remote.Write(repository.Digest(digest.String()), image, options...); err != nil {
		return fmt.Errorf("push placeholder image to %s: %w", repository, err)
	}
	if exists, err := hasImage(tag, options); err != nil || exists {
		return err
	}
	if err := remote.Tag(tag, image, options...); err != nil {
		return fmt.Errorf("tag placeholder image as %s: %w", tag, err)
	}
	slog.Info("placeholder pushed", "tag", tag.String(), "digest", digest.String())
	return nil
}

func hasImage(tag name.Tag, options []remote.Option) (bool, error) {
	found, err := remote.Head(tag, options...)
	var status *transport.Error
	switch {
	case err == nil:
		slog.Info("tag has an image", "tag", tag.String(), "digest", found.Digest.String())
		return true, nil
	case errors.As(err, &status) && status.StatusCode == http.StatusNotFound:
		return false, nil
	}
	return false, fmt.Errorf("look for %s: %w", tag, err)
}

// signIn gives the repository, at the registry that ECR's token is for.
func (s *seeder) signIn(ctx context.Context, repositoryURI string) (name.Repository, authn.Authenticator, error) {
	fail := func(err error) (name.Repository, authn.Authenticator, error) {
		return name.Repository{}, nil, fmt.Errorf("sign in to the registry of %s: %w", repositoryURI, err)
	}
	answer, err := s.ecr.GetAuthorizationToken(ctx, &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		return fail(err)
	}
	if len(answer.AuthorizationData) == 0 || answer.AuthorizationData[0].AuthorizationToken == nil || answer.AuthorizationData[0].ProxyEndpoint == nil {
		return fail(errors.New("no authorization token in ECR's answer"))
	}
	data := answer.AuthorizationData[0]
	decoded, err := base64.StdEncoding.DecodeString(*data.AuthorizationToken)
	user, password, ok := strings.Cut(string(decoded), ":")
	if err != nil || !ok {
		return fail(errors.New("authorization token is not base64 of user:password"))
	}
	repository, err := repositoryAt(*data.ProxyEndpoint, repositoryURI)
	if err != nil {
		return fail(err)
	}
	return repository, &authn.Basic{Username: user, Password: password}, nil
}

// repositoryAt is the repository of an URI, at the registry of an endpoint. Only
// a registry on this machine may be spoken to without TLS.
func repositoryAt(endpoint, repositoryURI string) (name.Repository, error) {
	_, path, ok := strings.Cut(repositoryURI, "/")
	if !ok {
		return name.Repository{}, fmt.Errorf("repository URI %q names no repository", repositoryURI)
	}
	at, err := url.Parse(endpoint)
	if err != nil || at.Host == "" {
		return name.Repository{}, fmt.Errorf("endpoint %q is no URL", endpoint)
	}
	var options []name.Option
	if at.Scheme == "http" {
		if host := at.Hostname(); host != "localhost" && !net.ParseIP(host).IsLoopback() {
			return name.Repository{}, fmt.Errorf("endpoint %q has no TLS", endpoint)
		}
		options = append(options, name.Insecure)
	}
	return name.NewRepository(at.Host+"/"+path, options...)
}

// cut shortens a reason so that it fits in CloudFormation's answer, where some
// characters are escaped.
func cut(reason string) string {
	for encoded, _ := json.Marshal(reason); len(encoded) > maxReason; encoded, _ = json.Marshal(reason) {
		keep := len(reason) - max(1, (len(encoded)-maxReason)/6) - len("…")
		reason = strings.ToValidUTF8(reason[:max(0, keep)], "") + "…"
	}
	return reason
}
