package main

import (
	"io"
	"net/http"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func refuses(status int, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// faults are what a call of AWS may end in. The first three pass: the SDK tries
// again.
var faults = []struct {
	name    string
	passing bool
	answer  func(http.ResponseWriter)
}{
	{"throttled", true, refuses(http.StatusBadRequest, `{"__type":"ThrottlingException","message":"Rate exceeded"}`)},
	{"a server error", true, refuses(http.StatusServiceUnavailable, `{}`)},
	{"the connection lost", true, func(http.ResponseWriter) { panic(http.ErrAbortHandler) }},
	{"an answer cut off", false, refuses(http.StatusOK, `{"images":[`)},
	{"no JSON", false, refuses(http.StatusOK, `<html>`)},
	{"an expired token", false, refuses(http.StatusBadRequest, `{"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`)},
}

// newFaulty is the function's reconciler with its real clients, at an AWS on this
// machine where one call ends badly so many times.
func newFaulty(t *testing.T, timeout time.Duration, call string, times int64, answer func(http.ResponseWriter)) (*reconciler, *stub) {
	t.Helper()
	aws := newStub(t)
	var left atomic.Int64
	left.Store(times)
	aws.answers[call] = func(w http.ResponseWriter) {
		if left.Add(-1) >= 0 {
			answer(w)
			return
		}
		_, _ = io.WriteString(w, stubAnswer(call))
	}
	variables := map[string]string{}
	for _, variable := range environment("AWS_ENDPOINT_URL="+aws.URL, "DATABASE_SECRET_ARN=secret") {
		name, value, _ := strings.Cut(variable, "=")
		variables[name] = value
	}
	getenv := func(name string) string { return variables[name] }
	s, err := settingsFromEnvironment(getenv)
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := awsFromEnvironment(getenv)
	if err != nil {
		t.Fatal(err)
	}
	cfg.HTTPClient = awshttp.NewBuildableClient().WithTimeout(timeout)
	return &reconciler{
		settings: s, now: time.Now, together: atOnce, decide: decide,
		ecr: ecr.NewFromConfig(cfg), ecs: ecs.NewFromConfig(cfg), sns: sns.NewFromConfig(cfg),
		logs: cloudwatchlogs.NewFromConfig(cfg), secrets: secretsmanager.NewFromConfig(cfg),
	}, aws
}

// callsOfAPush are what a push leads to, with what an error says of each.
var callsOfAPush = map[string]string{
	"BatchGetImage":            "repository my-api",
	"ListServiceDeployments":   "list deployments of service S in cluster C",
	"DescribeServiceRevisions": "service S",
	"DescribeSecret":           "secret secret",
	"UpdateService":            "redeploy service S in cluster C",
}

// TestFaultsOfAWSPassOrAreTold breaks each call in each way: a deployment comes in
// the end, or an error that names the step, so that Lambda tries again.
func TestFaultsOfAWSPassOrAreTold(t *testing.T) {
	for call, step := range callsOfAPush {
		for _, fault := range faults {
			t.Run(call+" meets "+fault.name, func(t *testing.T) {
				t.Parallel()
				r, aws := newFaulty(t, 5*time.Second, call, 1, fault.answer)
				answer, err := r.handle(t.Context(), pushEvent("jellybean", "B", time.Now()))
				switch {
				case fault.passing && (err != nil || strings.Join(answer.Did, ";") != "started a deployment of B"):
					t.Errorf("did %v, %v", answer.Did, err)
				case !fault.passing && (err == nil || !strings.Contains(err.Error(), step)):
					t.Errorf("error is %v, want it to name %s", err, step)
				}
				if n := aws.called("UpdateService"); call != "UpdateService" && !fault.passing && n > 0 {
					t.Errorf("deployed %d times without having seen all", n)
				}
			})
		}
	}
}

func TestAnAWSThatDoesNotAnswerIsGivenUp(t *testing.T) {
	for call, step := range callsOfAPush {
		t.Run(call, func(t *testing.T) {
			t.Parallel()
			r, _ := newFaulty(t, 200*time.Millisecond, call, 100, func(http.ResponseWriter) { time.Sleep(time.Second) })
			begun := time.Now()
			_, err := r.handle(t.Context(), pushEvent("jellybean", "B", time.Now()))
			if err == nil || !strings.Contains(err.Error(), step) {
				t.Errorf("error is %v, want it to name %s", err, step)
			}
			if took := time.Since(begun); took > 20*time.Second {
				t.Errorf("gave up after %s", took)
			}
		})
	}
}

// TestTerminationEndsTheFunction in the middle of a call, before it has written.
func TestTerminationEndsTheFunction(t *testing.T) {
	lambda, aws := newLambda(t), newStub(t)
	reached, over := make(chan bool), make(chan bool)
	aws.answers["DescribeServiceRevisions"] = func(http.ResponseWriter) {
		reached <- true
		<-over
	}
	t.Cleanup(func() { close(over) })
	cmd := exec.Command(build(t))
	cmd.Env = environment("AWS_ENDPOINT_URL="+aws.URL, lambda.Variable())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lambda.Send(pushEvent("jellybean", "B", time.Now()))
	<-reached
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	ended := make(chan bool)
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = cmd.Process.Kill()
		t.Error("still there ten seconds after SIGTERM")
	}
	if n := aws.called("UpdateService") + aws.called("PutImage"); n > 0 {
		t.Errorf("wrote %d times", n)
	}
}

// FuzzEvents gives the function whatever may come as an event: it is understood or
// left alone, and wakes the function only if it is about this service.
func FuzzEvents(f *testing.F) {
	for _, name := range []string{"push.json", "push-of-an-index-child.json", "deployment-failed.json", "secret-label-updated.json", "schedule.json"} {
		f.Add(readEvent(f, name))
	}
	f.Add([]byte(`{"source":"cloudstruct.retry","time":"2026-11-16T02:05:00Z"}`))
	f.Add([]byte(`{"source":"aws.ecr","detail-type":"ECR Image Action","detail":{"image-tag":[]}}`))
	f.Add([]byte(`{"source":"aws.ecs","detail-type":"ECS Deployment State Change","resources":[null,7]}`))
	f.Fuzz(func(t *testing.T, event []byte) {
		w, ours := eventSettings.parse(event)
		if !ours {
			return
		}
		if w.cause == "" {
			t.Error("an event of ours without a cause")
		}
		text := string(event)
		if w.cause == pushed && !strings.Contains(text, `\`) && !strings.Contains(text, eventSettings.Repository) {
			t.Error("a push to another repository")
		}
	})
}
