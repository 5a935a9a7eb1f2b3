package lib

import (
	"fmt"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
)

// SafeguardsProps configures NewSafeguards.
type SafeguardsProps struct {
	FunctionSettings
	Balancer Balancer
	Database Database
}

// Safeguards is the last resource of a stack. It switches on what CloudFormation could
// not delete any more: deletion protection, and access logs, for which AWS writes an
// object into the bucket at once. Were these on from the start, every failure after them
// would end a first deploy in ROLLBACK_FAILED.
type Safeguards struct {
	resource awscdk.CustomResource
}

// NewSafeguards makes the function, and the custom resource that calls it whenever one of
// the switches changes.
func NewSafeguards(scope constructs.Construct, id string, props SafeguardsProps) Safeguards {
	c := constructs.NewConstruct(scope, &id)
	timeout := 2 * time.Minute
	function := newFunction(c, functionProps{
		FunctionSettings: props.FunctionSettings,
		Name:             "safeguards",
		Description:      "Switches deletion protection and access logs on when the stack exists",
		Timeout:          timeout,
		MemoryMiB:        128,
	})
	props.Balancer.GrantGuard(function)
	props.Database.GrantGuard(function)
	properties := map[string]any{
		"LoadBalancerArn":                props.Balancer.ALB.LoadBalancerArn(),
		"LoadBalancerDeletionProtection": fmt.Sprint(props.Balancer.props.DeletionProtection),
		"DatabaseClusterIdentifier":      props.Database.Cluster.ClusterIdentifier(),
		"DatabaseDeletionProtection":     fmt.Sprint(props.Database.props.DeletionProtection),
	}
	if props.Balancer.AccessLogs != nil {
		properties["AccessLogsBucket"] = props.Balancer.AccessLogs.BucketName()
	}
	return Safeguards{newCustomResource(c, "Custom::Safeguards", function, timeout, properties)}
}

// Follow makes them wait for everything else in the stack.
func (s Safeguards) Follow(stack awscdk.Stack) {
	own := s.resource.Node().Scope()
	for _, part := range *stack.Node().Children() {
		if *part.Node().Path() != *own.Node().Path() {
			s.resource.Node().AddDependency(part)
		}
	}
}
