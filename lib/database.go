package lib

import (
	"fmt"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsec2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsrds"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

const mysqlPort = 3306

// DatabaseProps configures NewDatabase.
type DatabaseProps struct {
	config.Database
	Network Network
	// Retain leaves a snapshot when the cluster is deleted or replaced.
	Retain bool
}

// Database is an Aurora MySQL cluster that only tasks can reach.
type Database struct {
	Cluster awsrds.DatabaseCluster
	// Secret holds username and password, and where the cluster is.
	Secret awssecretsmanager.ISecret
	// ConnectionString is nil unless it is configured.
	ConnectionString awssecretsmanager.ISecret
	group            awsec2.SecurityGroup
	props            DatabaseProps
}

// NewDatabase makes a serverless Aurora MySQL cluster in the isolated subnets,
// with a generated password.
func NewDatabase(scope constructs.Construct, id string, props DatabaseProps) Database {
	c := constructs.NewConstruct(scope, &id)
	group := newDatabaseGroup(c, props)
	credentials := newCredentials(c, props)
	cluster := newDatabaseCluster(c, props, group, credentials)
	database := Database{Cluster: cluster, Secret: cluster.Secret(), group: group, props: props}
	if props.ConnectionString != nil {
		database.ConnectionString = newConnectionString(c, database)
	}
	if database.Rotates() {
		rotatePassword(c, database)
	} else {
		excuse(credentials, "AwsSolutions-SMG4", "database.rotation is 0s in the configuration.")
	}
	return database
}

func newDatabaseGroup(scope constructs.Construct, props DatabaseProps) awsec2.SecurityGroup {
	return awsec2.NewSecurityGroup(scope, jsii.String("SecurityGroup"), &awsec2.SecurityGroupProps{
		Vpc:              props.Network.VPC,
		Description:      jsii.String("Security group for database"),
		AllowAllOutbound: jsii.Bool(false),
	})
}

// newCredentials generates a password without punctuation: it then needs no
// escaping in a URL, a connection string or a shell.
func newCredentials(scope constructs.Construct, props DatabaseProps) awssecretsmanager.Secret {
	return awssecretsmanager.NewSecret(scope, jsii.String("Credentials"), &awssecretsmanager.SecretProps{
		Description: jsii.String("User name and password of the database, and where it is"),
		GenerateSecretString: &awssecretsmanager.SecretStringGenerator{
			SecretStringTemplate: jsii.String(fmt.Sprintf(`{"username":%q}`, props.Username)),
			GenerateStringKey:    jsii.String("password"),
			ExcludePunctuation:   jsii.Bool(true),
			// Aurora MySQL takes 41 characters at most; 32 of 62 kinds are 190 bits.
			// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
			PasswordLength: jsii.Number(32),
		},
	})
}

func newDatabaseCluster(scope constructs.Construct, props DatabaseProps, group awsec2.SecurityGroup, credentials awssecretsmanager.Secret) awsrds.DatabaseCluster {
	cluster := awsrds.NewDatabaseCluster(scope, jsii.String("Cluster"), &awsrds.DatabaseClusterProps{
		// 3.10 is the line with long-term support, and pauses at 0 capacity units. 3.10.4
		// is its newest patch.
		// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraMySQLReleaseNotes/AuroraMySQL.Updates.3104.html
		Engine: awsrds.DatabaseClusterEngine_AuroraMysql(&awsrds.AuroraMysqlClusterEngineProps{
			Version: awsrds.AuroraMysqlEngineVersion_VER_3_10_4(),
		}),
		Writer:                        newInstance("Writer", nil, props),
		Readers:                       newReaders(props),
		PreferredMaintenanceWindow:    maintenanceWindow(props),
		ServerlessV2MinCapacity:       &props.MinCapacity,
		ServerlessV2MaxCapacity:       &props.MaxCapacity,
		ServerlessV2AutoPauseDuration: autoPause(props),
		Vpc:                           props.Network.VPC,
		VpcSubnets:                    props.Network.DatabaseSubnets,
		SecurityGroups:                &[]awsec2.ISecurityGroup{group},
		DefaultDatabaseName:           &props.Name,
		Credentials:                   awsrds.Credentials_FromSecret(credentials, &props.Username),
		StorageEncrypted:              jsii.Bool(true),
		// It costs nothing, and lets in only those for whom a user was made in the
		// database that has no password.
		IamAuthentication: jsii.Bool(true),
		Backup: &awsrds.BackupProps{
			Retention:       awscdk.Duration_Days(jsii.Number(props.BackupDays)),
			PreferredWindow: &props.BackupWindow,
		},
		EngineLifecycleSupport: lifecycleSupport(props.ExtendedSupport),
		// Deletion protection is left to Safeguards.
		RemovalPolicy: databaseRemoval(props.Retain),
	})
	excuse(cluster, "AwsSolutions-RDS11", "Only tasks can reach the port, and they are told its number. Another one would hide nothing.")
	excuse(cluster, "AwsSolutions-RDS14", "Backtrack costs for each change that is written, and turns the whole cluster back. Backups restore any second of their days, beside the cluster.")
	excuse(cluster, "AwsSolutions-RDS10", "Safeguards switches deletion protection on when the whole stack exists, if the configuration asks for it.")
	return cluster
}

// lifecycleSupport opts out of RDS Extended Support, which AWS charges for each vCPU as
// soon as a version is past its end of standard support. It is set when a cluster is
// created: CloudFormation refuses to change it later, so that a cluster which was created
// without the setting needs extendedSupport true.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/extended-support.html
func lifecycleSupport(extended bool) awsrds.EngineLifecycleSupport {
	if extended {
		return ""
	}
	return awsrds.EngineLifecycleSupport_OPEN_SOURCE_RDS_EXTENDED_SUPPORT_DISABLED
}

func newReaders(props DatabaseProps) *[]awsrds.IClusterInstance {
	readers := make([]awsrds.IClusterInstance, props.Readers)
	for i := range readers {
		// The first takes over from the writer and must be able to carry its load
		// at once; the others follow their own.
		readers[i] = newInstance("Reader"+strconv.Itoa(i+1), jsii.Bool(i == 0), props)
	}
	return &readers
}

func newInstance(id string, scaleWithWriter *bool, props DatabaseProps) awsrds.IClusterInstance {
	return awsrds.ClusterInstance_ServerlessV2(&id, &awsrds.ServerlessV2ClusterInstanceProps{
		PubliclyAccessible: jsii.Bool(false),
		ScaleWithWriter:    scaleWithWriter,
		// An upgrade that AWS starts by itself would leave the long-term line.
		AutoMinorVersionUpgrade: jsii.Bool(false),
		// An instance has a window of its own.
		PreferredMaintenanceWindow: maintenanceWindow(props),
	})
}

// maintenanceWindow is nil where AWS chooses it.
func maintenanceWindow(props DatabaseProps) *string {
	if props.MaintenanceWindow == "" {
		return nil
	}
	return &props.MaintenanceWindow
}

// autoPause is nil unless the cluster may pause: RDS refuses the setting else.
func autoPause(props DatabaseProps) awscdk.Duration {
	if props.MinCapacity > 0 {
		return nil
	}
	return seconds(props.PauseAfter)
}

// A retained cluster would hold the network back that it is in; a snapshot
// holds the data and nothing else.
func databaseRemoval(retain bool) awscdk.RemovalPolicy {
	if retain {
		return awscdk.RemovalPolicy_SNAPSHOT
	}
	return awscdk.RemovalPolicy_DESTROY
}

// newConnectionString composes a second secret from the first. CloudFormation
// resolves the password while it deploys: it is in no template.
func newConnectionString(scope constructs.Construct, d Database) awssecretsmanager.Secret {
	value := d.props.ConnectionString.Fill(map[string]string{
		"{host}":     *d.Cluster.ClusterEndpoint().Hostname(),
		"{reader}":   *d.Cluster.ClusterReadEndpoint().Hostname(),
		"{port}":     strconv.Itoa(mysqlPort),
		"{name}":     d.props.Name,
		"{username}": d.props.Username,
		"{password}": *d.Secret.SecretValueFromJson(jsii.String("password")).UnsafeUnwrap(),
	})
	secret := awssecretsmanager.NewSecret(scope, jsii.String("ConnectionString"), &awssecretsmanager.SecretProps{
		Description:       jsii.String("Connection string of the database"),
		SecretStringValue: awscdk.SecretValue_UnsafePlainText(&value),
	})
	keepPlaceholders(secret, []string{d.props.ConnectionString.Format})
	excuse(secret, "AwsSolutions-SMG4", "It is composed of the password, which the configuration does not let rotate beside it.")
	return secret
}

// AllowFrom lets the tasks of a service connect.
func (d Database) AllowFrom(service awsec2.IConnectable) {
	d.allowFrom(service, "MySQL/Aurora from Fargate services")
}

func (d Database) allowFrom(other awsec2.IConnectable, description string) {
	d.Cluster.Connections().AllowFrom(other, awsec2.Port_Tcp(jsii.Number(mysqlPort)), &description)
}

// Environment is where a container finds the database.
func (d Database) Environment() map[string]*string {
	return map[string]*string{
		"DB_HOST":        d.Cluster.ClusterEndpoint().Hostname(),
		"DB_PORT":        jsii.String(strconv.Itoa(mysqlPort)),
		"DB_NAME":        &d.props.Name,
		"DB_READER_HOST": d.Cluster.ClusterReadEndpoint().Hostname(),
	}
}

// Secrets is how a container signs in to the database.
func (d Database) Secrets() map[string]awsecs.Secret {
	secrets := map[string]awsecs.Secret{
		"DB_USERNAME": awsecs.Secret_FromSecretsManager(d.Secret, jsii.String("username")),
		"DB_PASSWORD": awsecs.Secret_FromSecretsManager(d.Secret, jsii.String("password")),
	}
	if d.ConnectionString != nil {
		secrets[d.props.ConnectionString.Env] = awsecs.Secret_FromSecretsManager(d.ConnectionString, nil)
	}
	return secrets
}

// GrantGuard allows to change the cluster.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
func (d Database) GrantGuard(grantee awsiam.IGrantable) {
	allow(grantee, nil, []string{"rds:ModifyDBCluster"}, *d.Cluster.ClusterArn())
}

// resource is the cluster without its instances.
func (d Database) resource() constructs.IConstruct { return d.Cluster.Node().DefaultChild() }
