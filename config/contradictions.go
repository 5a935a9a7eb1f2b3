package config

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// LastGood is the image tag that the release loop keeps for the image that last
// completed a deployment.
const LastGood = "last-good"

// StackVariables are the environment variables that every container gets.
var StackVariables = []string{"PORT", "DB_HOST", "DB_PORT", "DB_NAME", "DB_READER_HOST", "DB_USERNAME", "DB_PASSWORD"}

// StackTags are the tags that the stack gives itself, beside the configured.
var StackTags = []string{"Project", "Environment", "ManagedBy"}

// Places can stand in a connection string's format.
var Places = []string{"{host}", "{reader}", "{port}", "{name}", "{username}", "{password}"}

var place = regexp.MustCompile(`\{[^{}]*\}`)

// contradictions reports what each value allows but their combination does not.
func (r *reader) contradictions(c *Config) {
	s, db := c.Service, c.Database
	r.refuse(c.Image.Tag == LastGood, "must not be "+LastGood+", which the release loop keeps for the image that last worked",
		"image.tag")
	r.memory(s)
	r.refuse(s.Health.Timeout >= s.Health.Interval,
		fmt.Sprintf("must be less than interval (%s), got %s", text(s.Health.Interval), text(s.Health.Timeout)),
		"service.health.timeout", "service.health.interval")
	r.refuse(!includes200(s.Health.Codes),
		fmt.Sprintf("must include 200, which the placeholder of the first deploy answers, got %q", s.Health.Codes),
		"service.health.codes")
	r.refuse(s.OnDemandWeight == 0 && s.SpotWeight == 0, "must not be 0 when spotWeight is 0",
		"service.onDemandWeight", "service.spotWeight")
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
	r.refuse(s.OnDemandWeight == 0 && s.SpotWeight > 0 && s.OnDemandBase > 0,
		fmt.Sprintf("must be 0 when onDemandWeight is 0, got %d: ECS places no task by a capacity provider of weight 0, whatever its base", s.OnDemandBase),
		"service.onDemandBase", "service.onDemandWeight")
	r.refuse(s.Exec && s.ReadOnly, "must be false with readOnly: what lets a session into a task writes to its file system",
		"service.exec", "service.readOnly")
	// A rule with two target groups needs target group stickiness as soon as one of them
	// is sticky, and application cookies do not work with it.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
	r.refuse(s.Stickiness.Duration > 0 && s.Deployment.Strategy != Rolling,
		fmt.Sprintf("must be rolling with sticky sessions, got %s: AWS refuses a rule that forwards to two target groups while one of them is sticky; or set service.stickiness.duration to 0s", s.Deployment.Strategy),
		"service.deployment.strategy", "service.stickiness.duration")
	r.refuse(s.Deployment.Breaker != Default().Service.Deployment.Breaker && (s.Deployment.Strategy == Canary || s.Deployment.Strategy == Linear),
		fmt.Sprintf("must be left out with strategy %s, which has no circuit breaker: deadline and alarms end its deployments", s.Deployment.Strategy),
		"service.deployment.breaker", "service.deployment.strategy")
	r.atLeast(c.Scaling.Max, c.Scaling.Min, "scaling")
	for i, at := range c.Scaling.Schedule {
		if at.Min != nil && at.Max != nil {
			r.atLeast(*at.Max, *at.Min, fmt.Sprintf("scaling.schedule[%d]", i))
		}
	}
	r.refuse(db.MaxCapacity < db.MinCapacity,
		fmt.Sprintf("must be at least minCapacity (%v), got %v", db.MinCapacity, db.MaxCapacity),
		"database.maxCapacity", "database.minCapacity")
	r.refuse(db.Rotation > 0 && db.ConnectionString != nil,
		"must be 0s together with connectionString, which would keep the old password",
		"database.rotation", "database.connectionString")
	r.refuse(db.Rotation > 0 && c.Network.NAT == NATNone,
		"must be 0s while network.nat is none: the function that changes the password reaches Secrets Manager by a NAT gateway",
		"database.rotation", "network.nat")
	if db.ConnectionString != nil {
		r.places(db.ConnectionString.Format)
	}
	r.variables(c)
	for _, name := range StackTags {
		_, set := c.Tags[name]
		r.refuse(set, "is set by the stack itself", "tags."+name)
	}
}

// refuse reports a combination, at the first of its keys that the file sets,
// unless one of them could not be read at all.
func (r *reader) refuse(wrong bool, message string, keys ...string) {
	if !wrong || slices.ContainsFunc(keys, func(key string) bool { return r.bad[key] }) {
		return
	}
	blamed := keys[0]
	for _, key := range slices.Backward(keys) {
		if _, set := r.lines[key]; set {
			blamed = key
		}
	}
	if blamed != keys[0] {
		message = keys[0] + " " + message
	}
	r.mistakes = append(r.mistakes, Mistake{Line: r.line(blamed), Key: blamed, Message: message})
}

func (r *reader) atLeast(maximum, minimum int, block string) {
	r.refuse(maximum < minimum, fmt.Sprintf("must be at least min (%d), got %d", minimum, maximum), block+".max", block+".min")
}

// includes200 reads codes such as "200,204" or "200-299".
func includes200(codes string) bool {
	for _, part := range strings.Split(codes, ",") {
		if from, to, isRange := strings.Cut(part, "-"); part == "200" || isRange && from <= "200" && to >= "200" {
			return true
		}
	}
	return false
}

func (r *reader) places(format string) {
	for _, found := range place.FindAllString(format, -1) {
		r.refuse(!slices.Contains(Places, found),
			fmt.Sprintf("has %s, but the places are %s", found, strings.Join(Places, ", ")),
			"database.connectionString.format")
	}
}

// variables reports environment variables that would be set twice.
func (r *reader) variables(c *Config) {
	owner := map[string]string{}
	for _, name := range StackVariables {
		owner[name] = "the stack"
	}
	claim := func(name, key string) {
		r.refuse(owner[name] != "", fmt.Sprintf("sets %s, which is set by %s", name, owner[name]), key)
		owner[name] = key
	}
	for _, name := range slices.Sorted(maps.Keys(c.Service.Environment)) {
		claim(name, "service.environment."+name)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Service.Secrets)) {
		claim(name, "service.secrets."+name)
	}
	if cs := c.Database.ConnectionString; cs != nil {
		claim(cs.Env, "database.connectionString.env")
	}
}

// fargateMemory is the memory in GiB that goes with an amount of CPU: from, to,
// and the step between.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html
var fargateMemory = map[int]struct{ from, to, step int }{
	512:   {1, 4, 1},
	1024:  {2, 8, 1},
	2048:  {4, 16, 1},
	4096:  {8, 30, 1},
	8192:  {16, 60, 4},
	16384: {32, 120, 8},
}

func (r *reader) memory(s Service) {
	var allowed []int
	if s.CPU == 256 {
		allowed = []int{512, 1024, 2048}
	}
	sizes := fargateMemory[s.CPU]
	for gib := sizes.from; gib <= sizes.to && gib > 0; gib += sizes.step {
		allowed = append(allowed, gib*1024)
	}
	r.refuse(len(allowed) > 0 && !slices.Contains(allowed, s.MemoryMiB),
		fmt.Sprintf("must be one of %s with cpu %d, got %d", strings.Trim(fmt.Sprint(allowed), "[]"), s.CPU, s.MemoryMiB),
		"service.memoryMiB", "service.cpu")
}
