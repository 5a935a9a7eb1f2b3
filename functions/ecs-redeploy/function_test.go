package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloudstruct/functions/internal/lambdatest"
)

// build makes the function as it is deployed.
func build(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "bootstrap")
	cmd := exec.Command("go", "build", "-trimpath", "-ldflags=-s", "-tags=lambda.norpc", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	return binary
}

// environment is what the stack and Lambda give the function, with AWS at an
// address on this machine.
func environment(variables ...string) []string {
	return append([]string{
		"ECS_CLUSTER=C", "ECS_SERVICE=S", "ECR_REPOSITORY=my-api", "DEPLOY_TAG=jellybean", "DEPLOYMENT_DEADLINE=20m0s", "DEPLOYMENT_LIMIT=0s",
		"ALARM_TOPIC_ARN=topic", "LOG_GROUP=logs", "LOG_STREAM_PREFIX=ecs", "PROJECT=P", "ENVIRONMENT=E",
		"AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_SESSION_TOKEN=test",
		"AWS_LAMBDA_FUNCTION_NAME=redeploy", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=128",
	}, variables...)
}

// newLambda gives the function the time that the stack gives it.
func newLambda(t testing.TB) *lambdatest.RuntimeAPI {
	t.Helper()
	return lambdatest.New(t, 30*time.Second)
}

// stub answers the calls of AWS by what they are called.
type stub struct {
	*httptest.Server
	mu      sync.Mutex
	calls   []string
	answers map[string]func(w http.ResponseWriter)
}

// newStub is an AWS where image A runs and is good, and image B is under the
// deploy tag.
func newStub(t testing.TB) *stub {
	t.Helper()
	s := &stub{answers: map[string]func(http.ResponseWriter){}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		call := r.Header.Get("X-Amz-Target")
		call = call[strings.LastIndex(call, ".")+1:]
		s.mu.Lock()
		s.calls = append(s.calls, call)
		answer := s.answers[call]
		s.mu.Unlock()
		if answer != nil {
			answer(w)
			return
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		_, _ = io.WriteString(w, stubAnswer(call))
	}))
	t.Cleanup(s.Close)
	return s
}

func stubAnswer(call string) string {
	switch call {
	case "BatchGetImage":
		image := `{"imageId":{"imageDigest":%q,"imageTag":%q},"imageManifest":"{}","imageManifestMediaType":"application/vnd.oci.image.manifest.v1+json"}`
		return fmt.Sprintf(`{"images":[`+image+`,`+image+`],"failures":[]}`, "B", "jellybean", "A", "last-good")
	case "ListServiceDeployments":
		return `{"serviceDeployments":[{"serviceDeploymentArn":"d1","status":"SUCCESSFUL","createdAt":1763251200.5,"targetServiceRevisionArn":"r1"}]}`
	case "DescribeServiceRevisions":
		return `{"serviceRevisions":[{"serviceRevisionArn":"r1","containerImages":[{"containerName":"api","image":"registry/my-api:jellybean","imageDigest":"A"}]}],"failures":[]}`
	case "DescribeSecret":
		return `{"ARN":"secret","LastRotatedDate":1763254800.25}`
	}
	return `{}`
}

func (s *stub) called(call string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.calls {
		if c == call {
			n++
		}
	}
	return n
}

// start runs the function until the test ends.
func start(t testing.TB, binary string, env []string) {
	t.Helper()
	cmd := exec.Command(binary)
	cmd.Env = env
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

func TestFunctionDeploysWhatWasPushed(t *testing.T) {
	binary := build(t)
	for _, test := range []struct {
		name      string
		endpoints func(url string) []string
	}{
		{"one endpoint for all", func(url string) []string { return []string{"AWS_ENDPOINT_URL=" + url} }},
		{"an endpoint for each service", func(url string) []string {
			return []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_ENDPOINT_URL_ECR=" + url, "AWS_ENDPOINT_URL_ECS=" + url}
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			lambda, aws := newLambda(t), newStub(t)
			start(t, binary, environment(append(test.endpoints(aws.URL), lambda.Variable())...))
			answer := lambda.Invoke(pushEvent("jellybean", "B", time.Now()))
			var got outcome
			if err := json.Unmarshal(answer.Body, &got); err != nil || answer.Failed {
				t.Fatalf("answered %s", answer.Body)
			}
			if strings.Join(got.Did, ";") != "started a deployment of B" || aws.called("UpdateService") != 1 {
				t.Errorf("answered %+v after %v", got, aws.calls)
			}
			if answer := lambda.Invoke([]byte(`{"source":"aws.s3"}`)); !bytes.Contains(answer.Body, []byte("not about this service")) {
				t.Errorf("answered %s", answer.Body)
			}
		})
	}
}

func TestFunctionReplacesTasksWithAnOldPassword(t *testing.T) {
	binary, lambda, aws := build(t), newLambda(t), newStub(t)
	aws.answers["BatchGetImage"] = func(w http.ResponseWriter) { // both tags name what runs
		_, _ = io.WriteString(w, strings.ReplaceAll(stubAnswer("BatchGetImage"), `"B"`, `"A"`))
	}
	start(t, binary, environment("DATABASE_SECRET_ARN=secret", "AWS_ENDPOINT_URL="+aws.URL, lambda.Variable()))
	answer := lambda.Invoke(scheduleEvent(time.Now()))
	if !bytes.Contains(answer.Body, []byte("the password from before its rotation")) || aws.called("DescribeSecret") != 1 || aws.called("UpdateService") != 1 {
		t.Errorf("answered %s after %v", answer.Body, aws.calls)
	}
}

func TestFunctionNamesWhatItsEnvironmentLacks(t *testing.T) {
	cmd := exec.Command(build(t))
	cmd.Env = []string{"ECS_SERVICE=S", "DEPLOYMENT_DEADLINE=soon"}
	output, err := cmd.CombinedOutput()
	if err == nil {
		t.Error("the function started")
	}
	for _, want := range []string{"ECS_CLUSTER: is required", "ECR_REPOSITORY: is required", `DEPLOYMENT_DEADLINE: must be a duration such as 20m, got \"soon\"`} {
		if !strings.Contains(string(output), want) {
			t.Errorf("output lacks %s:\n%s", want, output)
		}
	}
	if strings.Contains(string(output), "ECS_SERVICE:") {
		t.Errorf("output names what is there:\n%s", output)
	}
}

func TestThrottledCallsAreRepeatedThreeTimes(t *testing.T) {
	binary := build(t)
	throttle := func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)
	}
	lambda, aws := newLambda(t), newStub(t)
	aws.answers["ListServiceDeployments"] = throttle
	start(t, binary, environment("AWS_ENDPOINT_URL="+aws.URL, lambda.Variable()))
	begun := time.Now()
	answer := lambda.Invoke(pushEvent("jellybean", "B", time.Now()))
	if !answer.Failed || !bytes.Contains(answer.Body, []byte("list deployments of service S in cluster C")) {
		t.Errorf("answered %s", answer.Body)
	}
	if n := aws.called("ListServiceDeployments"); n != 3 {
		t.Errorf("called %d times", n)
	}
	if took := time.Since(begun); took > 25*time.Second {
		t.Errorf("took %s of the function's 30", took)
	}
}
