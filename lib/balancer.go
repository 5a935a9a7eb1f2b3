package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	elbv2 "github.com/aws/aws-cdk-go/awscdk/v2/awselasticloadbalancingv2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awss3"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// tlsPolicy has TLS 1.2 at least, and keys that a quantum computer can't break.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
const tlsPolicy = elbv2.SslPolicy_TLS13_12_RES_PQ

// BalancerProps is what a load balancer is made from.
type BalancerProps struct {
	config.LoadBalancer
	Network Network
	// TLS opens port 443 beside 80.
	TLS bool
	// Retain keeps the access logs when the stack is deleted.
	Retain           bool
	LogRetentionDays int
}

// Balancer is the application load balancer that clients connect to.
type Balancer struct {
	ALB elbv2.ApplicationLoadBalancer
	// AccessLogs is nil unless they are configured.
	AccessLogs awss3.Bucket
	props      BalancerProps
}

// NewBalancer makes an internet-facing load balancer, open to everyone or to the
// configured networks on the ports that it serves. Its access logs and its deletion
// protection are left to [Safeguards].
func NewBalancer(scope constructs.Construct, id string, props BalancerProps) Balancer {
	c := constructs.NewConstruct(scope, &id)
	alb := elbv2.NewApplicationLoadBalancer(c, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{
		Vpc:                     props.Network.VPC,
		InternetFacing:          jsii.Bool(true),
		SecurityGroup:           newBalancerGroup(c, props),
		DropInvalidHeaderFields: jsii.Bool(true),
		IdleTimeout:             seconds(props.IdleTimeout),
	})
	// The CDK writes false where no protection is asked for, which every update of the
	// load balancer would set again.
	alb.RemoveAttribute(jsii.String("deletion_protection.enabled"))
	excuse(alb, "AwsSolutions-ELB2", "Safeguards switches access logs on when the whole stack exists, if the configuration asks for them.")
	balancer := Balancer{ALB: alb, props: props}
	if props.AccessLogs {
		balancer.AccessLogs = newAccessLogBucket(c, props)
		// On deletion the load balancer goes before what lets it write.
		alb.Node().AddDependency(balancer.AccessLogs.Policy())
	}
	if props.WAF != config.FirewallOff {
		addFirewall(c, alb, props)
	}
	return balancer
}

func newBalancerGroup(scope constructs.Construct, props BalancerProps) awsec2.SecurityGroup {
	group := awsec2.NewSecurityGroup(scope, jsii.String("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:         props.Network.VPC,
		Description: jsii.String("Security group for ALB"),
		// Outwards only to the tasks: the service adds that rule.
		AllowAllOutbound: jsii.Bool(false),
	})
	openPort(group, 80, "HTTP", props.Allow)
	if props.TLS {
		openPort(group, 443, "HTTPS", props.Allow)
	}
	if len(props.Allow) == 0 {
		excuse(group, "AwsSolutions-EC23", "The load balancer is for everyone, on the ports that it serves, unless loadBalancer.allow names networks.")
	}
	return group
}

// openPort lets clients connect to a port: those of the networks, or everyone.
func openPort(group awsec2.SecurityGroup, port int, protocol string, networks []string) {
	allow := func(peer awsec2.IPeer, from string) {
		group.AddIngressRule(peer, awsec2.Port_Tcp(jsii.Number(port)), jsii.String(protocol+" from "+from), nil)
	}
	for _, network := range networks {
		allow(awsec2.Peer_Ipv4(&network), network)
	}
	if len(networks) == 0 {
		allow(awsec2.Peer_AnyIpv4(), "anywhere")
		allow(awsec2.Peer_AnyIpv6(), "anywhere")
	}
}

// newAccessLogBucket lets the load balancers of this account write. The L2 method
// LogAccessLogs does so in a stack with a fixed region only: there it may have to know an
// account of AWS, which no region needs any more.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
func newAccessLogBucket(scope constructs.Construct, props BalancerProps) awss3.Bucket {
	removal := awscdk.RemovalPolicy_DESTROY
	if props.Retain {
		removal = awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	bucket := awss3.NewBucket(scope, jsii.String("AccessLogs"), &awss3.BucketProps{
		// The one kind of encryption that a balancer can write with.
		Encryption:        awss3.BucketEncryption_S3_MANAGED,
		BlockPublicAccess: awss3.BlockPublicAccess_BLOCK_ALL(),
		EnforceSSL:        jsii.Bool(true),
		LifecycleRules: &[]*awss3.LifecycleRule{{
			Expiration: awscdk.Duration_Days(jsii.Number(props.LogRetentionDays)),
		}},
		RemovalPolicy:     removal,
		AutoDeleteObjects: jsii.Bool(!props.Retain),
	})
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("logdelivery.elasticloadbalancing.amazonaws.com"), nil)},
		Actions:    jsii.Strings("s3:PutObject"),
		Resources:  &[]*string{bucket.ArnForObjects(jsii.String("AWSLogs/" + *awscdk.Aws_ACCOUNT_ID() + "/*"))},
		// IfExists, since AWS documents the key for network load balancers only: the path
		// above holds the account as well.
		Conditions: &map[string]any{"StringEqualsIfExists": map[string]any{"aws:SourceAccount": awscdk.Aws_ACCOUNT_ID()}},
	}))
	excuse(bucket, "AwsSolutions-S1", "A log of who reads the log would be another bucket, with the same finding.")
	return bucket
}

// GrantGuard allows to change the load balancer's attributes.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancingv2.html
func (b Balancer) GrantGuard(grantee awsiam.IGrantable) {
	allow(grantee, nil, []string{"elasticloadbalancing:ModifyLoadBalancerAttributes"}, *b.ALB.LoadBalancerArn())
}

// resource is the balancer without its listeners.
func (b Balancer) resource() constructs.IConstruct { return b.ALB.Node().DefaultChild() }
