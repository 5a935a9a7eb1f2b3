package main

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// images lists what a repository has: CloudFormation deletes it only when it is empty.
func images(t *testing.T, endpoint string) []string {
	t.Helper()
	repository, err := name.NewRepository(strings.TrimPrefix(endpoint, "http://") + "/my-api")
	if err != nil {
		t.Fatal(err)
	}
	tags, err := remote.List(repository, remote.WithAuth(credentials))
	if err != nil {
		t.Fatal(err)
	}
	return tags
}

func TestDeleteRemovesThePlaceholder(t *testing.T) {
	endpoint, _ := newRegistry(t)
	s := &seeder{ecr: fakeECR{endpoint: endpoint}, transport: newTransport(time.Second), executable: built}
	created := event(cfn.RequestCreate, 80)
	id, _, err := s.handle(t.Context(), created)
	if err != nil {
		t.Fatal(err)
	}
	digest, err := pull(t, endpoint).Digest()
	if err != nil {
		t.Fatal(err)
	}
	deleted := event(cfn.RequestDelete, 80)
	deleted.PhysicalResourceID = id
	for range 2 { // CloudFormation may repeat itself
		if got, _, err := s.handle(t.Context(), deleted); err != nil || got != id {
			t.Fatalf("answered %q, %v", got, err)
		}
	}
	if left := images(t, endpoint); len(left) != 0 {
		t.Errorf("%v is left", left)
	}
	if _, err := remote.Head(tagAt(t, endpoint).Digest(digest.String()), remote.WithAuth(credentials)); err == nil {
		t.Errorf("image %s is left", digest)
	}
}

func TestDeleteRemovesNothingButThePlaceholder(t *testing.T) {
	endpoint, _ := newRegistry(t)
	theirs, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	s := &seeder{ecr: fakeECR{endpoint: endpoint}, transport: newTransport(time.Second), executable: built}
	if _, _, err := s.handle(t.Context(), event(cfn.RequestCreate, 80)); err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tagAt(t, endpoint), theirs, remote.WithAuth(credentials)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.handle(t.Context(), event(cfn.RequestDelete, 80)); err != nil {
		t.Fatal(err)
	}
	want, _ := theirs.Digest()
	if got, _ := pull(t, endpoint).Digest(); got != want {
		t.Errorf("the tag names %s, want the release %s", got, want)
	}
}

// failingECR answers every removal in one way.
type failingECR struct {
	fakeECR
	output *ecr.BatchDeleteImageOutput
	err    error
}

func (f failingECR) BatchDeleteImage(context.Context, *ecr.BatchDeleteImageInput, ...func(*ecr.Options)) (*ecr.BatchDeleteImageOutput, error) {
	return f.output, f.err
}

func TestDeleteReportsWhatItCouldNotRemove(t *testing.T) {
	failure := func(code types.ImageFailureCode) *ecr.BatchDeleteImageOutput {
		return &ecr.BatchDeleteImageOutput{Failures: []types.ImageFailure{{FailureCode: code, FailureReason: aws.String("because")}}}
	}
	properties := event(cfn.RequestDelete, 80).ResourceProperties
	for _, test := range []struct {
		name       string
		ecr        failingECR
		executable string
		properties map[string]any
		want       string
	}{
		{"the repository is gone", failingECR{err: &types.RepositoryNotFoundException{}}, built, properties, ""},
		{"the image is gone", failingECR{output: failure(types.ImageFailureCodeImageNotFound)}, built, properties, ""},
		{"an index lists the image", failingECR{output: failure(types.ImageFailureCodeImageReferencedByManifestList)}, built, properties, "from my-api: ImageReferencedByManifestList: because"},
		{"ECR fails", failingECR{err: errors.New("throttled")}, built, properties, "from my-api: throttled"},
		{"the executable is gone", failingECR{}, "/nowhere", properties, "build placeholder image: open /nowhere"},
		{"a create that never knew what to push", failingECR{err: errors.New("unexpected")}, built, map[string]any{"Tag": "jellybean"}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &seeder{ecr: test.ecr, executable: test.executable}
			id, _, err := s.handle(t.Context(), cfn.Event{RequestType: cfn.RequestDelete, PhysicalResourceID: "as before", ResourceProperties: test.properties})
			if id != "as before" {
				t.Errorf("physical id is %q", id)
			}
			if got := ""; err != nil {
				got = err.Error()
				if test.want == "" || !strings.Contains(got, test.want) {
					t.Errorf("error is %q, want %q", got, test.want)
				}
			} else if test.want != "" {
				t.Errorf("no error, want %q", test.want)
			}
		})
	}
}

// lateECR refuses the first calls, as IAM does while a new policy is on its way.
type lateECR struct {
	fakeECR
	refusals *int
}

func (f lateECR) GetAuthorizationToken(ctx context.Context, input *ecr.GetAuthorizationTokenInput, options ...func(*ecr.Options)) (*ecr.GetAuthorizationTokenOutput, error) {
	if *f.refusals > 0 {
		*f.refusals--
		return nil, &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "is not authorized to perform: ecr:GetAuthorizationToken"}
	}
	return f.fakeECR.GetAuthorizationToken(ctx, input, options...)
}

func TestSeedWaitsForItsPermissions(t *testing.T) {
	for name, test := range map[string]struct {
		token, registry int // refusals
		want            string
	}{
		"ECR refuses at first":          {token: 3},
		"the registry refuses at first": {registry: 5},
		"both":                          {token: 2, registry: 2},
		"ECR refuses for good":          {token: 1 << 30, want: "not authorized to perform: ecr:GetAuthorizationToken"},
		"the registry refuses for good": {registry: 1 << 30, want: "403 Forbidden"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFaultyRegistry(t, func(request int64) fault {
				if request <= int64(test.registry) {
					return answers(http.StatusForbidden, "text/plain", "")
				}
				return nil
			})
			s := &seeder{
				ecr: lateECR{fakeECR{endpoint: f.URL}, &test.token}, transport: newTransport(time.Second), executable: smallExecutable(t),
				patience: patience{longest: 500 * time.Millisecond, pause: time.Millisecond},
			}
			_, _, err := s.handle(t.Context(), event(cfn.RequestCreate, 80))
			if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
		})
	}
}

func TestOnlyMissingPermissionsAreWaitedFor(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"unauthorized": {&transport.Error{StatusCode: http.StatusUnauthorized}, true},
		"forbidden":    {&transport.Error{StatusCode: http.StatusForbidden}, true},
		"not found":    {&transport.Error{StatusCode: http.StatusNotFound}, false},
		"refused":      {&smithy.GenericAPIError{Code: "AccessDeniedException"}, true},
		"throttled":    {&smithy.GenericAPIError{Code: "ThrottlingException"}, false},
		"no network":   {errors.New("no route to host"), false},
	} {
		if got := isDenied(test.err); got != test.want {
			t.Errorf("%s: waited for is %v", name, got)
		}
	}
}
