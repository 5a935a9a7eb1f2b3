package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	// Sequences of the property test, unless the command line says otherwise.
	if err := flag.Set("rapid.checks", "3000"); err != nil {
		panic(err)
	}
	flag.Parse()
	os.Exit(m.Run())
}

// TestLoopHoldsItsInvariants lets people, ECS and the function do things in any
// order, with rolling deployments and with those that shift requests, loses and repeats events, and lets the function die: see
// docs/release-loop.md for what must hold. `make soak` does it a million times.
func TestLoopHoldsItsInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := play(t, decide, true)
		t.Log(history.summary())
	})
}

// TestShortcutsAreCaught wants each way to make the decision simpler to break an
// invariant, so that the test above can be trusted.
func TestShortcutsAreCaught(t *testing.T) {
	for _, shortcut := range []struct {
		name     string
		schedule bool
		decide   func(observation, wake, settings) plan
	}{
		{"no schedule", false, decide},
		{"no verdict: a rejected image is deployed again", true, withoutVerdict},
		{"last-good is what the deploy tag names when a deployment completes", true, goodFromTag},
		{"the tag is restored at a failure without a look at what it names", true, restoreBlindly},
		{"a deployment is forced on every push", true, forceOnEveryPush},
		{"no look at the time of the push", true, withoutPushTime},
		{"a rotation is known from its event alone", true, withoutRotationTime},
		{"no end for a deployment that ECS lets run on", true, withoutLimit},
	} {
		t.Run(shortcut.name, func(t *testing.T) {
			for seed := range 3000 {
				if broken := brokenBy(uint64(seed), shortcut.decide, shortcut.schedule); broken != "" {
					t.Logf("caught in sequence %d: %s", seed+1, broken)
					return
				}
			}
			t.Error("not caught in 3000 sequences")
		})
	}
}

// brokenBy plays the sequence of a seed, and gives the invariant that broke.
func brokenBy(seed uint64, decide func(observation, wake, settings) plan, schedule bool) (broken string) {
	defer func() {
		if failure := recover(); failure != nil {
			v, ok := failure.(violation)
			if !ok {
				panic(failure)
			}
			broken = string(v)
		}
	}()
	newPlay(newSeeded(seed), decide, schedule, func(format string, args ...any) { panic(violation(fmt.Sprintf(format, args...))) }).run()
	return ""
}

type violation string

func withoutVerdict(o observation, w wake, s settings) plan {
	for i := range o.attempts {
		if isFailed(o.attempts[i].status) && !isRollingBack(o.attempts[i].status) {
			o.attempts[i].status = "STOPPED"
		}
	}
	return decide(o, w, s)
}

func goodFromTag(o observation, w wake, s settings) plan {
	p := decide(o, w, s)
	if p.good = ""; w.cause == deployment && o.deploy != nil && !o.good.is(o.deploy.digest) {
		if newest := newestAttempt(o.attempts); newest != nil && !isActive(newest.status) && !isRollingBack(newest.status) {
			p.good = o.deploy.digest
		}
	}
	return p
}

func restoreBlindly(o observation, w wake, s settings) plan {
	p := decide(o, w, s)
	if newest := newestAttempt(o.attempts); w.cause == deployment && newest != nil && isFailed(newest.status) && o.good != nil && !o.deploy.is(o.good.digest) {
		p.restore, p.turnedBack, p.deploy = true, newest, false
	}
	return p
}

func forceOnEveryPush(o observation, w wake, s settings) plan {
	p := decide(o, w, s)
	if w.cause == pushed {
		p.deploy = true
	}
	return p
}

func withoutPushTime(o observation, w wake, s settings) plan {
	if o.deploy != nil {
		early := *o.deploy
		early.pushedAt = time.Time{}
		o.deploy = &early
	}
	return decide(o, w, s)
}

func withoutRotationTime(o observation, w wake, s settings) plan {
	o.rotated = time.Time{}
	return decide(o, w, s)
}

func withoutLimit(o observation, w wake, s settings) plan {
	s.Limit = 0
	return decide(o, w, s)
}

// source draws the choices of a sequence: rapid, which can shrink a sequence that
// fails, or a seed.
type source interface {
	n(what string, limit int) int
}

