package firstdeploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

const (
	// deleteMinutes is longer than a database, NAT gateways and a service need
	// together, some twenty minutes.
	deleteMinutes = 60
	pollLeast     = time.Second
	pollMost      = 10 * time.Second
)

// Remove does what the plan says, in its order.
func (c Cleaner) Remove(ctx context.Context, p *Plan, w io.Writer) error {
	if p.Refused != "" {
		return fmt.Errorf("stack %s: %s", p.Name, p.Refused)
	}
	if err := c.unchanged(ctx, p); err != nil {
		return err
	}
	if p.protected {
		if _, err := c.stacks.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
			StackName: &p.id, EnableTerminationProtection: aws.Bool(false),
		}); err != nil {
			return fmt.Errorf("switch off the termination protection of stack %s: %w", p.Name, err)
		}
	}
	if p.Harmless() {
		return c.reportSnapshots(ctx, p, w)
	}
	for _, s := range p.steps {
		if err := s.do(ctx); err != nil && !gone(err) {
			return fmt.Errorf("%s: %w", s.what, err)
		}
	}
	fmt.Fprintf(w, "Deleting stack %s, which takes up to twenty minutes with a database ...\n", p.Name)
	if err := c.deleteStack(ctx, p); err != nil {
		return err
	}
	for _, s := range p.steps {
		if s.after == nil {
			continue
		}
		if err := s.after(ctx); err != nil && !gone(err) {
			return fmt.Errorf("the stack is deleted, but not all that it kept: %s: %w", s.what, err)
		}
	}
	fmt.Fprintln(w, "Deleted.")
	return c.reportSnapshots(ctx, p, w)
}

// unchanged makes sure that the stack is still the one that was looked at: the
// answer to a question can take a day.
func (c Cleaner) unchanged(ctx context.Context, p *Plan) error {
	found, err := c.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &p.id})
	if err != nil {
		return err
	}
	if status := found.Stacks[0].StackStatus; status != p.Status {
		return fmt.Errorf("stack %s was %s and is %s now: nothing was changed, run it again", p.Name, p.Status, status)
	}
	return nil
}

// deleteStack uses the stack's id: a new stack of the same name is another one.
func (c Cleaner) deleteStack(ctx context.Context, p *Plan) error {
	if _, err := c.stacks.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &p.id}); err != nil {
		return fmt.Errorf("delete stack %s: %w", p.Name, err)
	}
	waiter := cloudformation.NewStackDeleteCompleteWaiter(c.stacks, func(o *cloudformation.StackDeleteCompleteWaiterOptions) {
		o.MinDelay, o.MaxDelay = pollLeast, pollMost
	})
	if err := waiter.Wait(ctx, &cloudformation.DescribeStacksInput{StackName: &p.id}, deleteMinutes*time.Minute); err != nil {
		return errors.Join(fmt.Errorf("delete stack %s: %w", p.Name, err), c.obstacles(ctx, p))
	}
	return nil
}

// obstacles are the resources that could not be deleted, with CloudFormation's
// reasons.
func (c Cleaner) obstacles(ctx context.Context, p *Plan) error {
	resources, err := c.resources(ctx, p.id)
	if err != nil {
		return err
	}
	var lines []string
	for _, r := range resources {
		if r.ResourceStatus == types.ResourceStatusDeleteFailed {
			lines = append(lines, fmt.Sprintf("  %s (%s %s): %s", aws.ToString(r.LogicalResourceId), aws.ToString(r.ResourceType), aws.ToString(r.PhysicalResourceId), aws.ToString(r.ResourceStatusReason)))
		}
	}
	return fmt.Errorf("%d resources are left; remove the reason for each of these, and run it again:\n%s", len(resources), strings.Join(lines, "\n"))
}
