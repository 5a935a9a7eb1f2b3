package main

import (
	"testing"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var noon = time.Date(2026, 11, 16, 12, 0, 0, 0, time.UTC)

func img(digest string, children ...string) *image {
	return &image{digest: digest, children: children, pushedAt: noon.Add(-time.Hour)}
}

// tried is an attempt that began some minutes ago and ended one minute later,
// unless it is under way.
func tried(status ecstypes.ServiceDeploymentStatus, digest string, minutesAgo int) attempt {
	a := attempt{arn: "arn-" + digest, status: status, image: "registry/my-api:jellybean", digest: digest, created: noon.Add(-time.Duration(minutesAgo) * time.Minute)}
	if !isActive(status) && !isRollingBack(status) {
		a.finished = a.created.Add(time.Minute)
	}
	return a
}

const (
	pending     = ecstypes.ServiceDeploymentStatusPending
	inProgress  = ecstypes.ServiceDeploymentStatusInProgress
	rollingBack = ecstypes.ServiceDeploymentStatusRollbackInProgress
	rolledBack  = ecstypes.ServiceDeploymentStatusRollbackSuccessful
	successful  = ecstypes.ServiceDeploymentStatusSuccessful
	stopped     = ecstypes.ServiceDeploymentStatusStopped
)

func TestDecisionFollowsTheRules(t *testing.T) {
	look := wake{cause: schedule, at: noon}
	for _, test := range []struct {
		name string
		o    observation
		wake wake
		want plan // because is not compared
	}{
		{"all is well", observation{deploy: img("A"), good: img("A"), running: "A", attempts: []attempt{tried(successful, "A", 60)}}, look, plan{}},

		{"what completed is good", observation{deploy: img("B"), good: img("A"), running: "B", attempts: []attempt{tried(successful, "B", 5)}}, look, plan{good: "B"}},
		{"what completed is good, not what the tag names now", observation{deploy: img("C"), good: img("A"), running: "B", attempts: []attempt{tried(inProgress, "C", 1), tried(successful, "B", 5)}}, look, plan{good: "B"}},
		{"the index is good when an image of it runs", observation{deploy: img("I", "B", "B2"), good: img("A"), running: "B", attempts: []attempt{tried(successful, "B", 5)}}, look, plan{good: "I"}},
		{"an index is good already when an image of it runs", observation{deploy: img("I", "B"), good: img("I", "B"), running: "B", attempts: []attempt{tried(successful, "B", 5)}}, look, plan{}},

		{"a missing tag is put back", observation{good: img("A"), running: "A", attempts: []attempt{tried(successful, "A", 60)}}, look, plan{restore: true}},
		{"a missing tag is put on what is only now known to be good", observation{running: "A", attempts: []attempt{tried(successful, "A", 60)}}, look, plan{good: "A", restore: true}},
		{"a missing tag stays missing when nothing is good", observation{}, look, plan{}},

		{"a rejected image is turned back", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "B", 5), tried(successful, "A", 60)}}, look, plan{restore: true, turnedBack: &attempt{arn: "arn-B"}}},
		{"it is turned back while ECS rolls back", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(rollingBack, "B", 5), tried(successful, "A", 60)}}, look, plan{restore: true, turnedBack: &attempt{arn: "arn-B"}}},
		{"it is turned back though another deployment was stopped since", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(stopped, "B", 2), tried(rolledBack, "B", 5), tried(successful, "A", 60)}}, look, plan{restore: true, turnedBack: &attempt{arn: "arn-B"}}},
		{"a newer push is not turned back", observation{deploy: img("C"), good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "B", 5), tried(successful, "A", 60)}}, look, plan{deploy: true}},
		{"what runs is not turned back", observation{deploy: img("A"), good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "A", 5), tried(successful, "A", 60)}}, look, plan{}},
		{"a stopped deployment shows nothing", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(stopped, "B", 5), tried(successful, "A", 60)}}, look, plan{deploy: true}},
		{"a death without a digest counts for an image pushed before", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "", 5), tried(successful, "A", 90)}}, look, plan{restore: true, turnedBack: &attempt{arn: "arn-"}}},
		{"a death without a digest does not count for an image pushed since", observation{deploy: &image{digest: "B", pushedAt: noon.Add(-time.Minute)}, good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "", 5), tried(successful, "A", 90)}}, look, plan{deploy: true}},
		{"without a good image it is only told", observation{deploy: img("B"), attempts: []attempt{tried(rollingBack, "B", 5)}}, look, plan{turnedBack: &attempt{arn: "arn-B"}}},
		{"and not again at every look", observation{deploy: img("B"), attempts: []attempt{tried(rolledBack, "B", 50)}}, look, plan{}},

		{"a push after the failure is a retry", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "B", 5), tried(successful, "A", 60)}}, wake{pushed, "B", noon}, plan{deploy: true}},
		{"the push before the failure is none", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "B", 5), tried(successful, "A", 60)}}, wake{pushed, "B", noon.Add(-6 * time.Minute)}, plan{restore: true, turnedBack: &attempt{arn: "arn-B"}}},
		{"a push of another image is none", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "B", 5), tried(successful, "A", 60)}}, wake{pushed, "C", noon}, plan{restore: true, turnedBack: &attempt{arn: "arn-B"}}},
		{"a person may retry", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "B", 5), tried(successful, "A", 60)}}, wake{cause: byHand}, plan{deploy: true}},
		{"a repeated wish is not granted when it failed since", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(rolledBack, "B", 5), tried(successful, "A", 60)}}, wake{byHand, "", noon.Add(-6 * time.Minute)}, plan{restore: true, turnedBack: &attempt{arn: "arn-B"}}},
		{"a person may deploy what runs", observation{deploy: img("A"), good: img("A"), running: "A", attempts: []attempt{tried(successful, "A", 60)}}, wake{byHand, "", noon}, plan{deploy: true}},
		{"a repeated wish is granted once", observation{deploy: img("A"), good: img("A"), running: "A", attempts: []attempt{tried(successful, "A", 2)}}, wake{byHand, "", noon.Add(-3 * time.Minute)}, plan{}},

		{"a roll-back is waited for", observation{deploy: img("C"), good: img("A"), running: "A", attempts: []attempt{tried(rollingBack, "B", 5), tried(successful, "A", 60)}}, look, plan{}},
		{"a deployment of the image is waited for", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(inProgress, "B", 5), tried(successful, "A", 60)}}, look, plan{}},
		{"a deployment that starts is waited for", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(pending, "", 5), tried(successful, "A", 60)}}, look, plan{}},
		{"until its deadline", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(inProgress, "", 20), tried(successful, "A", 60)}}, look, plan{stop: "arn-"}},
		{"a slow deployment of a known image is left to ECS", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(inProgress, "B", 55), tried(successful, "A", 60)}}, look, plan{}},
		{"a deployment of another image is overtaken", observation{deploy: img("C"), good: img("A"), running: "A", attempts: []attempt{tried(inProgress, "B", 5), tried(successful, "A", 60)}}, look, plan{deploy: true}},

		{"tasks from before a rotation are replaced", observation{deploy: img("A"), good: img("A"), running: "A", rotated: noon.Add(-time.Minute), attempts: []attempt{tried(successful, "A", 60)}}, look, plan{deploy: true}},
		{"also when ECS remembers no deployment of them", observation{deploy: img("A"), good: img("A"), running: "A", rotated: noon.Add(-time.Minute)}, look, plan{deploy: true}},
		{"the event may be ahead of what Secrets Manager says", observation{deploy: img("A"), good: img("A"), running: "A", rotated: noon.Add(-90 * time.Minute), attempts: []attempt{tried(successful, "A", 60)}}, wake{rotation, "", noon}, plan{deploy: true}},
		{"tasks from after a rotation are not", observation{deploy: img("A"), good: img("A"), running: "A", rotated: noon.Add(-61 * time.Minute), attempts: []attempt{tried(successful, "A", 60)}}, wake{rotation, "", noon.Add(-61 * time.Minute)}, plan{}},
		{"a deployment from before a rotation is not overtaken", observation{deploy: img("A"), good: img("A"), running: "A", rotated: noon.Add(-time.Minute), attempts: []attempt{tried(inProgress, "A", 2), tried(successful, "A", 60)}}, look, plan{}},
		{"another image's failure does not count after a rotation", observation{deploy: img("A"), good: img("A"), running: "A", rotated: noon.Add(-30 * time.Minute), attempts: []attempt{tried(rolledBack, "B", 5), tried(rolledBack, "B", 6), tried(rolledBack, "B", 7), tried(successful, "A", 60)}}, look, plan{deploy: true}},
		{"the image's own failure after a rotation is tried again", observation{deploy: img("A"), good: img("A"), running: "A", rotated: noon.Add(-30 * time.Minute), attempts: []attempt{tried(rolledBack, "A", 5), tried(rolledBack, "A", 9), tried(successful, "A", 60)}}, look, plan{deploy: true}},
		{"but not in circles", observation{deploy: img("A"), good: img("A"), running: "A", rotated: noon.Add(-30 * time.Minute), attempts: []attempt{tried(rolledBack, "A", 5), tried(rolledBack, "A", 9), tried(rolledBack, "A", 13), tried(successful, "A", 60)}}, look, plan{}},

		{"a new image is deployed", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{tried(successful, "A", 60)}}, look, plan{deploy: true}},
		{"an index is deployed when an image of another runs", observation{deploy: img("I", "B"), good: img("A"), running: "A", attempts: []attempt{tried(successful, "A", 60)}}, look, plan{deploy: true}},
		{"a task definition of somebody's own is left alone", observation{deploy: img("B"), good: img("A"), running: "A", attempts: []attempt{{status: successful, image: "registry/my-api@sha256:a", digest: "A", created: noon}}}, look, plan{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.o.now = noon
			got := decide(test.o, test.wake, worldSettings)
			if got.because == "" {
				t.Error("no reason is given")
			}
			if got.good != test.want.good || got.restore != test.want.restore || got.stop != test.want.stop || got.deploy != test.want.deploy {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if (got.turnedBack == nil) != (test.want.turnedBack == nil) || got.turnedBack != nil && got.turnedBack.arn != test.want.turnedBack.arn {
				t.Errorf("turned back %+v, want %+v", got.turnedBack, test.want.turnedBack)
			}
		})
	}
}

