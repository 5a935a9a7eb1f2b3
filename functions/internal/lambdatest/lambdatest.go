// Package lambdatest stands in for Lambda's runtime API, so that a test can start
// a function's binary and give it events.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package lambdatest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// RuntimeAPI gives events to one running function, and takes its answers.
type RuntimeAPI struct {
	server  *httptest.Server
	timeout time.Duration
	events  chan []byte
	answers chan Answer
}

// Answer is what the function made of an event.
type Answer struct {
	// Failed says that Body is an error rather than a response.
	Failed bool
	Body   []byte
}

// New starts the stand-in, which tells the function that it has so much time for
// each event. It ends with the test.
func New(t testing.TB, timeout time.Duration) *RuntimeAPI {
	t.Helper()
	api := &RuntimeAPI{timeout: timeout, events: make(chan []byte), answers: make(chan Answer)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", api.next)
	mux.HandleFunc("POST /2018-06-01/runtime/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.WriteHeader(http.StatusAccepted)
		api.answers <- Answer{Failed: !strings.HasSuffix(r.URL.Path, "/response"), Body: body}
	})
	api.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		api.server.CloseClientConnections()
		api.server.Close()
	})
	return api
}

func (api *RuntimeAPI) next(w http.ResponseWriter, r *http.Request) {
	select {
	case event := <-api.events:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", "request")
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(api.timeout).UnixMilli()))
		_, _ = w.Write(event)
	case <-r.Context().Done():
	}
}

// Variable is the environment variable that leads a function here.
func (api *RuntimeAPI) Variable() string {
	return "AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(api.server.URL, "http://")
}

// Send gives an event to the function.
func (api *RuntimeAPI) Send(event []byte) { api.events <- event }

// Invoke gives an event to the function and waits for its answer.
func (api *RuntimeAPI) Invoke(event []byte) Answer {
	api.Send(event)
	return <-api.answers
}
