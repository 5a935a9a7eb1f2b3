package config

import (
	"fmt"
	"slices"
	"strings"
)

// LastGood is the image tag that the release loop keeps for the image that last
// completed a deployment.
const LastGood = "last-good"

// StackVariables are the environment variables that every container gets.
var StackVariables = []string{"PORT", "DB_HOST", "DB_PORT", "DB_NAME", "DB_READER_HOST", "DB_USERNAME", "DB_PASSWORD"}

// StackTags are the tags that the stack gives itself, in addition to the configured ones.
var StackTags = []string{"Project", "Environment", "ManagedBy"}

// contradictions reports what each value allows but their combination does not.
func (r *reader) contradictions(c *Config) {
	s, db := c.Service, c.Database
	r.refuse(c.Image.Tag == LastGood, "must not be "+LastGood+", which the release loop keeps for the image that last worked",
		"image.tag")
	r.memory(s)
	r.health(s)
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
	r.schedule(c.Scaling)
	r.network(c)
	r.refuse(db.MaxCapacity < db.MinCapacity,
		fmt.Sprintf("must be at least minCapacity (%v), got %v", db.MinCapacity, db.MaxCapacity),
		"database.maxCapacity", "database.minCapacity")
	r.refuse(db.Rotation > 0 && db.ConnectionString != nil,
		fmt.Sprintf("must be 0s together with connectionString, which would keep the old password, got %s", text(db.Rotation)),
		"database.rotation", "database.connectionString")
	r.refuse(db.Rotation > 0 && c.Network.NAT == NATNone,
		fmt.Sprintf("must be 0s while network.nat is none, got %s: the function that changes the password reaches Secrets Manager through a NAT gateway", text(db.Rotation)),
		"database.rotation", "network.nat")
	if db.ConnectionString != nil {
		r.places(*db.ConnectionString)
	}
	r.windows(db)
	r.variables(c)
	r.partitions(s)
	r.grants(s)
	r.tags(c.Tags)
	r.names(c)
	r.ignored(c)
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
