package firstdeploy

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

func plan(t *testing.T, a *account) *Plan {
	t.Helper()
	p, err := a.cleaner().Plan(context.Background(), "CloudStruct-production")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAFailedFirstDeployIsRemoved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := failed()
		p := plan(t, a)
		if len(a.writes) > 0 {
			t.Fatalf("a plan has changed %q", a.writes)
		}
		if err := a.cleaner().Remove(context.Background(), p, io.Discard); err != nil {
			t.Fatal(err)
		}
		if _, left := a.images["my-api"]; left || a.status != types.StackStatusDeleteComplete || len(a.objects) > 0 {
			t.Errorf("left over: %s", a)
		}
		if len(a.images["others"]) != 1 {
			t.Error("somebody else's images are gone")
		}
		if i := slices.Index(a.writes, "arn:balancer access_logs.s3.enabled"); i < 0 || i > slices.Index(a.writes, "object a") {
			t.Errorf("the balancer still wrote when its bucket was emptied: %q", a.writes)
		}
	})
}

func TestThePlanNamesAllThatIsDone(t *testing.T) {
	var out bytes.Buffer
	plan(t, failed()).Print(&out)
	for _, want := range []string{
		"ROLLBACK_FAILED",
		"switch off the termination protection of stack CloudStruct-production",
		"switch off the deletion protection of load balancer arn:balancer",
		"switch off the access logs of load balancer arn:balancer",
		"switch off the deletion protection of database cluster cluster",
		"delete ECR repository my-api with its 2 images (tags: jellybean, v1)",
		"delete bucket logs with its 2 objects",
		"delete stack " + stackID + " with the 4 resources",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the plan lacks %q:\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "others") {
		t.Errorf("the plan is about what is not the stack's:\n%s", out.String())
	}
}

// TestAStackThatWasEverCompleteIsRefused has each proof that a stack may hold data.
func TestAStackThatWasEverCompleteIsRefused(t *testing.T) {
	for name, change := range map[string]func(a *account){
		"complete once": func(a *account) { a.happened(types.ResourceStatusCreateComplete) },
		"updated":       func(a *account) { a.happened(types.ResourceStatusUpdateInProgress) },
		"an update rolled back": func(a *account) {
			a.happened(types.ResourceStatusUpdateRollbackComplete)
			a.happened(types.ResourceStatusDeleteInProgress)
		},
		"imported":               func(a *account) { a.happened(types.ResourceStatusImportComplete) },
		"a state of later years": func(a *account) { a.happened("REFACTOR_COMPLETE") },
		"no creation among its events": func(a *account) {
			a.events = slices.DeleteFunc(a.events, func(e types.StackEvent) bool {
				return e.ResourceStatus == types.ResourceStatusCreateInProgress
			})
		},
		"no rollback among its events": func(a *account) {
			a.events = slices.DeleteFunc(a.events, func(e types.StackEvent) bool { return e.ResourceStatus == types.ResourceStatusRollbackFailed })
		},
	} {
		for _, status := range []types.StackStatus{types.StackStatusRollbackFailed, types.StackStatusDeleteFailed} {
			a := failed()
			a.status = status
			change(a)
			p := plan(t, a)
			if p.Refused == "" {
				t.Errorf("%s, %s: is not refused", name, status)
			}
			if err := a.cleaner().Remove(context.Background(), p, io.Discard); err == nil || len(a.writes) > 0 {
				t.Errorf("%s, %s: %v, changed %q", name, status, err, a.writes)
			}
		}
	}
}

func TestADeletionThatFailedIsTheSameFirstDeploy(t *testing.T) {
	a := failed()
	a.happened(types.ResourceStatusDeleteInProgress)
	a.happened(types.ResourceStatusDeleteFailed)
	a.status = types.StackStatusDeleteFailed
	if p := plan(t, a); p.Refused != "" {
		t.Error(p.Refused)
	}
}

// TestWhatTheStackDidNotMakeStays has a repository whose name was taken: the
// resource failed, and its physical id is somebody else's repository.
func TestWhatTheStackDidNotMakeStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := failed()
		a.resources = append(a.resources, types.StackResourceSummary{
			LogicalResourceId: aws.String("Other"), ResourceType: aws.String("AWS::ECR::Repository"),
			PhysicalResourceId: aws.String("others"), ResourceStatus: types.ResourceStatusCreateFailed,
		})
		a.retained = append(a.retained, "Other") // CloudFormation deletes nothing that it did not make
		a.event("Other", "AWS::ECR::Repository", "others", types.ResourceStatusCreateInProgress)
		a.event("Other", "AWS::ECR::Repository", "others", types.ResourceStatusCreateFailed)
		if err := a.cleaner().Remove(context.Background(), plan(t, a), io.Discard); err != nil {
			t.Fatal(err)
		}
		if len(a.images["others"]) != 1 {
			t.Error("somebody else's images are gone")
		}
	})
}

// TestWhatWasBegunIsMadeByTheStack has a cluster that never got ready: it exists,
// and it is protected.
func TestWhatWasBegunIsMadeByTheStack(t *testing.T) {
	a := failed()
	for i := range a.events {
		if aws.ToString(a.events[i].LogicalResourceId) == "Database" {
			a.events[i].ResourceStatus = types.ResourceStatusCreateInProgress
			a.events[i].ResourceStatusReason = aws.String("Resource creation Initiated")
		}
	}
	var out bytes.Buffer
	plan(t, a).Print(&out)
	if !strings.Contains(out.String(), "database cluster cluster") {
		t.Errorf("the cluster is left protected:\n%s", out.String())
	}
}

