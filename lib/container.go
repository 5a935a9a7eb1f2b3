package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/jsii-runtime-go"
)

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
