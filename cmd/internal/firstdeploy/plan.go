package firstdeploy

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"cloudstruct/cmd/internal/stacks"
)

// Plan is everything that Remove will do, and nothing else.
type Plan struct {
	Name   string
	Status types.StackStatus
	// Refused is the reason why nothing may be done.
	Refused string

	id        string
	protected bool
	steps     []step
	left      int      // resources in the stack
	clusters  []string // that the stack created
}

// step is one change before or after the deletion of the stack.
type step struct {
	what string
	do   func(context.Context) error
	// after does what CloudFormation leaves out: the deletion policy
	// RetainExceptOnCreate keeps a resource when its stack is deleted, also when the
	// stack was never complete.
	// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
	after func(context.Context) error
}

// Plan looks at a stack, and returns nothing for one that a deploy can work with.
func (c Cleaner) Plan(ctx context.Context, name string) (*Plan, error) {
	found, err := c.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if stacks.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	stack := found.Stacks[0]
	p := &Plan{Name: name, Status: stack.StackStatus, id: aws.ToString(stack.StackId), protected: aws.ToBool(stack.EnableTerminationProtection)}
	switch p.Status {
	case types.StackStatusRollbackComplete:
		// Nothing is left in it, and the CDK CLI deletes it unless it is protected.
		history, _, err := c.read(ctx, p.id)
		p.clusters = history.clusters
		return p, err
	case types.StackStatusRollbackFailed, types.StackStatusDeleteFailed:
		return p, c.fill(ctx, p)
	default:
		return nil, nil
	}
}

// fill adds the steps, unless the stack may have been complete once.
func (c Cleaner) fill(ctx context.Context, p *Plan) error {
	history, refused, err := c.read(ctx, p.id)
	if err != nil || refused != "" {
		p.Refused = refused
		return err
	}
	resources, err := c.resources(ctx, p.id)
	if err != nil {
		return err
	}
	p.left, p.clusters = len(resources), history.clusters
	for _, resource := range resources {
		look, known := c.kinds()[aws.ToString(resource.ResourceType)]
		if !known || !history.made(resource) {
			continue
		}
		found, err := look(ctx, aws.ToString(resource.PhysicalResourceId))
		if err != nil && !gone(err) {
			return err
		}
		p.steps = append(p.steps, found...)
	}
	return nil
}

// kinds are the resources that can keep a stack from being deleted.
func (c Cleaner) kinds() map[string]func(ctx context.Context, id string) ([]step, error) {
	return map[string]func(context.Context, string) ([]step, error){
		"AWS::ElasticLoadBalancingV2::LoadBalancer": c.balancer,
		"AWS::RDS::DBCluster":                       c.cluster,
		"AWS::ECR::Repository":                      c.repository,
		"AWS::S3::Bucket":                           c.bucket,
	}
}

// resources are those that the stack still has.
func (c Cleaner) resources(ctx context.Context, stackID string) ([]types.StackResourceSummary, error) {
	var all []types.StackResourceSummary
	pages := cloudformation.NewListStackResourcesPaginator(c.stacks, &cloudformation.ListStackResourcesInput{StackName: &stackID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, slices.DeleteFunc(page.StackResourceSummaries, func(r types.StackResourceSummary) bool {
			return r.ResourceStatus == types.ResourceStatusDeleteComplete || aws.ToString(r.PhysicalResourceId) == ""
		})...)
	}
	return all, nil
}

// Harmless reports whether nothing but an empty record goes, so that nobody has
// to be asked.
func (p *Plan) Harmless() bool { return p.Status == types.StackStatusRollbackComplete }

// Print lists what Remove will do.
func (p *Plan) Print(w io.Writer) {
	if p.Harmless() {
		fmt.Fprintf(w, "The first deploy of %s failed and was rolled back to nothing.\n", p.Name)
	} else {
		fmt.Fprintf(w, "The first deploy of %s failed, and so did its rollback: the stack is %s.\n"+
			"It was never complete, and CloudFormation can only delete it. Before the next deploy:\n\n", p.Name, p.Status)
	}
	if p.protected {
		fmt.Fprintf(w, "  - switch off the termination protection of stack %s\n", p.Name)
	}
	for _, s := range p.steps {
		fmt.Fprintf(w, "  - %s\n", s.what)
	}
	if !p.Harmless() {
		fmt.Fprintf(w, "  - delete stack %s with the %d resources that are left in it, and wait\n", p.id, p.left)
	}
}
