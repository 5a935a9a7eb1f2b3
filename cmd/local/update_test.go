package main

import (
	"fmt"
	"net/http"
	"testing"

	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// TestUpdateThatFailsRollsBack also wants no caller to notice.
func TestUpdateThatFailsRollsBack(t *testing.T) {
	a := newAccount(t, fmt.Sprintf(development, "", "jellybean"))
	a.must(a.deploy)
	stop := a.constantRequests("/")
	a.must(a.release)
	before := a.state()

	for _, failure := range []struct {
		name, configuration string
		cause               func() (fix func())
		reason              string
	}{
		{"tasks on another port never get healthy", fmt.Sprintf(development, ", port: 8080, environment: {EMULATOR_FAILS: no answer on port 8080}", "jellybean"),
			func() func() { return func() {} }, "Circuit Breaker"},
		{"the registry is down when another tag needs an image", fmt.Sprintf(development, "", "other"),
			a.breakRegistry, "connection refused"},
	} {
		a.configure(failure.configuration)
		fix := failure.cause()
		a.mustFail(cfntypes.StackStatusUpdateRollbackComplete, failure.reason)
		a.wantState(before)
		fix()
		if t.Failed() {
			t.Fatalf("when %s", failure.name)
		}
	}
	wantOnly(t, http.StatusOK, stop(), "during a release and two updates that failed")
}

// TestPortAndHealthPathChangeWithoutAnOutage follows docs/release-loop.md, "Another port or
// health path", and then leaves out its first step.
func TestPortAndHealthPathChangeWithoutAnOutage(t *testing.T) {
	a := newAccount(t, fmt.Sprintf(development, "", "jellybean"))
	a.must(a.deploy)
	stop := a.constantRequests("/")
	digest, err := a.push(t.Context(), map[string]string{"cloudstruct.emulator.health": "/api/health, /healthz"})
	if err != nil {
		t.Fatal(err)
	}
	if err := a.await(t.Context(), "the release that answers both paths to run", a.running, digest); err != nil {
		t.Fatal(err)
	}
	before := a.state()

	for _, change := range []string{", port: 8080", ", port: 8080, health: {path: /healthz}", ", port: 8080"} {
		a.configure(fmt.Sprintf(development, change, "jellybean"))
		a.must(a.deploy)
		after := a.state()
		if after.Running != before.Running || after.TaskDefinition == before.TaskDefinition {
			t.Errorf("service%s runs %s of %s, was %s of %s", change, after.Running, after.TaskDefinition, before.Running, before.TaskDefinition)
		}
		a.wantClean("after service" + change)
		before = after
	}
	wantOnly(t, http.StatusOK, stop(), "while port and health path changed, and the path back")

	stop = a.constantRequests("/")
	a.configure(fmt.Sprintf(development, ", port: 8080, health: {path: /nowhere}", "jellybean"))
	a.mustFail(cfntypes.StackStatusUpdateRollbackComplete, "Circuit Breaker")
	a.wantState(before)
	wantOnly(t, http.StatusOK, stop(), "while the stack rolled a path back that no task answers")
}

// TestBackToStickySessionsTakesTwoDeploys follows docs/release-loop.md, "Sticky sessions need
// rolling", after what happens in a single deploy.
func TestBackToStickySessionsTakesTwoDeploys(t *testing.T) {
	strategy := func(service string) string { return fmt.Sprintf(development, ", "+service, "jellybean") }
	a := newAccount(t, strategy("stickiness: {duration: 0s}, deployment: {strategy: blueGreen}"))
	a.must(a.deploy)
	stop := a.constantRequests("/")
	a.must(a.release)
	before := a.state()

	a.configure(strategy("stickiness: {duration: 24h}"))
	a.mustFail(cfntypes.StackStatusUpdateRollbackComplete, "group stickiness")
	a.wantState(before)

	for _, service := range []string{"stickiness: {duration: 0s}", "stickiness: {duration: 24h}"} {
		a.configure(strategy(service))
		a.must(a.deploy)
		a.wantClean("after " + service)
	}
	wantOnly(t, http.StatusOK, stop(), "from blue/green to sticky sessions")
}