type rapidSource struct{ t *rapid.T }

func (r rapidSource) n(what string, limit int) int { return rapid.IntRange(0, limit-1).Draw(r.t, what) }

// seeded is a small random number generator, splitmix64.
type seeded struct{ state uint64 }

func newSeeded(seed uint64) *seeded { return &seeded{seed * 0x9E3779B97F4A7C15} }

func (s *seeded) n(_ string, limit int) int {
	s.state += 0x9E3779B97F4A7C15
	z := s.state
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return int((z ^ z>>31) % uint64(limit))
}

// still makes no choices: no event is lost or repeated, and the oldest comes first.
type still struct{}

func (still) n(what string, limit int) int {
	if what == "event" {
		return limit - 1
	}
	return 0
}

// player plays one sequence.
type player struct {
	world       *world
	source      source
	decide      func(observation, wake, settings) plan
	schedule    bool
	nextLook    time.Time
	invocations []*invocation
	violated    func(format string, args ...any)
	steps       int
}

func play(t *rapid.T, decide func(observation, wake, settings) plan, schedule bool) *player {
	p := newPlay(rapidSource{t}, decide, schedule, t.Fatalf)
	p.run()
	return p
}

func newPlay(s source, decide func(observation, wake, settings) plan, schedule bool, violated func(string, ...any)) *player {
	w := newWorld([]settings{worldSettings, shifting()}[s.n("strategy", 2)])
	p := &player{world: w, source: s, decide: decide, schedule: schedule, violated: violated, nextLook: w.now.Add(5 * time.Minute)}
	w.violated = violated
	w.tells = func(event json.RawMessage) {
		// A quarter of the events is lost, some come twice.
		switch p.source.n("event", 10) {
		case 0, 1:
		case 2:
			w.pending = append(w.pending, event, event)
		default:
			w.pending = append(w.pending, event)
		}
	}
	return p
}

func (p *player) summary() string {
	return fmt.Sprintf("%d steps, %d deployments, %d of them forced", p.steps, len(p.world.deployments), p.world.forced)
}

func (p *player) run() {
	for range 10 + p.source.n("steps", 60) {
		p.step()
	}
	p.quieten()
	p.checkQuiet()
}

// step is one thing that happens.
func (p *player) step() {
	p.steps++
	switch p.source.n("step", 16) {
	case 0, 1, 2:
		p.world.progress()
	case 3, 4, 5:
		p.deliver()
	case 6, 7, 8, 9, 10:
		p.resume()
	case 11:
		p.die()
	case 12, 13:
		p.pass(time.Duration(1+p.source.n("seconds", 240)) * time.Second)
	default:
		p.person()
	}
}

// pass lets time pass; the schedule wakes the function.
func (p *player) pass(d time.Duration) {
	p.world.now = p.world.now.Add(d)
	for !p.world.now.Before(p.nextLook) {
		p.nextLook = p.nextLook.Add(5 * time.Minute)
		if p.schedule {
			p.world.pending = append(p.world.pending, scheduleEvent(p.world.now))
		}
	}
}

// deliver starts an invocation for any event that is on its way.
func (p *player) deliver() {
	if len(p.world.pending) == 0 {
		return
	}
	i := p.source.n("which event", len(p.world.pending))
	event := p.world.pending[i]
	p.world.trace("invoked by %s", event)
	p.world.pending = slices.Delete(p.world.pending, i, i+1)
	p.invocations = append(p.invocations, p.world.invoke(event, p.decide))
	p.pass(time.Second)
}

// resume takes any invocation to its next call.
func (p *player) resume() {
	if len(p.invocations) == 0 {
		return
	}
	i := p.source.n("which invocation", len(p.invocations))
	if _, more := p.invocations[i].next(); !more {
		p.ended(i)
	}
}

func (p *player) ended(i int) {
	if err := p.invocations[i].err; err != nil {
		p.violated("the function failed: %v", err)
	}
	p.invocations = slices.Delete(p.invocations, i, i+1)
}

// die ends any invocation where it is.
func (p *player) die() {
	if len(p.invocations) == 0 {
		return
	}
	i := p.source.n("which invocation", len(p.invocations))
	p.world.trace("an invocation dies")
	p.invocations[i].kill()
	p.invocations = slices.Delete(p.invocations, i, i+1)
}

