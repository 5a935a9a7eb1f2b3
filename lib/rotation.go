package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// unsafePunctuation is all of ASCII's but - and _, which need no escaping in a
// URL, a connection string or a shell. They stay, since the function of AWS asks
// for a password that has some punctuation.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetRandomPassword.html
const unsafePunctuation = " !\"#$%&'()*+,./:;<=>?@[\\]^`{|}~"

// rotatePassword has AWS's own function change the password, in the database and
// in the secret. CloudFormation makes that function, in a stack of its own that
// is nested in this one.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_turn-on-for-db.html
func rotatePassword(scope constructs.Construct, d Database) {
	group := newRotationGroup(scope, d.props)
	rotation := awssecretsmanager.HostedRotation_MysqlSingleUser(&awssecretsmanager.SingleUserHostedRotationOptions{
		ExcludeCharacters: jsii.String(unsafePunctuation),
		Vpc:               d.props.Network.VPC,
		// It has to reach both the database and Secrets Manager.
		VpcSubnets:     d.props.Network.TaskSubnets,
		SecurityGroups: &[]awsec2.ISecurityGroup{group},
	})
	schedule := d.Secret.AddRotationSchedule(jsii.String("Rotation"), &awssecretsmanager.RotationScheduleOptions{
		HostedRotation:     rotation,
		AutomaticallyAfter: seconds(d.props.Rotation),
		// The password that the first deploy has just made need not change at once.
		RotateImmediatelyOnUpdate: jsii.Bool(false),
	})
	d.allowFrom(rotation, "MySQL/Aurora from the rotation of the password")
	// Secrets Manager tests a rotation when it is set up, which takes a database
	// that answers, and a way to it.
	ready := []constructs.IDependable{d.Cluster, d.group, group}
	for _, subnet := range *d.props.Network.VPC.SelectSubnets(d.props.Network.TaskSubnets).Subnets {
		ready = append(ready, subnet.InternetConnectivityEstablished())
	}
	schedule.Node().AddDependency(ready...)
}

func newRotationGroup(scope constructs.Construct, props DatabaseProps) awsec2.SecurityGroup {
	group := awsec2.NewSecurityGroup(scope, jsii.String("RotationSecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:              props.Network.VPC,
		Description:      jsii.String("Security group for the rotation of the password"),
		AllowAllOutbound: jsii.Bool(false),
	})
	group.AddEgressRule(awsec2.Peer_AnyIpv4(), awsec2.Port_Tcp(jsii.Number(443)), jsii.String("Secrets Manager"), nil)
	return group
}

// RotationPattern matches the event of a secret that has got another value.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/event-detail-secret-label-updated-secretsmanager.html
func (d Database) RotationPattern() *awsevents.EventPattern {
	return &awsevents.EventPattern{
		Source:     jsii.Strings("aws.secretsmanager"),
		DetailType: jsii.Strings("Secret Label Updated"),
		Resources:  &[]*string{d.Secret.SecretArn()},
		Detail:     &map[string]any{"labelUpdated": []string{"AWSCURRENT"}},
	}
}

// Rotates tells whether the password changes by itself.
func (d Database) Rotates() bool { return d.props.Rotation > 0 }

// GrantReconcile allows to read when the password was changed, but not the
// password.
func (d Database) GrantReconcile(grantee awsiam.IGrantable) {
	awsiam.Grant_AddToPrincipal(&awsiam.GrantOnPrincipalOptions{
		Grantee: grantee, Actions: jsii.Strings("secretsmanager:DescribeSecret"), ResourceArns: &[]*string{d.Secret.SecretArn()},
	})
}
