package main

import (
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"

	"cloudstruct/cmd/internal/template"
)

// network is the part that has the VPC.
func (s stack) network() string {
	for _, id := range s.IDs("AWS::EC2::VPC") {
		return s.part(id)
	}
	return ""
}

// tier is the name of the subnets that a part's resources are in, if they are in
// any.
func (s stack) tier(part string) string {
	if part == s.network() {
		return ""
	}
	for _, id := range s.in(part) {
		for _, subnet := range template.References(s.Resources[id].Properties) {
			if s.Resources[subnet].Type == "AWS::EC2::Subnet" {
				return s.tierOf(subnet)
			}
		}
	}
	return ""
}

// tierOf is what the CDK calls a subnet and its like in the other zones.
func (s stack) tierOf(subnet string) string {
	for _, tag := range s.Resources[subnet].Blocks("Tags") {
		if tag.Text("Key") == "aws-cdk:subnet-name" {
			return tag.Text("Value")
		}
	}
	return ""
}

// writeNetwork draws the VPC, in it a frame for each tier of subnets, and in that
// the parts that are there, with the subnets beside them.
func (p plan) writeNetwork(b *strings.Builder) {
	tiers := map[string][]string{}
	zones := 0
	for _, subnet := range p.IDs("AWS::EC2::Subnet") {
		name := p.tierOf(subnet)
		tiers[name] = append(tiers[name], subnet)
		zones = max(zones, len(tiers[name]))
	}
	for _, id := range p.IDs("AWS::EC2::VPC") {
		facts := append([]string{fmt.Sprintf("VPC %s in %d zones", p.Resources[id].Text("CidrBlock"), zones)}, p.lines(p.network())...)
		fmt.Fprintf(b, "\tsubgraph cluster_vpc { style=\"rounded,filled\"; fillcolor=%q; color=%q; labelloc=b; label=<<b>%s</b>: %s>\n",
			frame.light, frameLine.light, p.network(), html.EscapeString(strings.Join(facts, ", ")))
	}
	for _, name := range slices.Sorted(maps.Keys(tiers)) {
		fmt.Fprintf(b, "\tsubgraph \"cluster_%[1]s\" { style=\"rounded,filled\"; fillcolor=%[2]q; color=%[3]q; label=\"\"\n\t\"tier %[1]s\" [shape=plain, style=\"\", fontcolor=%[4]q, label=%[5]q]\n",
			name, tier.light, tierLine.light, pencil.light, strings.Join(p.subnetLines(name, tiers[name]), "\n"))
		for _, part := range p.parts() {
			if p.tier(part) == name {
				p.writeBox(b, part)
				fmt.Fprintf(b, "\t{rank=same; %q -> \"tier %s\" [style=invis]}\n", part, name)
			}
		}
		b.WriteString("\t}\n")
	}
	b.WriteString("\t}\n")
}

// subnetLines are what is said of a tier: its subnets, and how they get out.
func (s stack) subnetLines(name string, subnets []string) []string {
	lines := []string{name + " subnets"}
	for _, subnet := range subnets {
		lines = append(lines, s.Resources[subnet].Text("CidrBlock"))
	}
	gateways := 0
	for _, id := range s.IDs("AWS::EC2::NatGateway") {
		for _, subnet := range template.References(s.Resources[id].At("SubnetId")) {
			if slices.Contains(subnets, subnet) {
				gateways++
			}
		}
	}
	if gateways > 0 {
		lines = append(lines, counted(gateways, "NAT gateway"))
	}
	return lines
}
