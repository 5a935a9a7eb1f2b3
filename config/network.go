package config

import (
	"fmt"
	"net/netip"
	"slices"
)

const (
	// addressesOfAWS are what AWS keeps of each subnet.
	// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
	addressesOfAWS = 5
	// addressesOfBalancer are what a balancer must find free in each of its subnets.
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
	addressesOfBalancer = 8
	// addressesOfRotation are those of the function that changes the password.
	addressesOfRotation = 1
	// taskZones are the zones, and so the subnets, that tasks are spread over.
	taskZones = 2
	// subnetBits is how much longer the prefix of a subnet is.
	subnetBits = 4
)

// unusable are the ranges that no VPC can have, or that its hosts could not use.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
var unusable = []struct {
	network netip.Prefix
	what    string
}{
	{netip.MustParsePrefix("0.0.0.0/8"), "the range of this network"},
	{netip.MustParsePrefix("127.0.0.0/8"), "the loopback range"},
	{netip.MustParsePrefix("169.254.0.0/16"), "the link-local range"},
	{netip.MustParsePrefix("224.0.0.0/4"), "the multicast range"},
	{netip.MustParsePrefix("240.0.0.0/4"), "the reserved range"},
}

// internal are the ranges that nobody is reached by on the internet.
// https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml
var internal = []netip.Prefix{
	netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("172.16.0.0/12"), netip.MustParsePrefix("192.168.0.0/16"),
	netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("198.18.0.0/15"),
}

// IsPublic reports whether the network has addresses that belong to others on the
// internet, whom tasks then can't reach.
func (n Network) IsPublic() bool {
	network, err := netip.ParsePrefix(n.CIDR)
	return err == nil && !slices.ContainsFunc(internal, func(p netip.Prefix) bool {
		return p.Contains(network.Addr()) && p.Bits() <= network.Bits()
	})
}

// MaxTasks is how many tasks the network has addresses for while a deployment
// runs each of them twice. The old tasks and the new ones are spread over the
// zones.
func (n Network) MaxTasks() int {
	network, err := netip.ParsePrefix(n.CIDR)
	if err != nil {
		return 0
	}
	free := 1<<(32-network.Bits()-subnetBits) - addressesOfAWS
	if n.NAT == NATNone {
		free -= addressesOfBalancer // tasks share the public subnets with it
	} else {
		free -= addressesOfRotation
	}
	const runs = 2
	return free * taskZones / runs
}

func (r *reader) network(c *Config) {
	network, err := netip.ParsePrefix(c.Network.CIDR)
	if err != nil {
		return
	}
	for _, u := range unusable {
		r.refuse(u.network.Overlaps(network),
			fmt.Sprintf("must not be in %s (%s), got %q; use a private range such as 10.0.0.0/16", u.what, u.network, c.Network.CIDR), "network.cidr")
	}
	limit := c.Network.MaxTasks()
	for i, at := range c.Scaling.Schedule {
		r.refuse(at.Max != nil && *at.Max > limit, tooManyTasks(c, *orZero(at.Max)), fmt.Sprintf("scaling.schedule[%d].max", i), "network.cidr", "network.nat")
	}
	r.refuse(c.Scaling.Max > limit, tooManyTasks(c, c.Scaling.Max), "scaling.max", "network.cidr", "network.nat")
}

func tooManyTasks(c *Config, got int) string {
	return fmt.Sprintf("must be at most %d in %s with nat %s, which has no addresses for more while a deployment runs each task twice, got %d",
		c.Network.MaxTasks(), c.Network.CIDR, c.Network.NAT, got)
}

func orZero(n *int) *int {
	if n == nil {
		return new(int)
	}
	return n
}