func TestWhatIsGoneIsNoMistake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := failed()
		a.attributes, a.clusters, a.objects = nil, nil, nil
		delete(a.images, "my-api")
		a.resources[0].ResourceStatus = types.ResourceStatusDeleteComplete
		if err := a.cleaner().Remove(context.Background(), plan(t, a), io.Discard); err != nil {
			t.Error(err)
		}
	})
}

func TestADeletionThatFailsSaysWhatIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := failed()
		a.add("Vpc", "AWS::EC2::VPC", "vpc-1")
		a.attributes["vpc-1"] = map[string]string{"dependency": "The vpc 'vpc-1' has dependencies and cannot be deleted."}
		err := a.cleaner().Remove(context.Background(), plan(t, a), io.Discard)
		if err == nil {
			t.Fatal("it is said to be deleted")
		}
		for _, want := range []string{"Vpc (AWS::EC2::VPC vpc-1): The vpc 'vpc-1' has dependencies", "run it again"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("the error lacks %q:\n%v", want, err)
			}
		}
		for _, other := range []string{"Balancer (", "Repository ("} {
			if strings.Contains(err.Error(), other) {
				t.Errorf("the error names what was deleted or retained, %s:\n%v", other, err)
			}
		}
	})
}

// TestAnImageThatIsPushedAfterThePlanStays pushes while the question waits for its answer.
func TestAnImageThatIsPushedAfterThePlanStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, before := range map[string][]ecrtypes.ImageIdentifier{"next to others": failed().images["my-api"], "alone": {}} {
			a := failed()
			a.images["my-api"] = before
			p := plan(t, a)
			a.images["my-api"] = append(slices.Clone(before), ecrtypes.ImageIdentifier{ImageDigest: aws.String("sha256:new"), ImageTag: aws.String("v2")})
			err := a.cleaner().Remove(context.Background(), p, io.Discard)
			if err == nil {
				t.Fatalf("%s: the push is not reported", name)
			}
			for _, want := range []string{"my-api", "sha256:new: pushed since the list was shown", "run it again"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s: the error lacks %q: %v", name, want, err)
				}
			}
			if len(a.images["my-api"]) != len(before)+1 || a.status != types.StackStatusRollbackFailed {
				t.Errorf("%s: something was deleted: %s", name, a)
			}
		}
	})
}

func TestAnImageThatArrivesMeanwhileStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := failed()
		p := plan(t, a)
		last := p.steps[len(p.steps)-2] // of the repository
		after := last.after
		p.steps[len(p.steps)-2].after = func(ctx context.Context) error {
			a.images["my-api"] = []ecrtypes.ImageIdentifier{{ImageDigest: aws.String("sha256:new")}}
			return after(ctx)
		}
		if err := a.cleaner().Remove(context.Background(), p, io.Discard); err == nil || !strings.Contains(err.Error(), "my-api") {
			t.Errorf("a new image was deleted, or not reported: %v", err)
		}
		if len(a.images["my-api"]) != 1 {
			t.Error("the new image is gone")
		}
	})
}

func TestAStackThatChangedSinceIsNotTouched(t *testing.T) {
	a := failed()
	p := plan(t, a)
	a.status = types.StackStatusDeleteInProgress
	if err := a.cleaner().Remove(context.Background(), p, io.Discard); err == nil || len(a.writes) > 0 {
		t.Errorf("%v, changed %q", err, a.writes)
	}
}

func TestARollbackToNothingOnlyLosesItsProtection(t *testing.T) {
	a := &account{status: types.StackStatusRollbackComplete, protected: true}
	p := plan(t, a)
	if p == nil || !p.Harmless() {
		t.Fatalf("%+v", p)
	}
	if err := a.cleaner().Remove(context.Background(), p, io.Discard); err != nil || !slices.Equal(a.writes, []string{"termination protection"}) {
		t.Errorf("%v, changed %q", err, a.writes)
	}
}

// TestSnapshotsAreNamedAndStay: they may be of a database that somebody has used.
func TestSnapshotsAreNamedAndStay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rolledBack := failed()
		rolledBack.status = types.StackStatusRollbackComplete
		for name, a := range map[string]*account{"rolled back": rolledBack, "removed": failed()} {
			var out bytes.Buffer
			if err := a.cleaner().Remove(context.Background(), plan(t, a), &out); err != nil {
				t.Fatal(err)
			}
			if want := "--db-cluster-snapshot-identifier snapshot-of-cluster\n"; strings.Count(out.String(), want) != 1 {
				t.Errorf("%s: printed %q, want %q once", name, out.String(), want)
			}
		}
	})
}

func TestOtherStacksNeedNothing(t *testing.T) {
	for _, status := range []types.StackStatus{
		"", types.StackStatusCreateComplete, types.StackStatusUpdateRollbackFailed, types.StackStatusRollbackInProgress, types.StackStatusReviewInProgress,
	} {
		if p := plan(t, &account{status: status}); p != nil {
			t.Errorf("%s: %+v", status, p)
		}
	}
}
