package config

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// start is how long a task takes at most until its container runs: a network
// interface, and an image of some gigabytes.
const start = 3 * time.Minute

// codeRange is one code, or all from one to another.
type codeRange struct{ from, to int }

// codes reads codes such as "200,204" or "200-299".
func codes(text string) []codeRange {
	var list []codeRange
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, _ := strconv.Atoi(first)
		to, _ := strconv.Atoi(last)
		list = append(list, codeRange{from, to})
	}
	return list
}

// codesHint returns what is wrong with codes beyond their form.
func codesHint(text string) string {
	list := codes(text)
	for _, c := range list {
		if c.from > c.to {
			return fmt.Sprintf("the range %d-%d is reversed", c.from, c.to)
		}
	}
	slices.SortFunc(list, func(a, b codeRange) int { return cmp.Compare(a.from, b.from) })
	for i := 1; i < len(list); i++ {
		if list[i].from <= list[i-1].to {
			return fmt.Sprintf("%d is there twice", list[i].from)
		}
	}
	return ""
}

func (r *reader) health(s Service) {
	r.refuse(s.Health.Timeout >= s.Health.Interval,
		fmt.Sprintf("must be less than interval (%s), got %s", text(s.Health.Interval), text(s.Health.Timeout)),
		"service.health.timeout", "service.health.interval")
	r.refuse(!slices.ContainsFunc(codes(s.Health.Codes), func(c codeRange) bool { return c.from <= 200 && 200 <= c.to }),
		fmt.Sprintf("must include 200, which the placeholder of the first deploy answers, got %q", s.Health.Codes),
		"service.health.codes")
	// The release loop rolls a deployment back whose new tasks are not healthy by
	// then. A rolling one may take longer: there the circuit breaker counts the tasks
	// that fail.
	needed := start + s.Health.Grace + s.Health.Interval*time.Duration(s.Health.Healthy)
	r.refuse(s.Deployment.Strategy != Rolling && needed > s.Deployment.Deadline,
		fmt.Sprintf("must be at least %s with %s, which is %s until a task runs, grace (%s), and %d checks every %s; got %s: every release would be rolled back",
			text(needed), s.Deployment.Strategy, text(start), text(s.Health.Grace), s.Health.Healthy, text(s.Health.Interval), text(s.Deployment.Deadline)),
		"service.deployment.deadline", "service.health.interval", "service.health.healthy", "service.health.grace", "service.deployment.strategy")
}
