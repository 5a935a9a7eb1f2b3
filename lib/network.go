package lib

import (
	"fmt"
	"net/netip"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// Two zones are what a balancer and an Aurora cluster need at least, and what a
// stack without a fixed region can have.
const zones = 2

// NetworkProps configures NewNetwork.
type NetworkProps struct {
	config.Network
	LogRetentionDays int
}

// Network is the VPC, and where in it the tasks run.
type Network struct {
	VPC awsec2.IVpc
	// TaskSubnets can reach the internet.
	TaskSubnets *awsec2.SubnetSelection
	// TasksArePublic says that without NAT each task needs an address of its own.
	TasksArePublic bool
	// DatabaseSubnets have no route out.
	DatabaseSubnets *awsec2.SubnetSelection
}

// NewNetwork makes a VPC of two zones with public, private and isolated subnets,
// a way out for tasks as configured, and a way to S3 that costs nothing.
func NewNetwork(scope constructs.Construct, id string, props NetworkProps) Network {
	c := constructs.NewConstruct(scope, &id)
	vpc := newVPC(c, props)
	// ECR keeps image layers in S3: through the endpoint they pass no NAT gateway.
	vpc.AddGatewayEndpoint(jsii.String("S3"), &awsec2.GatewayVpcEndpointOptions{
		Service: awsec2.GatewayVpcEndpointAwsService_S3(),
	})
	if props.FlowLogs {
		addFlowLog(c, vpc, props)
	} else {
		excuse(vpc, "AwsSolutions-VPC7", "network.flowLogs is false in the configuration.")
	}

	network := Network{
		VPC:             vpc,
		TaskSubnets:     &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS},
		DatabaseSubnets: &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED},
	}
	if props.NAT == config.NATNone {
		network.TaskSubnets = &awsec2.SubnetSelection{SubnetType: awsec2.SubnetType_PUBLIC}
		network.TasksArePublic = true
	}
	return network
}

// warnOfPublicRange warns when tasks can't reach others who own the addresses.
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
func warnOfPublicRange(stack constructs.Construct, network config.Network) {
	if !network.IsPublic() {
		return
	}
	awscdk.Annotations_Of(stack).AddWarningV2(jsii.String("cloudstruct:publicRange"), jsii.String(fmt.Sprintf(
		"network.cidr %s has addresses of the internet: tasks can't reach the hosts that own them. Use a private network such as 10.0.0.0/16. "+
			"The network of a deployed stack can't be changed without replacing it.", network.CIDR)))
}

func newVPC(scope constructs.Construct, props NetworkProps) awsec2.Vpc {
	// A sixteenth each: 10.0.0.0/16 gives 10.0.0.0/20, 10.0.16.0/20 and so on.
	mask := jsii.Number(netip.MustParsePrefix(props.CIDR).Bits() + 4)
	return awsec2.NewVpc(scope, jsii.String("Vpc"), &awsec2.VpcProps{
		IpAddresses: awsec2.IpAddresses_Cidr(&props.CIDR),
		MaxAzs:      jsii.Number(zones),
		NatGateways: jsii.Number(natGateways(props.NAT)),
		SubnetConfiguration: &[]*awsec2.SubnetConfiguration{
			{
				Name:       jsii.String("Public"),
				SubnetType: awsec2.SubnetType_PUBLIC,
				CidrMask:   mask,
				// Only what asks for a public address gets one.
				MapPublicIpOnLaunch: jsii.Bool(false),
			},
			{
				Name:       jsii.String("Private"),
				SubnetType: awsec2.SubnetType_PRIVATE_WITH_EGRESS,
				CidrMask:   mask,
				// Without NAT the addresses stay reserved, so that a change of NAT
				// moves no other subnet.
				Reserved: jsii.Bool(props.NAT == config.NATNone),
			},
			{
				Name:       jsii.String("Isolated"),
				SubnetType: awsec2.SubnetType_PRIVATE_ISOLATED,
				CidrMask:   mask,
			},
		},
	})
}

func natGateways(nat config.NAT) int {
	switch nat {
	case config.NATPerZone:
		return zones
	case config.NATSingle:
		return 1
	default:
		return 0
	}
}

func addFlowLog(scope constructs.Construct, vpc awsec2.Vpc, props NetworkProps) {
	group := newLogGroup(scope, "FlowLogs", props.LogRetentionDays)
	vpc.AddFlowLog(jsii.String("FlowLog"), &awsec2.FlowLogOptions{
		Destination: awsec2.FlowLogDestination_ToCloudWatchLogs(group, nil),
	})
}
