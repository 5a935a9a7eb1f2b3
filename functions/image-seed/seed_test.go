package main

import (
	"archive/tar"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

var credentials = &authn.Basic{Username: "AWS", Password: "secret"}

const repositoryURI = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/my-api"

// built is this function, as it is deployed.
var built string

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "image-seed")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		built = filepath.Join(dir, "bootstrap")
		build := exec.Command("go", "build", "-ldflags=-s", "-tags=lambda.norpc", "-o", built, ".")
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
		if output, err := build.CombinedOutput(); err != nil {
			panic(string(output))
		}
		return m.Run()
	}())
}

// fakeECR gives a token for a registry, and removes images from it.
type fakeECR struct {
	endpoint string
	err      error
}

// BatchDeleteImage removes the image and every tag that names it, as ECR does.
func (f fakeECR) BatchDeleteImage(ctx context.Context, input *ecr.BatchDeleteImageInput, _ ...func(*ecr.Options)) (*ecr.BatchDeleteImageOutput, error) {
	if f.err != nil {
		return nil, f.err
	}
	if *input.RepositoryName != "my-api" || len(input.ImageIds) != 1 || input.ImageIds[0].ImageTag != nil {
		return nil, fmt.Errorf("unexpected request %v", input)
	}
	repository, err := name.NewRepository(strings.TrimPrefix(f.endpoint, "http://") + "/my-api")
	if err != nil {
		return nil, err
	}
	digest, options := *input.ImageIds[0].ImageDigest, []remote.Option{remote.WithAuth(credentials), remote.WithContext(ctx)}
	if _, err := remote.Head(repository.Digest(digest), options...); err != nil {
		return &ecr.BatchDeleteImageOutput{Failures: []types.ImageFailure{{FailureCode: types.ImageFailureCodeImageNotFound, ImageId: &input.ImageIds[0]}}}, nil
	}
	tags, err := remote.List(repository, options...)
	if err != nil {
		return nil, err
	}
	for _, tag := range tags {
		if found, err := remote.Head(repository.Tag(tag), options...); err == nil && found.Digest.String() == digest {
			if err := remote.Delete(repository.Tag(tag), options...); err != nil {
				return nil, err
			}
		}
	}
	return &ecr.BatchDeleteImageOutput{ImageIds: input.ImageIds}, remote.Delete(repository.Digest(digest), options...)
}

func (f fakeECR) GetAuthorizationToken(context.Context, *ecr.GetAuthorizationTokenInput, ...func(*ecr.Options)) (*ecr.GetAuthorizationTokenOutput, error) {
	if f.err != nil {
		return nil, f.err
	}
	return &ecr.GetAuthorizationTokenOutput{AuthorizationData: []types.AuthorizationData{{
		AuthorizationToken: aws.String(base64.StdEncoding.EncodeToString([]byte("AWS:secret"))),
		ProxyEndpoint:      &f.endpoint,
	}}}, nil
}

