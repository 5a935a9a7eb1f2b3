package lib

import (
	"testing"

	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"

	"cloudstruct/config"
)

func TestNetworkHasThreeKindsOfSubnetsInTwoZones(t *testing.T) {
	s := production(t)
	s.has("AWS::EC2::VPC", object{"CidrBlock": "10.0.0.0/16", "EnableDnsHostnames": true, "EnableDnsSupport": true})
	for _, cidr := range []string{"10.0.0.0/20", "10.0.16.0/20", "10.0.32.0/20", "10.0.48.0/20", "10.0.64.0/20", "10.0.80.0/20"} {
		s.has("AWS::EC2::Subnet", object{"CidrBlock": cidr, "MapPublicIpOnLaunch": false})
	}
	s.count("AWS::EC2::Subnet", 6)
}

func TestNetworkIsCutInSixteenthsOfAnyCidr(t *testing.T) {
	s := production(t, func(c *config.Config) { c.Network.CIDR = "172.31.128.0/20" })
	s.has("AWS::EC2::Subnet", object{"CidrBlock": "172.31.128.0/24"})
	s.has("AWS::EC2::Subnet", object{"CidrBlock": "172.31.133.0/24"})
}

func TestNATFollowsItsMode(t *testing.T) {
	for _, test := range []struct {
		nat      config.NAT
		gateways int
		subnets  int
		publicIP string
	}{
		{config.NATPerZone, 2, 6, "DISABLED"},
		{config.NATSingle, 1, 6, "DISABLED"},
		{config.NATNone, 0, 4, "ENABLED"},
	} {
		t.Run(string(test.nat), func(t *testing.T) {
			s := production(t, func(c *config.Config) { c.Network.NAT = test.nat })
			s.count("AWS::EC2::NatGateway", test.gateways)
			s.count("AWS::EC2::EIP", test.gateways)
			s.count("AWS::EC2::Subnet", test.subnets)
			s.has("AWS::ECS::Service", object{"NetworkConfiguration": object{"AwsvpcConfiguration": object{"AssignPublicIp": test.publicIP}}})
			// No change of NAT moves the database to another subnet.
			s.has("AWS::EC2::Subnet", object{"CidrBlock": "10.0.64.0/20"})
			s.has("AWS::EC2::Subnet", object{"CidrBlock": "10.0.80.0/20"})
		})
	}
}

func TestIsolatedSubnetsHaveNoWayOut(t *testing.T) {
	for id, route := range production(t).resources("AWS::EC2::Route") {
		if ref, _ := route.Properties["RouteTableId"].(object)["Ref"].(string); ref == "" || contains(ref, "Isolated") {
			t.Errorf("route %s leads out of an isolated subnet", id)
		}
	}
}

func TestS3IsReachedWithoutNATFromEverySubnet(t *testing.T) {
	endpoint := production(t).only("AWS::EC2::VPCEndpoint", "Network")
	if endpoint.Properties["VpcEndpointType"] != "Gateway" {
		t.Errorf("endpoint is of type %v, want Gateway", endpoint.Properties["VpcEndpointType"])
	}
	if tables, _ := endpoint.Properties["RouteTableIds"].([]any); len(tables) != 6 {
		t.Errorf("endpoint is in %d route tables, want all 6", len(tables))
	}
}

func TestFlowLogsAreASwitch(t *testing.T) {
	production(t).has("AWS::EC2::FlowLog", object{"ResourceType": "VPC", "TrafficType": "ALL"})
	production(t, func(c *config.Config) { c.Network.FlowLogs = false }).count("AWS::EC2::FlowLog", 0)
}

// TestGroupsFormAChain wants the world to reach the balancer, the balancer the
// tasks, the tasks the database, and nothing else anything.
func TestGroupsFormAChain(t *testing.T) {
	for name, s := range map[string]stack{
		"production":  production(t),
		"domain":      production(t, withDomain),
		"development": development(t),
	} {
		t.Run(name, func(t *testing.T) {
			rules := s.resources("AWS::EC2::SecurityGroupIngress")
			if len(rules) != 2 {
				t.Errorf("%d rules between groups, want 2", len(rules))
			}
			for id, rule := range rules {
				from, to := text(t, rule.Properties["SourceSecurityGroupId"]), text(t, rule.Properties["GroupId"])
				port := rule.Properties["ToPort"]
				switch {
				case contains(from, "Balancer") && contains(to, "Service") && port == 80.0:
				case contains(from, "Service") && contains(to, "Database") && port == 3306.0:
				default:
					t.Errorf("rule %s lets %s reach %s on port %v", id, from, to, port)
				}
			}
			for id, group := range s.resources("AWS::EC2::SecurityGroup") {
				if open := group.Properties["SecurityGroupIngress"] != nil; open != contains(id, "Balancer") {
					t.Errorf("group %s is open to addresses: %v", id, open)
				}
			}
		})
	}
}

// TestGroupsAreClosedOutwards wants the load balancer to reach tasks only, and the database
// nothing: whoever takes one over gets no further.
func TestGroupsAreClosedOutwards(t *testing.T) {
	for name, s := range map[string]stack{"production": production(t, withDomain, withRotation), "development": development(t)} {
		t.Run(name, func(t *testing.T) {
			for id, rule := range s.resources("AWS::EC2::SecurityGroupEgress") {
				from, to := text(t, rule.Properties["GroupId"]), text(t, rule.Properties["DestinationSecurityGroupId"])
				balancer := contains(from, "Balancer") && contains(to, "ServiceSecurityGroup") && rule.Properties["ToPort"] == 80.0
				rotation := contains(from, "DatabaseRotation") && contains(to, "DatabaseSecurityGroup") && rule.Properties["ToPort"] == 3306.0
				if !balancer && !rotation {
					t.Errorf("rule %s lets %s reach %s on port %v", id, from, to, rule.Properties["ToPort"])
				}
			}
			for id, group := range s.resources("AWS::EC2::SecurityGroup") {
				open := contains(text(t, group.Properties["SecurityGroupEgress"]), `"0.0.0.0/0"`)
				if may := contains(id, "Service") || contains(id, "DatabaseRotation"); open != may {
					t.Errorf("group %s is open outwards: %v, want %v", id, open, may)
				}
			}
		})
	}
}

func TestWorldReachesOnlyTheBalancersPorts(t *testing.T) {
	rule := func(port int, cidr string) object {
		kind := "CidrIp"
		if cidr == "::/0" {
			kind = "CidrIpv6"
		}
		return object{kind: cidr, "FromPort": port, "ToPort": port, "IpProtocol": "tcp"}
	}
	ports := func(ports ...int) assertions.Matcher {
		var rules []any
		for _, port := range ports {
			rules = append(rules, assertions.Match_ObjectLike(ptr(rule(port, "0.0.0.0/0"))), assertions.Match_ObjectLike(ptr(rule(port, "::/0"))))
		}
		return assertions.Match_ArrayEquals(&rules)
	}
	production(t).has("AWS::EC2::SecurityGroup", object{"GroupDescription": "Security group for ALB", "SecurityGroupIngress": ports(80)})
	production(t, withDomain).has("AWS::EC2::SecurityGroup", object{"GroupDescription": "Security group for ALB", "SecurityGroupIngress": ports(80, 443)})
}

func TestDefaultGroupIsClosed(t *testing.T) {
	production(t).count("Custom::VpcRestrictDefaultSG", 1)
}
