package main

import (
	"bytes"
	"context"
	"debug/elf"
	layout "encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"pgregory.net/rapid"

	"cloudstruct/functions/internal/lambdatest"
)

// fault does to a request what a network or a registry may do to it.
type fault func(w http.ResponseWriter, r *http.Request, inner http.Handler)

func answers(status int, kind, body string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", kind)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

func dropped(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.CopyN(io.Discard, r.Body, r.ContentLength/2)
	panic(http.ErrAbortHandler)
}

// truncated lets the registry have half of a layer, and says that it was all. Half
// a manifest is no JSON: ECR takes none.
func truncated(w http.ResponseWriter, r *http.Request, inner http.Handler) {
	if r.Method != http.MethodPatch {
		inner.ServeHTTP(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body[:len(body)/2]))
	r.ContentLength = int64(len(body) / 2)
	inner.ServeHTTP(w, r)
}

// unanswered does what was asked, but the answer is lost.
func unanswered(_ http.ResponseWriter, r *http.Request, inner http.Handler) {
	inner.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// silent reads the request: until then a server does not see that its client left.
func silent(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

var faults = map[string]fault{
	"throttled":       answers(http.StatusTooManyRequests, "application/json", `{"errors":[{"code":"TOOMANYREQUESTS","message":"Rate exceeded"}]}`),
	"a server error":  answers(http.StatusServiceUnavailable, "text/plain", "try later"),
	"token expired":   answers(http.StatusForbidden, "application/json", `{"errors":[{"code":"DENIED","message":"Your authorization token has expired. Reauthenticate and try again."}]}`),
	"wrong JSON":      answers(http.StatusInternalServerError, "application/json", `{"errors":`),
	"connection lost": dropped,
	"layer cut":       truncated,
	"answer lost":     unanswered,
	"no answer":       silent,
}

// faultyRegistry counts its requests, and puts a fault in place of the chosen ones.
type faultyRegistry struct {
	*httptest.Server
	requests atomic.Int64
	sound    string // the address without faults
}

func newFaultyRegistry(t *testing.T, broken func(request int64) fault) *faultyRegistry {
	t.Helper()
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	f := &faultyRegistry{}
	f.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if fault := broken(f.requests.Add(1)); fault != nil {
			fault(w, r, inner)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	f.Config.ErrorLog = log.New(io.Discard, "", 0)
	f.Start()
	sound := httptest.NewServer(inner)
	f.sound = sound.URL
	t.Cleanup(func() {
		sound.Close()
		f.CloseClientConnections()
		f.Close()
	})
	return f
}

// check wants the tag to name a whole image, or none.
func (f *faultyRegistry) check(t *testing.T) (exists bool) {
	t.Helper()
	image, err := remote.Image(tagAt(t, f.sound), remote.WithAuth(credentials))
	if err != nil {
		return false
	}
	if err := validate.Image(image); err != nil {
		t.Errorf("the tag names a broken image: %v", err)
	}
	return true
}

// smallExecutable is one in form: it takes no time to push.
func smallExecutable(t *testing.T) string {
	t.Helper()
	machine := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}[runtime.GOARCH]
	header := elf.Header64{
		Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: 64,
	}
	var content bytes.Buffer
	if err := layout.Write(&content, layout.LittleEndian, header); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bootstrap")
	if err := os.WriteFile(path, content.Bytes(), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// healthyRequests is how many requests a push takes when nothing goes wrong.
func healthyRequests(t *testing.T, executable string) int64 {
	t.Helper()
	f := newFaultyRegistry(t, func(int64) fault { return nil })
	s := &seeder{ecr: fakeECR{endpoint: f.URL}, transport: newTransport(time.Second), executable: executable}
	if _, _, err := s.handle(t.Context(), event(cfn.RequestCreate, 80)); err != nil {
		t.Fatal(err)
	}
	if !f.check(t) {
		t.Fatal("nothing was pushed")
	}
	return f.requests.Load()
}

// TestNothingHalfPushedIsTagged breaks every request of a push in every way, once
// and for good. The cases wait for much, so all of them run at once.
func TestNothingHalfPushedIsTagged(t *testing.T) {
	executable := smallExecutable(t)
	requests := healthyRequests(t, executable)
	var wait sync.WaitGroup
	var failed, recovered atomic.Int64
	for name, broken := range faults {
		for first := int64(1); first <= requests; first++ {
			for _, once := range []bool{true, false} {
				wait.Go(func() {
					f := newFaultyRegistry(t, func(request int64) fault {
						if request == first || request > first && !once {
							return broken
						}
						return nil
					})
					budget := 3 * time.Second // for what won't pass
					if once {
						budget = 20 * time.Second
					}
					ctx, cancel := context.WithTimeout(t.Context(), answerTime+budget)
					defer cancel()
					s := &seeder{ecr: fakeECR{endpoint: f.URL}, transport: newTransport(time.Second), executable: executable}
					begun := time.Now()
					id, _, err := s.handle(ctx, event(cfn.RequestCreate, 80))
					exists := f.check(t)
					what := fmt.Sprintf("%s at request %d, once %v", name, first, once)
					switch {
					case err == nil && !exists:
						t.Errorf("%s: success, but the tag names nothing", what)
					case err != nil && (id != "" || !strings.Contains(err.Error(), "my-api")):
						t.Errorf("%s: answered %q, %v", what, id, err)
					case err != nil:
						failed.Add(1)
					default:
						recovered.Add(1)
					}
					if took := time.Since(begun); took > budget+answerTime {
						t.Errorf("%s: answered after %s", what, took)
					}
				})
			}
		}
	}
	wait.Wait()
	t.Logf("%d requests a push; %d faults overcome, %d told", requests, recovered.Load(), failed.Load())
	if failed.Load() == 0 || recovered.Load() == 0 {
		t.Error("the faults made no difference")
	}
}

// TestRequestsInAnyOrder plays CloudFormation: it creates, updates, sends back and
// deletes, repeats itself, and the registry comes and goes.
func TestRequestsInAnyOrder(t *testing.T) {
	executable := smallExecutable(t)
	rapid.Check(t, func(rt *rapid.T) {
		up := true
		f := newFaultyRegistry(t, func(int64) fault {
			if up {
				return nil
			}
			return faults["token expired"] // a fault that is not tried again
		})
		defer f.Close()
		s := &seeder{ecr: fakeECR{endpoint: f.URL}, transport: newTransport(time.Second), executable: executable}
		send := func(request cfn.RequestType, id, tag, old string) (string, error) {
			e := event(request, rapid.IntRange(1, 65535).Draw(rt, "port"))
			e.PhysicalResourceID = id
			e.ResourceProperties["Tag"] = tag
			e.OldResourceProperties = map[string]any{"Tag": old}
			var answer string
			var err error
			for range rapid.IntRange(1, 2).Draw(rt, "times") {
				answer, _, err = s.handle(t.Context(), e)
			}
			return answer, err
		}
		id, err := send(cfn.RequestCreate, "", "a", "")
		if err != nil {
			rt.Fatal(err)
		}
		tag := "a"
		for range rapid.IntRange(1, 6).Draw(rt, "updates") {
			next := rapid.SampledFrom([]string{"a", "b"}).Draw(rt, "tag")
			up = rapid.Bool().Draw(rt, "registry is up")
			updated, err := send(cfn.RequestUpdate, id, next, tag)
			if err == nil {
				id, tag = updated, next
				continue
			}
			if up || next == tag {
				rt.Fatalf("update of %s to %s: %v", tag, next, err)
			}
			if updated != id {
				rt.Fatalf("a failed update answered the id %s", updated)
			}
			if back, err := send(cfn.RequestUpdate, id, tag, next); err != nil || back != id {
				rt.Fatalf("sent back, it answered %s, %v", back, err)
			}
		}
		if answer, err := send(cfn.RequestDelete, id, tag, ""); err != nil || answer != id {
			rt.Fatalf("delete answered %s, %v", answer, err)
		}
	})
}

// ecrStub answers GetAuthorizationToken, over the wire, in turn.
func ecrStub(t *testing.T, turns ...string) string {
	t.Helper()
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		turn := turns[0]
		if len(turns) > 1 {
			turns = turns[1:]
		}
		status, body, _ := strings.Cut(turn, " ")
		var code int
		_, _ = fmt.Sscan(status, &code)
		w.Header().Set("Content-Type", "application/x-amz-json-1.1")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func tokenFor(endpoint string) string {
	return fmt.Sprintf(`200 {"authorizationData":[{"authorizationToken":"QVdTOnNlY3JldA==","proxyEndpoint":%q}]}`, endpoint)
}

// inbox is what CloudFormation is told.
func inbox(t *testing.T) (url string, told chan cfn.Response) {
	t.Helper()
	told = make(chan cfn.Response, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var answer cfn.Response
		if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
			t.Error(err)
		}
		told <- answer
	}))
	t.Cleanup(server.Close)
	return server.URL, told
}

// run starts the function's binary as Lambda does, and sends it a create.
func run(t *testing.T, ecrURL, responseURL string) *exec.Cmd {
	t.Helper()
	lambda := lambdatest.New(t, 2*time.Minute)
	cmd := exec.Command(built)
	cmd.Env = []string{
		lambda.Variable(), "AWS_ENDPOINT_URL=" + ecrURL, "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_LAMBDA_FUNCTION_NAME=seed", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=512",
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	e := event(cfn.RequestCreate, 80)
	e.ResponseURL = responseURL
	body, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	go lambda.Invoke(body)
	return cmd
}

func TestFunctionTellsCloudFormationWhatECRSaid(t *testing.T) {
	healthy := newFaultyRegistry(t, func(int64) fault { return nil })
	throttled := `400 {"__type":"ThrottlingException","message":"Rate exceeded"}`
	for _, test := range []struct {
		name   string
		turns  []string
		reason string // empty for success
	}{
		{"throttled once", []string{throttled, tokenFor(healthy.URL)}, ""},
		{"a server error once", []string{`503 {}`, tokenFor(healthy.URL)}, ""},
		{"throttled for good", []string{throttled}, "Rate exceeded"},
		{"own token expired", []string{`400 {"__type":"ExpiredTokenException","message":"The security token included in the request is expired"}`}, "token included in the request is expired"},
		{"wrong JSON", []string{`200 {"authorizationData":`}, "deserialization failed"},
		{"no token", []string{`200 {"authorizationData":[]}`}, "no authorization token"},
		{"a token that is none", []string{`200 {"authorizationData":[{"authorizationToken":"%","proxyEndpoint":"https://x"}]}`}, "not base64"},
		{"the registry is down", []string{tokenFor("http://localhost:1")}, "connection refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url, told := inbox(t)
			run(t, ecrStub(t, test.turns...), url)
			select {
			case answer := <-told:
				if succeeded := answer.Status == cfn.StatusSuccess; succeeded != (test.reason == "") || !strings.Contains(answer.Reason, test.reason) {
					t.Errorf("told %s: %s", answer.Status, answer.Reason)
				}
			case <-time.After(time.Minute):
				t.Error("told nothing in a minute")
			}
		})
	}
}

// TestTerminationLeavesNothingTagged ends the function at each request of a push.
func TestTerminationLeavesNothingTagged(t *testing.T) {
	for last, done := int64(1), false; !done; last++ {
		reached := make(chan bool, 1)
		f := newFaultyRegistry(t, func(request int64) fault {
			if request < last {
				return nil
			}
			return func(w http.ResponseWriter, r *http.Request, inner http.Handler) {
				// What was sent arrives; the answer never does.
				inner.ServeHTTP(httptest.NewRecorder(), r)
				if request == last {
					reached <- true
				}
				silent(w, r, inner)
			}
		})
		url, told := inbox(t)
		cmd := run(t, ecrStub(t, tokenFor(f.URL)), url)
		select {
		case <-reached:
			_ = cmd.Process.Signal(syscall.SIGTERM)
			_ = cmd.Wait()
			f.check(t)
		case answer := <-told:
			if answer.Status != cfn.StatusSuccess {
				t.Errorf("told %s: %s", answer.Status, answer.Reason)
			}
			done = true // there are no more requests
		case <-time.After(time.Minute):
			t.Fatalf("request %d did not come in a minute", last)
		}
	}
}