// newRegistry is a registry that wants the token, and counts the writes to it.
func newRegistry(t *testing.T) (endpoint string, writes *[]string) {
	t.Helper()
	writes = &[]string{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "AWS" || password != "secret" {
			w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/manifests/") {
			*writes = append(*writes, r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:])
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, writes
}

// event is what CloudFormation sends: it turns numbers into text.
func event(request cfn.RequestType, port int) cfn.Event {
	return cfn.Event{
		RequestType: request, RequestID: "request", StackID: "stack", LogicalResourceID: "ImageSeed",
		ResourceProperties: map[string]any{
			"RepositoryUri": repositoryURI, "Tag": "jellybean", "Port": strconv.Itoa(port), "HealthPath": "/api/health",
			"Project": "CloudStruct", "Environment": "production",
		},
	}
}

func tagAt(t *testing.T, endpoint string) name.Tag {
	t.Helper()
	tag, err := name.NewTag(strings.TrimPrefix(endpoint, "http://") + "/my-api:jellybean")
	if err != nil {
		t.Fatal(err)
	}
	return tag
}

func pull(t *testing.T, endpoint string) v1.Image {
	t.Helper()
	image, err := remote.Image(tagAt(t, endpoint), remote.WithAuth(credentials))
	if err != nil {
		t.Fatal(err)
	}
	return image
}

func TestPlaceholderIsPushedAndAnswers(t *testing.T) {
	endpoint, writes := newRegistry(t)
	port := freePort(t)
	s := &seeder{ecr: fakeECR{endpoint: endpoint}, transport: newTransport(time.Second), executable: built}
	id, _, err := s.handle(t.Context(), event(cfn.RequestCreate, port))
	if err != nil {
		t.Fatal(err)
	}
	if id != repositoryURI+":jellybean" {
		t.Errorf("physical id is %s", id)
	}
	if len(*writes) != 2 || (*writes)[1] != "jellybean" || !strings.HasPrefix((*writes)[0], "sha256:") {
		t.Errorf("wrote %v, want the image and then its tag", *writes)
	}

	image := pull(t, endpoint)
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if config.OS != "linux" || config.Architecture != runtime.GOARCH {
		t.Errorf("image is for %s/%s", config.OS, config.Architecture)
	}
	if config.Config.User != "65532:65532" {
		t.Errorf("image runs as %q, want a user without rights", config.Config.User)
	}
	binary := unpack(t, image)
	start(t, binary, config.Config.Env, port)

	base := fmt.Sprintf("http://127.0.0.1:%d", port)
	if status, kind, body := get(t, base+"/api/health"); status != 200 || !strings.HasPrefix(kind, "text/plain") || body != "ok\n" {
		t.Errorf("health path answered %d %s %q", status, kind, body)
	}
	status, kind, body := get(t, base+"/")
	if status != 200 || !strings.HasPrefix(kind, "text/html") {
		t.Errorf("page answered %d %s", status, kind)
	}
	for _, wanted := range []string{
		"CloudStruct production", "--stack-name CloudStruct-production", "--platform linux/" + runtime.GOARCH, `docker push "$REPOSITORY:jellybean"`,
	} {
		if text := strings.NewReplacer("<span>", "", "</span>", "").Replace(body); !strings.Contains(text, wanted) {
			t.Errorf("page lacks %q:\n%s", wanted, body)
		}
	}
}

// TestPlaceholderListensWhereTheTaskDefinitionSays: a change of the port must not
// need another image.
func TestPlaceholderListensWhereTheTaskDefinitionSays(t *testing.T) {
	port := freePort(t)
	made := settings{Port: 1, HealthPath: "/api/health", Tag: "jellybean"}
	start(t, built, append(made.environment(), "PORT="+strconv.Itoa(port)), port)
	if status, _, _ := get(t, fmt.Sprintf("http://127.0.0.1:%d/api/health", port)); status != 200 {
		t.Errorf("health path answered %d", status)
	}
}

// unpack writes the file of the image's one layer.
func unpack(t *testing.T, image v1.Image) string {
	t.Helper()
	layers, err := image.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v", len(layers), err)
	}
	files, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()
	archive := tar.NewReader(files)
	header, err := archive.Next()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), header.Name)
	file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, header.FileInfo().Mode())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(file, archive); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	if config, err := image.ConfigFile(); err != nil || config.Config.Entrypoint[0] != "/"+header.Name {
		t.Errorf("entry point is %v, the file %s, %v", config.Config.Entrypoint, header.Name, err)
	}
	return path
}

// start runs the placeholder as a container would, with nothing else in its
// environment, and checks at the end that it stops when it is asked to.
func start(t *testing.T, binary string, environment []string, port int) {
	t.Helper()
	cmd := exec.Command(binary)
	cmd.Env = environment
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := cmd.Wait(); err != nil {
			t.Errorf("placeholder ended with %v", err)
		}
	})
	for range 100 {
		if connection, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			_ = connection.Close()
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("placeholder does not listen")
}

func get(t *testing.T, url string) (status int, kind, body string) {
	t.Helper()
	answer, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header.Get("Content-Type"), string(content)
}

func freePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func TestSeedingIsSafeToRepeat(t *testing.T) {
	endpoint, writes := newRegistry(t)
	s := &seeder{ecr: fakeECR{endpoint: endpoint}, transport: newTransport(time.Second), executable: built}
	for _, request := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestCreate, cfn.RequestUpdate, cfn.RequestUpdate} {
		if _, _, err := s.handle(t.Context(), event(request, 80)); err != nil {
			t.Errorf("%s: %v", request, err)
		}
	}
	if len(*writes) != 2 {
		t.Errorf("wrote %v, want one image and its tag", *writes)
	}
}

