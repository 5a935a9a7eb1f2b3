package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"cloudstruct/functions/internal/lambdatest"
)

const (
	balancerARN = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/api/1"
	cluster     = "database"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	os.Exit(m.Run())
}

// world is a load balancer and a cluster, and the errors that the next calls answer.
type world struct {
	t                *testing.T
	attributes       map[string]string
	protected        bool
	balancerFailures []error
	databaseFailures []error
	calls            []string
}

func (w *world) ModifyLoadBalancerAttributes(ctx context.Context, input *elb.ModifyLoadBalancerAttributesInput, _ ...func(*elb.Options)) (*elb.ModifyLoadBalancerAttributesOutput, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.calls = append(w.calls, "balancer")
	if *input.LoadBalancerArn != balancerARN {
		w.t.Errorf("changed load balancer %s", *input.LoadBalancerArn)
	}
	if len(w.balancerFailures) > 0 {
		err := w.balancerFailures[0]
		w.balancerFailures = w.balancerFailures[1:]
		return nil, err
	}
	for _, attribute := range input.Attributes {
		w.attributes[*attribute.Key] = *attribute.Value
	}
	return &elb.ModifyLoadBalancerAttributesOutput{}, nil
}

func (w *world) ModifyDBCluster(ctx context.Context, input *rds.ModifyDBClusterInput, _ ...func(*rds.Options)) (*rds.ModifyDBClusterOutput, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w.calls = append(w.calls, fmt.Sprintf("database %t", *input.DeletionProtection))
	if *input.DBClusterIdentifier != cluster || !*input.ApplyImmediately {
		w.t.Errorf("changed cluster %s, at once %t", *input.DBClusterIdentifier, *input.ApplyImmediately)
	}
	if len(w.databaseFailures) > 0 {
		err := w.databaseFailures[0]
		w.databaseFailures = w.databaseFailures[1:]
		if err != nil {
			return nil, err
		}
	}
	w.protected = *input.DeletionProtection
	return &rds.ModifyDBClusterOutput{}, nil
}

func newWorld(t *testing.T) (*world, *guard) {
	w := &world{t: t, attributes: map[string]string{}}
	return w, &guard{balancers: w, databases: w, pause: time.Millisecond}
}

func event(request cfn.RequestType, changes ...string) cfn.Event {
	e := cfn.Event{RequestType: request, ResourceProperties: map[string]any{
		"LoadBalancerArn": balancerARN, "LoadBalancerDeletionProtection": "true",
		"DatabaseClusterIdentifier": cluster, "DatabaseDeletionProtection": "true",
		"AccessLogsBucket": "logs",
	}}
	if request != cfn.RequestCreate {
		e.PhysicalResourceID = "safeguards"
	}
	for i := 0; i < len(changes); i += 2 {
		if e.ResourceProperties[changes[i]] = changes[i+1]; changes[i+1] == "" {
			delete(e.ResourceProperties, changes[i])
		}
	}
	return e
}

func TestEverythingIsSwitchedAsConfigured(t *testing.T) {
	for _, test := range []struct {
		name      string
		event     cfn.Event
		want      map[string]string
		protected bool
	}{
		{"all of it", event(cfn.RequestCreate), map[string]string{"deletion_protection.enabled": "true", "access_logs.s3.enabled": "true", "access_logs.s3.bucket": "logs"}, true},
		{"nothing", event(cfn.RequestCreate, "LoadBalancerDeletionProtection", "false", "DatabaseDeletionProtection", "false", "AccessLogsBucket", ""),
			map[string]string{"deletion_protection.enabled": "false", "access_logs.s3.enabled": "false"}, false},
		{"no access logs any more", event(cfn.RequestUpdate, "AccessLogsBucket", ""), map[string]string{"deletion_protection.enabled": "true", "access_logs.s3.enabled": "false"}, true},
		{"a database that may be deleted", event(cfn.RequestUpdate, "DatabaseDeletionProtection", "false"),
			map[string]string{"deletion_protection.enabled": "true", "access_logs.s3.enabled": "true", "access_logs.s3.bucket": "logs"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, g := newWorld(t)
			w.protected = !test.protected
			id, _, err := g.handle(t.Context(), test.event)
			if err != nil || id != "safeguards" {
				t.Fatalf("answered %q, %v", id, err)
			}
			if fmt.Sprint(w.attributes) != fmt.Sprint(test.want) || w.protected != test.protected {
				t.Errorf("attributes are %v, the database is protected: %t", w.attributes, w.protected)
			}
		})
	}
}

// TestFailureLeavesNoNewClusterProtected wants the rollback that follows to be able to
// delete what the failed operation created, and to leave alone what was there before.
func TestFailureLeavesNoNewClusterProtected(t *testing.T) {
	denied := errors.New("Access Denied for bucket: logs. Please check S3bucket permission")
	replaced := event(cfn.RequestUpdate)
	replaced.OldResourceProperties = map[string]any{"DatabaseClusterIdentifier": "another"}
	kept := event(cfn.RequestUpdate)
	kept.OldResourceProperties = map[string]any{"DatabaseClusterIdentifier": cluster}
	for name, test := range map[string]struct {
		event     cfn.Event
		protected bool
	}{
		"a first deploy":       {event(cfn.RequestCreate), false},
		"a replaced cluster":   {replaced, false},
		"a cluster that stays": {kept, true},
	} {
		w, g := newWorld(t)
		w.balancerFailures = []error{denied}
		_, _, err := g.handle(t.Context(), test.event)
		if !errors.Is(err, denied) || !strings.Contains(err.Error(), balancerARN) {
			t.Errorf("%s: error is %v", name, err)
		}
		if w.protected != test.protected || len(w.attributes) > 0 {
			t.Errorf("%s: the database is protected: %t, attributes are %v", name, w.protected, w.attributes)
		}
	}
}