func TestDeploymentThatShiftsRequestsHasALimit(t *testing.T) {
	for age, stopped := range map[int]string{34: "", 35: "arn-B"} {
		for name, tag := range map[string]*image{"its image": img("B"), "nothing": nil} {
			o := observation{now: noon, deploy: tag, attempts: []attempt{tried(inProgress, "B", age)}}
			if got := decide(o, wake{cause: schedule, at: noon}, shifting()); got.stop != stopped || got.deploy {
				t.Errorf("after %d minutes, with %s under the deploy tag: %+v", age, name, got)
			}
		}
	}
	o := observation{now: noon, deploy: img("B"), attempts: []attempt{tried(inProgress, "C", 55), tried(rolledBack, "B", 90)}}
	if got := decide(o, wake{cause: schedule, at: noon}, shifting()); got.stop != "arn-C" {
		t.Errorf("the deploy tag names what was turned back, and nothing is good: %+v", got)
	}
	o = observation{now: noon, deploy: img("C"), good: img("A"), running: "A", attempts: []attempt{tried(inProgress, "B", 55), tried(successful, "A", 60)}}
	if got := decide(o, wake{cause: schedule, at: noon}, shifting()); got.stop != "" || !got.deploy {
		t.Errorf("another image has been pushed: %+v, want it to be deployed", got)
	}
}
