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

// Balancer is the application load balancer that the world talks to.
type Balancer struct {
	ALB elbv2.ApplicationLoadBalancer
}

// NewBalancer makes an internet-facing load balancer, open to everyone on the
// ports that it serves.
func NewBalancer(scope constructs.Construct, id string, props BalancerProps) Balancer {
	c := constructs.NewConstruct(scope, &id)
	alb := elbv2.NewApplicationLoadBalancer(c, jsii.String("Alb"), &elbv2.ApplicationLoadBalancerProps{
		Vpc:                     props.Network.VPC,
		InternetFacing:          jsii.Bool(true),
		SecurityGroup:           newBalancerGroup(c, props),
		DropInvalidHeaderFields: jsii.Bool(true),
		DeletionProtection:      &props.DeletionProtection,
	})
	if props.AccessLogs {
		logAccess(c, alb, props)
	} else {
		excuse(alb, "AwsSolutions-ELB2", "loadBalancer.accessLogs is false in the configuration.")
	}
	if props.WAF != config.FirewallOff {
		addFirewall(c, alb, props)
	}
	return Balancer{ALB: alb}
}

func newBalancerGroup(scope constructs.Construct, props BalancerProps) awsec2.SecurityGroup {
	group := awsec2.NewSecurityGroup(scope, jsii.String("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:         props.Network.VPC,
		Description: jsii.String("Security group for ALB"),
		// Outwards only to the tasks: the service adds that rule.
		AllowAllOutbound: jsii.Bool(false),
	})
	openToWorld := func(port int, description string) {
		for _, peer := range []awsec2.IPeer{awsec2.Peer_AnyIpv4(), awsec2.Peer_AnyIpv6()} {
			group.AddIngressRule(peer, awsec2.Port_Tcp(jsii.Number(port)), &description, nil)
		}
	}
	openToWorld(80, "HTTP from anywhere")
	if props.TLS {
		openToWorld(443, "HTTPS from anywhere")
	}
	excuse(group, "AwsSolutions-EC23", "The balancer is for the world, on the ports that it serves. Nothing else is open to it.")
	return group
}

// logAccess does what the L2 method LogAccessLogs does in a stack with a fixed
// region: there it may have to know an account of AWS, which no region needs
// any more.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
func logAccess(scope constructs.Construct, alb elbv2.ApplicationLoadBalancer, props BalancerProps) {
	bucket := newAccessLogBucket(scope, props)
	bucket.AddToResourcePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
		Principals: &[]awsiam.IPrincipal{awsiam.NewServicePrincipal(jsii.String("logdelivery.elasticloadbalancing.amazonaws.com"), nil)},
		Actions:    jsii.Strings("s3:PutObject"),
		Resources:  &[]*string{bucket.ArnForObjects(jsii.String("AWSLogs/" + *awscdk.Aws_ACCOUNT_ID() + "/*"))},
	}))
	alb.SetAttribute(jsii.String("access_logs.s3.enabled"), jsii.String("true"))
	alb.SetAttribute(jsii.String("access_logs.s3.bucket"), bucket.BucketName())
	// The balancer tries the bucket when it is given it.
	alb.Node().AddDependency(bucket.Policy())
}

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
	excuse(bucket, "AwsSolutions-S1", "A log of who reads the log would be another bucket, with the same finding.")
	return bucket
}

// resource is the balancer without its listeners.
func (b Balancer) resource() constructs.IConstruct { return b.ALB.Node().DefaultChild() }
