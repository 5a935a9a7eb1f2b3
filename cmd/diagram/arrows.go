package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"cloudstruct/cmd/internal/template"
)

// kind is what an arrow stands for.
type kind string

const (
	traffic kind = "traffic" // a connection that a security group lets through
	event   kind = "event"   // a message that AWS delivers
	call    kind = "call"    // something that a role may do, or a name that is given
)

// arrow goes from one part, or from someone outside of the stack, to another.
type arrow struct {
	from, to string
	kind     kind
	label    string
}

// outside is who is not in the template, but named there.
type outside string

const (
	clients  outside = "Clients"
	push     outside = "docker push"
	receiver outside = "E-mail"
)

// arrows are all that the picture shows, one from each part to each other, of the
// first kind that there is. Two things that the template has are left out: who may
// read the state of what, since nearly all may, and which alarm looks at which part,
// since together they look at all.
func (s stack) arrows() []arrow {
	var merged []arrow
	for _, a := range slices.Concat(s.connections(), s.messages(), s.permissions(), s.names(), s.alarms()) {
		if a.from == a.to {
			continue
		}
		i := slices.IndexFunc(merged, func(m arrow) bool { return m.from == a.from && m.to == a.to })
		switch {
		case i < 0:
			merged = append(merged, a)
		case !slices.Contains(strings.Split(merged[i].label, "\n"), a.label):
			merged[i].label += "\n" + a.label
		}
	}
	return merged
}

// connections are what security groups let in. What they let out says less: to
// the internet all tasks may go.
func (s stack) connections() []arrow {
	var arrows []arrow
	for _, id := range s.IDs("AWS::EC2::SecurityGroup") {
		for _, rule := range s.Resources[id].Blocks("SecurityGroupIngress") {
			from := rule.Text("CidrIp") + rule.Text("CidrIpv6")
			if from == "0.0.0.0/0" || from == "::/0" {
				from = string(clients)
			}
			arrows = append(arrows, arrow{from, s.part(id), traffic, ports(rule)})
		}
	}
	for _, id := range s.IDs("AWS::EC2::SecurityGroupIngress") {
		rule := s.Resources[id]
		for _, from := range s.partsIn(rule.At("SourceSecurityGroupId")) {
			for _, to := range s.partsIn(rule.At("GroupId")) {
				arrows = append(arrows, arrow{from, to, traffic, ports(rule)})
			}
		}
	}
	return arrows
}

func ports(rule template.Resource) string {
	from, errFrom := rule.Number("FromPort")
	to, errTo := rule.Number("ToPort")
	switch {
	case errFrom != nil || errTo != nil:
		return "any port"
	case from == to:
		return "port " + strconv.Itoa(int(from))
	}
	return fmt.Sprintf("ports %g to %g", from, to)
}

// names are what the domain gives to the balancer: addresses and certificates.
func (s stack) names() []arrow {
	var arrows []arrow
	for _, id := range s.IDs("AWS::Route53::RecordSet") {
		for _, to := range s.partsIn(s.Resources[id].At("AliasTarget")) {
			arrows = append(arrows, arrow{s.part(id), to, call, "name"})
		}
	}
	for _, id := range s.IDs("AWS::ElasticLoadBalancingV2::Listener") {
		for _, from := range s.partsIn(s.Resources[id].At("Certificates")) {
			arrows = append(arrows, arrow{from, s.part(id), call, "certificate"})
		}
	}
	return arrows
}