// person does what people do.
func (p *player) person() {
	w := p.world
	p.pass(time.Second)
	switch p.source.n("person", 13) {
	case 0, 1, 2, 3: // pushes a new image
		w.move(w.newImage(behaviour(p.source.n("behaviour", 5)), p.source.n("index", 3) == 0))
	case 4, 5: // gives the tag to an image that is there
		images := w.inOrder()
		w.move(images[p.source.n("which image", len(images))])
	case 6: // pushes the same image again
		if i := w.find(w.tags[worldSettings.Tag]); i != nil {
			w.move(i)
		}
	case 7: // deletes a tag
		w.trace("a person deletes a tag")
		delete(w.tags, []string{worldSettings.Tag, lastGood}[p.source.n("which tag", 2)])
		w.disturbances++
	case 8: // rolls back in the console
		if d := w.current(); d != nil && isActive(d.status) {
			w.rollBack(d)
			w.disturbances++
		}
	case 9, 10: // updates the stack
		w.begin(true)
		w.disturbances++
	case 11: // waits for the day of the rotation
		w.disturbances++
		w.rotate()
	case 12: // asks for a deployment
		w.disturbances++
		w.pending = append(w.pending, json.RawMessage(fmt.Sprintf(`{"source":"cloudstruct.retry","time":%q}`, w.now.Format(time.RFC3339))))
	}
}

// quieten lets all that is under way end, and the schedule wake the function.
func (p *player) quieten() {
	p.source = still{}
	p.world.trace("now it is quiet")
	for range 40 {
		for len(p.invocations) > 0 {
			p.invocations[0].run()
			p.ended(0)
		}
		if len(p.world.pending) > 0 {
			p.deliver()
			continue
		}
		p.world.progress()
		p.pass(2 * time.Minute)
	}
	// A deployment that never ends has its deadline; each wake looks once.
	for range 60 {
		p.pass(5 * time.Minute)
		for range 6 {
			p.world.progress()
		}
		for len(p.world.pending) > 0 {
			p.deliver()
			p.invocations[0].run()
			p.ended(0)
		}
	}
}

func (p *player) checkQuiet() {
	w := p.world
	if d := w.current(); d != nil {
		p.violated("a deployment is still %s", d.status)
	}
	tag, good := w.tags[worldSettings.Tag], w.tags[lastGood]
	if w.running == "" {
		return // nothing ever worked, and nothing can be put back
	}
	if ours := w.find(w.running); w.find(tag) != ours || w.find(good) != ours {
		p.violated("the deploy tag names %s, last-good %s, and %s runs", short(tag), short(good), short(w.running))
	}
	if newest := w.newestSuccess(); !newest.created.After(w.rotated) {
		p.violated("the running tasks have the password from before its rotation")
	}
	if limit := 2 * w.disturbances; w.forced > limit {
		p.violated("%d deployments were forced, for %d things that people did", w.forced, w.disturbances)
	}
	// Reconcile twice is reconcile once: whatever wakes it, nothing is left to do.
	forced, deployments := w.forced, len(w.deployments)
	for _, event := range []json.RawMessage{scheduleEvent(w.now), pushEvent(worldSettings.Tag, tag, w.now), deploymentEvent("SERVICE_DEPLOYMENT_COMPLETED", w.now), rotationEvent(w.rotated)} {
		w.invoke(event, p.decide).run()
	}
	if w.forced != forced || len(w.deployments) != deployments || w.tags[worldSettings.Tag] != tag || w.tags[lastGood] != good {
		p.violated("a look at a world at rest changed it")
	}
}

func (w *world) newestSuccess() *worldDeployment {
	for _, d := range slices.Backward(w.deployments) {
		if d.status == ecstypes.ServiceDeploymentStatusSuccessful {
			return d
		}
	}
	return nil
}

// inOrder is every image, the oldest first.
func (w *world) inOrder() []*worldImage {
	var images []*worldImage
	for _, i := range w.images {
		images = append(images, i)
	}
	slices.SortFunc(images, func(a, b *worldImage) int { return strings.Compare(a.digest, b.digest) })
	return images
}