// TestUndoHasTimeOfItsOwn lets the load balancer's call be denied until no time is left.
func TestUndoHasTimeOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		w, g := newWorld(t)
		g.pause = 5 * time.Second
		for range 1000 {
			w.balancerFailures = append(w.balancerFailures, &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized"})
		}
		_, _, err := g.handle(ctx, event(cfn.RequestCreate))
		if err == nil || strings.Contains(err.Error(), "could not undo it") || w.protected {
			t.Errorf("error is %v, the database is protected: %t", err, w.protected)
		}
		if ctx.Err() != nil {
			t.Error("no time is left to answer")
		}
	})
}

func TestFailureIsReported(t *testing.T) {
	w, g := newWorld(t)
	w.databaseFailures = []error{errors.New("throttled")}
	if _, _, err := g.handle(t.Context(), event(cfn.RequestCreate)); err == nil || !strings.HasSuffix(err.Error(), "throttled") {
		t.Errorf("error is %v", err)
	}
	if slices.Contains(w.calls, "balancer") {
		t.Errorf("called %v: the load balancer was changed although the database could not be", w.calls)
	}
	w, g = newWorld(t)
	w.balancerFailures, w.databaseFailures = []error{errors.New("denied")}, []error{nil, errors.New("throttled")}
	if _, _, err := g.handle(t.Context(), event(cfn.RequestCreate)); err == nil || !strings.Contains(err.Error(), "denied\nand could not undo it: ") {
		t.Errorf("error is %v", err)
	}
}

func TestDeleteChangesNothing(t *testing.T) {
	w, g := newWorld(t)
	if id, _, err := g.handle(t.Context(), event(cfn.RequestDelete)); err != nil || id != "safeguards" || len(w.calls) > 0 {
		t.Errorf("answered %q, %v, called %v", id, err, w.calls)
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	w, g := newWorld(t)
	w.databaseFailures = []error{&rdstypes.InvalidDBClusterStateFault{}, &smithy.GenericAPIError{Code: "AccessDenied"}}
	w.balancerFailures = []error{&smithy.GenericAPIError{Code: "AccessDenied"}}
	if _, _, err := g.handle(t.Context(), event(cfn.RequestCreate)); err != nil || !w.protected || len(w.calls) != 5 {
		t.Errorf("answered %v after %v", err, w.calls)
	}
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(answerTime+undoTime+20*time.Millisecond))
	defer cancel()
	w, g = newWorld(t)
	for range 1000 {
		w.databaseFailures = append(w.databaseFailures, &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized to perform: rds:ModifyDBCluster"})
	}
	if _, _, err := g.handle(ctx, event(cfn.RequestUpdate)); err == nil || !strings.Contains(err.Error(), "not authorized to perform: rds:ModifyDBCluster") {
		t.Errorf("error is %v, want the refusal rather than the end of the time", err)
	}
}

func TestWrongPropertiesAreNamed(t *testing.T) {
	for name, test := range map[string]struct {
		event cfn.Event
		want  string
	}{
		"one is missing": {event(cfn.RequestUpdate, "LoadBalancerArn", ""), "resource properties: LoadBalancerArn is missing"},
		"two at once": {event(cfn.RequestUpdate, "DatabaseClusterIdentifier", "", "DatabaseDeletionProtection", "yes"),
			`resource properties: DatabaseClusterIdentifier is missing; DatabaseDeletionProtection must be true or false, got "yes"`},
	} {
		w, g := newWorld(t)
		if id, _, err := g.handle(t.Context(), test.event); err == nil || err.Error() != test.want || id != "safeguards" || len(w.calls) > 0 {
			t.Errorf("%s: answered %q, %v, called %v", name, id, err, w.calls)
		}
	}
}

// TestBinaryAnswersCloudFormation starts the function as Lambda does.
func TestBinaryAnswersCloudFormation(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "bootstrap")
	if output, err := exec.Command("go", "build", "-tags=lambda.norpc", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatal(string(output))
	}
	var seen []string
	aws := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		seen = append(seen, r.Form.Get("Action")+" "+r.Form.Get("DeletionProtection"))
		_, _ = fmt.Fprintf(w, "<%[1]sResponse><%[1]sResult/></%[1]sResponse>", r.Form.Get("Action"))
	}))
	defer aws.Close()
	answers := make(chan cfn.Response, 1)
	inbox := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var answer cfn.Response
		if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
			t.Error(err)
		}
		answers <- answer
	}))
	defer inbox.Close()
	runtime := lambdatest.New(t, time.Minute)
	function := exec.Command(binary)
	function.Env = []string{runtime.Variable(), "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b", "AWS_ENDPOINT_URL=" + aws.URL}
	if err := function.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = function.Process.Kill(); _ = function.Wait() }()

	created := event(cfn.RequestCreate)
	created.ResponseURL = inbox.URL
	request, err := json.Marshal(created)
	if err != nil {
		t.Fatal(err)
	}
	if answer := runtime.Invoke(request); answer.Failed {
		t.Fatalf("failed: %s", answer.Body)
	}
	if got := <-answers; got.Status != cfn.StatusSuccess || got.PhysicalResourceID != "safeguards" {
		t.Errorf("answered %+v", got)
	}
	if want := []string{"ModifyDBCluster true", "ModifyLoadBalancerAttributes "}; !slices.Equal(seen, want) {
		t.Errorf("called %v, want %v", seen, want)
	}
}
