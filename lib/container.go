package lib

import (
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssecretsmanager"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

func newTask(scope constructs.Construct, props ServiceProps, logs awslogs.LogGroup) awsecs.FargateTaskDefinition {
	task := awsecs.NewFargateTaskDefinition(scope, jsii.String("Task"), &awsecs.FargateTaskDefinitionProps{
		Cpu:            jsii.Number(props.CPU),
		MemoryLimitMiB: jsii.Number(props.MemoryMiB),
		RuntimePlatform: &awsecs.RuntimePlatform{
			CpuArchitecture:       cpuArchitecture(props.Architecture),
			OperatingSystemFamily: awsecs.OperatingSystemFamily_LINUX(),
		},
	})
	container := addContainer(scope, task, props, logs)
	if props.ReadOnly {
		leaveTmpWritable(task, container)
	}
	grantConfigured(scope, task, props)
	keepPlaceholders(task, append(slices.Collect(maps.Values(props.Environment)), props.Command...))
	excuse(task, "AwsSolutions-ECS2", "The variables say where things are. What is secret comes from Secrets Manager.")
	excuseWildcards(task.ExecutionRole(), "ecr:GetAuthorizationToken has no finer resource.", "\\*")
	return task
}

func addContainer(scope constructs.Construct, task awsecs.FargateTaskDefinition, props ServiceProps, logs awslogs.LogGroup) awsecs.ContainerDefinition {
	environment := props.Database.Environment()
	// The placeholder listens there, and so does any image that keeps to the convention.
	environment["PORT"] = jsii.String(strconv.Itoa(props.Port))
	for name, value := range props.Environment {
		environment[name] = &value
	}
	secrets := props.Database.Secrets()
	maps.Copy(secrets, configuredSecrets(scope, props.Secrets))
	return task.AddContainer(jsii.String("api"), &awsecs.ContainerDefinitionOptions{
		Image:        props.Registry.DeployImage(),
		Command:      command(props.Command),
		PortMappings: &[]*awsecs.PortMapping{{ContainerPort: jsii.Number(props.Port)}},
		Environment:  &environment,
		Secrets:      &secrets,
		// Another health path is another task definition: its deployment proves that
		// tasks answer there, and is rolled back with the stack if they do not.
		DockerLabels: &map[string]*string{"cloudstruct.health-path": &props.Health.Path},
		StopTimeout:  seconds(props.StopTimeout),
		// A container is restarted once it has run for five minutes, ECS's default.
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/container-restart-policy.html
		EnableRestartPolicy: &props.Restart,
		Logging: awsecs.LogDriver_AwsLogs(&awsecs.AwsLogDriverProps{
			LogGroup:     logs,
			StreamPrefix: jsii.String(logStreamPrefix),
		}),
		ReadonlyRootFilesystem: &props.ReadOnly,
		SystemControls:         unprivilegedPorts(props.Port),
		// Every task of a deployment runs the image that its first task ran, also
		// when the deploy tag has moved on since.
		VersionConsistency: awsecs.VersionConsistency_ENABLED,
	})
}

// command is nil for the image's own.
func command(arguments []string) *[]*string {
	if len(arguments) == 0 {
		return nil
	}
	return jsii.Strings(arguments...)
}

// grantConfigured gives the application what the configuration allows it.
func grantConfigured(scope constructs.Construct, task awsecs.FargateTaskDefinition, props ServiceProps) {
	for _, p := range props.Permissions {
		task.AddToTaskRolePolicy(awsiam.NewPolicyStatement(&awsiam.PolicyStatementProps{
			Actions: jsii.Strings(p.Actions...), Resources: jsii.Strings(p.Resources...),
		}))
	}
	for i, arn := range props.Policies {
		policy := awsiam.ManagedPolicy_FromManagedPolicyArn(scope, jsii.String("Policy"+strconv.Itoa(i+1)), &arn)
		task.TaskRole().AddManagedPolicy(policy)
	}
}

func configuredSecrets(scope constructs.Construct, references map[string]string) map[string]awsecs.Secret {
	secrets := map[string]awsecs.Secret{}
	for variable, reference := range references {
		parts := config.SplitSecret(reference)
		secret := awssecretsmanager.Secret_FromSecretCompleteArn(scope, jsii.String("Secret"+variable), &parts.ARN)
		key := orNil(parts.Key)
		if parts.Stage == "" && parts.Version == "" {
			secrets[variable] = awsecs.Secret_FromSecretsManager(secret, key)
			continue
		}
		version := awsecs.SecretVersionInfo{VersionStage: orNil(parts.Stage), VersionId: orNil(parts.Version)}
		secrets[variable] = awsecs.Secret_FromSecretsManagerVersion(secret, &version, key)
	}
	return secrets
}

func orNil(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func cpuArchitecture(a config.Architecture) awsecs.CpuArchitecture {
	if a == config.ARM {
		return awsecs.CpuArchitecture_ARM64()
	}
	return awsecs.CpuArchitecture_X86_64()
}

// unprivilegedPorts lets an image whose user is not root listen on a port below
// 1024.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SystemControl.html
func unprivilegedPorts(port int) *[]*awsecs.SystemControl {
	if port >= 1024 {
		return nil
	}
	return &[]*awsecs.SystemControl{{
		Namespace: jsii.String("net.ipv4.ip_unprivileged_port_start"), Value: jsii.String("0"),
	}}
}

// leaveTmpWritable spares one folder of a read-only file system, where most
// runtimes write. Each task has its own. It is root's, or, in an image that has
// VOLUME /tmp, whose the folder is in the image.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
func leaveTmpWritable(task awsecs.FargateTaskDefinition, container awsecs.ContainerDefinition) {
	task.AddVolume(&awsecs.Volume{Name: jsii.String("tmp")})
	container.AddMountPoints(&awsecs.MountPoint{
		SourceVolume: jsii.String("tmp"), ContainerPath: jsii.String("/tmp"), ReadOnly: jsii.Bool(false),
	})
}
