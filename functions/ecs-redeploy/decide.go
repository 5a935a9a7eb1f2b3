package main

import (
	"strings"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// plan is what to do about an observation. Its steps are taken in this order,
// and each is right by itself: the function may die after any.
type plan struct {
	// good is the digest to point last-good at, if any.
	good string
	// turnedBack is the attempt to tell people about, if any.
	turnedBack *attempt
	// restore points the deploy tag at last-good.
	restore bool
	// stop is the deployment to roll back, if any.
	stop string
	// deploy starts a new deployment.
	deploy bool
	// because says why, for the log and for who asked.
	because string
}

// reportWindow is how long after its end a failure is news although the deploy
// tag can't be put back: as long as the schedule waits between two looks.
const reportWindow = 5 * time.Minute

// decide is the release loop: a pure function of what is, and of why the
// function was woken.
func decide(o observation, w wake, s settings) plan {
	var p plan
	p.good = newGood(o)
	haveGood := o.good != nil || p.good != ""

	newest := newestAttempt(o.attempts)
	failed := rejection(o)
	switch {
	case o.deploy == nil && haveGood:
		p.restore = true
		p.because = "the deploy tag names no image"
	case failed != nil && !isRetry(o, w, failed):
		p.restore = haveGood
		p.because = "the image under the deploy tag was turned back"
		if haveGood || isNews(o, w, failed) {
			p.turnedBack = failed
		}
	case newest != nil && !newest.isOf(s.Tag):
		// Somebody runs a task definition of their own: a deployment of it would
		// not be of the deploy tag either.
		p.because = "the service does not run the deploy tag"
	case newest != nil && isRollingBack(newest.status):
		p.because = "a deployment is being rolled back"
	case newest != nil && isActive(newest.status) && newest.digest == "":
		p.because = "a deployment is starting"
	case o.deploy == nil:
		p.because = "the deploy tag names no image, and none has worked yet"
	case newest != nil && isActive(newest.status) && o.deploy.is(newest.digest):
		p.because = "the image under the deploy tag is being deployed"
	case newest != nil && isActive(newest.status):
		p.deploy = true
		p.because = "the deployment under way is of another image"
	default:
		p.deploy, p.because = isDue(o, w, newest)
	}
	if newest != nil && newest.isOf(s.Tag) && !p.restore && !p.deploy && isOverdue(newest, o.now, s) {
		p.stop = newest.arn
		p.because = "a deployment did not get on in time"
	}
	return p
}

// isOf tells whether an attempt is of whatever a tag names. It is taken for one
// until it says of which image it is.
func (a *attempt) isOf(tag string) bool {
	return a.image == "" || strings.HasSuffix(a.image, ":"+tag)
}

// isOverdue tells whether a deployment is under way for longer than it may: one
// that could not start a task, or one that did and that ECS lets run on.
func isOverdue(a *attempt, now time.Time, s settings) bool {
	age := now.Sub(a.created)
	switch {
	case !isActive(a.status):
		return false
	case a.digest == "":
		return age >= s.Deadline
	}
	return s.Limit > 0 && age >= s.Limit
}

// isDue tells whether to deploy the image under the deploy tag when nothing is
// under way, and why.
func isDue(o observation, w wake, newest *attempt) (bool, string) {
	switch {
	case !o.deploy.is(o.running):
		return true, "the image under the deploy tag does not run"
	case w.cause == byHand && !startedAfter(newest, w.at):
		return true, "a deployment was asked for"
	case isOutdated(o, w):
		return true, "the tasks have the password from before its rotation"
	}
	return false, "the image under the deploy tag runs"
}

// newGood is the digest that last-good should name and does not. What runs may be
// one image of the index under the deploy tag: then it is the index that is good.
func newGood(o observation) string {
	switch {
	case o.running == "" || o.good.is(o.running):
		return ""
	case o.deploy.is(o.running):
		return o.deploy.digest
	}
	return o.running
}

// newestAttempt is nil when nothing was ever deployed.
func newestAttempt(attempts []attempt) *attempt {
	if len(attempts) == 0 {
		return nil
	}
	return &attempts[0]
}

// rejection is the attempt that shows that the image under the deploy tag does
// not work, or nil. An attempt that somebody stopped, or that a newer one took
// the place of, shows nothing.
func rejection(o observation) *attempt {
	if o.deploy == nil || o.deploy.is(o.running) {
		return nil
	}
	for i, a := range o.attempts {
		own := o.deploy.is(a.digest) || i < attemptsRead && a.digest == "" && o.deploy.pushedAt.Before(a.created)
		if !own || a.status == ecstypes.ServiceDeploymentStatusStopped {
			continue
		}
		if isFailed(a.status) {
			return &o.attempts[i]
		}
		return nil
	}
	return nil
}

// needsPushTime tells whether an attempt died before its first task could tell
// which image it was of.
func needsPushTime(attempts []attempt) bool {
	for i, a := range attempts {
		if i < attemptsRead && a.digest == "" && isFailed(a.status) {
			return true
		}
	}
	return false
}

// isRetry tells whether a person wants the rejected image tried again: by hand, or
// by a push of exactly this image after it had failed.
func isRetry(o observation, w wake, failed *attempt) bool {
	switch w.cause {
	case byHand:
		return !startedAfter(failed, w.at)
	case pushed:
		// The times of events are whole seconds.
		return o.deploy.is(w.digest) && !failed.finished.IsZero() && !w.at.Before(failed.finished.Truncate(time.Second))
	}
	return false
}

// isNews tells whether to report a failure that could be reported again at each
// look, since no good image is there to put the tag back to.
func isNews(o observation, w wake, failed *attempt) bool {
	return w.cause == deployment || failed.finished.IsZero() || o.now.Sub(failed.finished) < reportWindow
}

// rotationTries is how many deployments of the image that ran before a rotation
// may fail after it: more would be circles.
const rotationTries = 3

// isOutdated tells whether the running tasks began before the database's password
// was changed: ECS gives a task its secrets when it starts. An event may be ahead
// of what Secrets Manager says.
func isOutdated(o observation, w wake) bool {
	changed := o.rotated
	if w.cause == rotation && w.at.After(changed) {
		changed = w.at
	}
	failures := 0
	for _, a := range o.attempts {
		switch {
		case !a.created.After(changed):
			return failures < rotationTries
		case a.status == ecstypes.ServiceDeploymentStatusSuccessful:
			return false
		case isFailed(a.status) && o.deploy.is(a.digest):
			failures++
		}
	}
	return !changed.IsZero() && failures < rotationTries
}

func startedAfter(a *attempt, t time.Time) bool {
	return a != nil && !t.IsZero() && a.created.After(t)
}

func isActive(s ecstypes.ServiceDeploymentStatus) bool {
	return s == ecstypes.ServiceDeploymentStatusPending || s == ecstypes.ServiceDeploymentStatusInProgress
}

func isRollingBack(s ecstypes.ServiceDeploymentStatus) bool {
	switch s {
	case ecstypes.ServiceDeploymentStatusRollbackRequested, ecstypes.ServiceDeploymentStatusRollbackInProgress, ecstypes.ServiceDeploymentStatusStopRequested:
		return true
	}
	return false
}

// isFailed is true from the moment that ECS turns a deployment back.
func isFailed(s ecstypes.ServiceDeploymentStatus) bool {
	switch s {
	case ecstypes.ServiceDeploymentStatusRollbackRequested, ecstypes.ServiceDeploymentStatusRollbackInProgress,
		ecstypes.ServiceDeploymentStatusRollbackSuccessful, ecstypes.ServiceDeploymentStatusRollbackFailed:
		return true
	}
	return false
}