func TestSeedingNeverChangesATagThatExists(t *testing.T) {
	endpoint, writes := newRegistry(t)
	theirs, err := random.Image(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(tagAt(t, endpoint), theirs, remote.WithAuth(credentials)); err != nil {
		t.Fatal(err)
	}
	*writes = nil
	s := &seeder{ecr: fakeECR{endpoint: endpoint}, transport: newTransport(time.Second), executable: built}
	for _, request := range []cfn.RequestType{cfn.RequestCreate, cfn.RequestUpdate} {
		if _, _, err := s.handle(t.Context(), event(request, 80)); err != nil {
			t.Errorf("%s: %v", request, err)
		}
	}
	want, _ := theirs.Digest()
	if got, _ := pull(t, endpoint).Digest(); got != want || len(*writes) != 0 {
		t.Errorf("tag names %s, want %s; wrote %v", got, want, *writes)
	}
}

func TestFailuresSayWhatFailed(t *testing.T) {
	endpoint, _ := newRegistry(t)
	properties := event(cfn.RequestCreate, 80).ResourceProperties
	with := func(key string, value any) map[string]any {
		changed := map[string]any{}
		for k, v := range properties {
			changed[k] = v
		}
		if changed[key] = value; value == nil {
			delete(changed, key)
		}
		return changed
	}
	for _, test := range []struct {
		name       string
		seeder     seeder
		properties map[string]any
		want       string
	}{
		{"properties are missing", seeder{}, with("Tag", nil), "resource properties are missing: Tag"},
		{"all of them", seeder{}, nil, "resource properties are missing: RepositoryUri, Tag, HealthPath, Port"},
		{"a port is none", seeder{}, with("Port", "http"), `resource property Port: must be 1 to 65535, got "http"`},
		{"ECR gives no token", seeder{ecr: fakeECR{err: errors.New("throttled")}, transport: newTransport(time.Second)}, properties, "sign in to the registry of " + repositoryURI + ": throttled"},
		{"the endpoint has no TLS", seeder{ecr: fakeECR{endpoint: "http://registry.example.com"}, transport: newTransport(time.Second)}, properties, `endpoint "http://registry.example.com" has no TLS`},
		{"the endpoint is no URL", seeder{ecr: fakeECR{endpoint: "registry"}, transport: newTransport(time.Second)}, properties, `endpoint "registry" is no URL`},
		{"the repository has no name", seeder{ecr: fakeECR{endpoint: endpoint}, transport: newTransport(time.Second)}, with("RepositoryUri", "registry"), `repository URI "registry" names no repository`},
		{"the executable is gone", seeder{ecr: fakeECR{endpoint: endpoint}, transport: newTransport(time.Second), executable: "/nowhere"}, properties, "build placeholder image: open /nowhere"},
		{"the executable is none", seeder{ecr: fakeECR{endpoint: endpoint}, transport: newTransport(time.Second), executable: "seed.go"}, properties, "build placeholder image: seed.go: bad magic number"},
	} {
		t.Run(test.name, func(t *testing.T) {
			id, _, err := test.seeder.handle(t.Context(), cfn.Event{RequestType: cfn.RequestUpdate, PhysicalResourceID: "as before", ResourceProperties: test.properties})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
			if id != "as before" {
				t.Errorf("physical id is %q: CloudFormation would take another for a replacement", id)
			}
		})
	}
}

func TestReasonFitsInCloudFormationsAnswer(t *testing.T) {
	for _, reason := range []string{
		strings.Repeat("x", 10_000), strings.Repeat("<", 10_000), strings.Repeat("ü", 10_000), strings.Repeat("\x00", 10_000), "\xff\xfe", "",
	} {
		answer := cfn.NewResponse(&cfn.Event{
			RequestID:         "00000000-0000-0000-0000-000000000000",
			LogicalResourceID: strings.Repeat("L", 255),
			StackID:           "arn:aws:cloudformation:ap-southeast-2:123456789012:stack/" + strings.Repeat("s", 128) + "/00000000-0000-0000-0000-000000000000",
		})
		answer.PhysicalResourceID, answer.Status, answer.Reason = repositoryURI+":"+strings.Repeat("t", 128), cfn.StatusFailed, cut(reason)
		body, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		if len(body) > 4096 {
			t.Errorf("answer of %d bytes for a reason of %d", len(body), len(reason))
		}
		if len(reason) == 10_000 && len(body) < 3000 {
			t.Errorf("answer of %d bytes: the reason was cut more than need be", len(body))
		}
	}
	if got := cut("short"); got != "short" {
		t.Errorf("a short reason became %q", got)
	}
}
