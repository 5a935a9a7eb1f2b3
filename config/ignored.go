package config

import (
	"fmt"
	"net/netip"
)

// ignored reports keys that the file sets, and that have no effect together with others.
func (r *reader) ignored(c *Config) {
	s := c.Service
	most := c.Scaling.Max
	for _, at := range c.Scaling.Schedule {
		most = max(most, *orZero(at.Max))
	}
	for _, unused := range []struct {
		key    string
		when   bool
		reason string
	}{
		{"database.pauseAfter", c.Database.MinCapacity > 0, fmt.Sprintf("only a database with minCapacity 0 pauses, and it is %v", c.Database.MinCapacity)},
		{"service.deployment.bake", s.Deployment.Strategy == Rolling, "a rolling deployment has no old tasks to keep"},
		{"service.stickiness.cookie", s.Stickiness.Duration == 0, "service.stickiness.duration is 0s"},
		// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentCircuitBreaker.html
		{"service.deployment.breaker", s.Deployment.Strategy == Canary || s.Deployment.Strategy == Linear,
			fmt.Sprintf("with strategy %s there is no circuit breaker, got %d: deadline and alarms end its deployments", s.Deployment.Strategy, s.Deployment.Breaker)},
		{"github.branch", c.GitHub.Repository == "", "there is no github.repository"},
		{"service.onDemandBase", s.OnDemandBase > most, fmt.Sprintf("it is above scaling.max (%d)", most)},
		{"service.onDemandBase", s.OnDemandBase > 0 && s.SpotWeight == 0, "with spotWeight 0 all tasks run on demand"},
		{"service.onDemandWeight", s.OnDemandWeight > 0 && s.OnDemandBase >= most, fmt.Sprintf("onDemandBase (%d) takes all tasks up to scaling.max (%d)", s.OnDemandBase, most)},
		{"service.onDemandWeight", s.OnDemandWeight > 1 && s.SpotWeight == 0 && s.OnDemandBase < most, fmt.Sprintf("with spotWeight 0 all tasks run on demand, got %d", s.OnDemandWeight)},
		{"service.spotWeight", s.SpotWeight > 0 && s.OnDemandBase >= most, fmt.Sprintf("onDemandBase (%d) takes all tasks up to scaling.max (%d)", s.OnDemandBase, most)},
		{"scaling.schedule[0]", c.Scaling.isConstant(), "its bounds, and all others in the list, are those of scaling itself"},
		{"scaling.requestsPerTarget", !c.Scaling.scales(), "the number of tasks is always the same"},
		{"scaling.scaleIn", !c.Scaling.scales(), "the number of tasks is always the same"},
		{"scaling.scaleOut", !c.Scaling.scales(), "the number of tasks is always the same"},
	} {
		if _, set := r.lines[unused.key]; set {
			r.refuse(unused.when, "has no effect: "+unused.reason, unused.key)
		}
	}
	r.covered(c.LoadBalancer.Allow)
}

// covered reports networks that are a part of another one in the list.
func (r *reader) covered(allow []string) {
	networks := make([]netip.Prefix, len(allow))
	for i, text := range allow {
		networks[i], _ = netip.ParsePrefix(text) // the zero prefix contains nothing
	}
	for i, part := range networks {
		for j, whole := range networks {
			r.refuse(part.IsValid() && whole.IsValid() && whole.Bits() < part.Bits() && whole.Contains(part.Addr()) && !r.bad[fmt.Sprintf("loadBalancer.allow[%d]", j)],
				fmt.Sprintf("has no effect: %s is in %s (loadBalancer.allow[%d])", part, whole, j), fmt.Sprintf("loadBalancer.allow[%d]", i))
		}
	}
}

// scales reports whether the load can change the number of tasks at some time.
func (s Scaling) scales() bool {
	for _, at := range s.Schedule {
		if *orZero(at.Min) != *orZero(at.Max) {
			return true
		}
	}
	return s.Min != s.Max
}

// isConstant reports whether no entry of the schedule changes the bounds.
func (s Scaling) isConstant() bool {
	for _, at := range s.Schedule {
		if *orZero(at.Min) != s.Min || *orZero(at.Max) != s.Max {
			return false
		}
	}
	return true
}
