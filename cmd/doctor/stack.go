package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"cloudstruct/cmd/internal/stacks"
)

// stackState reports whether CloudFormation takes a change of the stack.
func (p *patient) stackState(ctx context.Context) (finding, error) {
	name := p.config.StackName()
	found, err := p.clients.cloudformation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if stacks.Missing(err) {
		return good("%s", stacks.NotDeployed(name))
	}
	if err != nil {
		return finding{}, err
	}
	stack := found.Stacks[0]
	remove := "aws cloudformation delete-stack --stack-name " + name
	if aws.ToBool(stack.EnableTerminationProtection) {
		remove = fmt.Sprintf("aws cloudformation update-termination-protection --no-enable-termination-protection --stack-name %s && %s", name, remove)
	}
	switch status := stack.StackStatus; {
	case status == types.StackStatusReviewInProgress:
		return good("%s was never made, a change set is under review", name)
	case strings.HasSuffix(string(status), "_IN_PROGRESS"):
		return bad("wait until it is over", "%s is %s", name, status)
	case status == types.StackStatusRollbackComplete && !aws.ToBool(stack.EnableTerminationProtection):
		// The CDK CLI deletes such a stack by itself.
		return good("%s failed at its first deploy, and is replaced by the next", name)
	case status == types.StackStatusRollbackComplete:
		return dubious("make deploy ENV="+p.config.Environment+", which lifts its protection; npx cdk deploy does not", "%s failed at its first deploy, and is protected", name)
	case status == types.StackStatusRollbackFailed:
		return dubious("make deploy ENV="+p.config.Environment+", which lists what is left, and removes it when you agree; npx cdk deploy does not", "%s failed at its first deploy, and so did its rollback", name)
	case status == types.StackStatusDeleteFailed:
		return bad("make deploy ENV="+p.config.Environment+", which offers to remove it if its deploy was never complete; or "+remove, "%s is %s, and can only be deleted", name, status)
	case status == types.StackStatusUpdateRollbackFailed, status == types.StackStatusUpdateFailed, status == types.StackStatusCreateFailed:
		return bad(fmt.Sprintf("npx cdk rollback %s -c environment=%s", name, p.config.Environment), "%s is %s", name, status)
	default:
		return good("%s is %s", name, status)
	}
}

// owned are the physical ids of the stack's resources of a type.
func (p *patient) owned(ctx context.Context, resourceType string) ([]string, error) {
	var ids []string
	pages := cloudformation.NewListStackResourcesPaginator(p.clients.cloudformation, &cloudformation.ListStackResourcesInput{StackName: aws.String(p.config.StackName())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if stacks.Missing(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, resource := range page.StackResourceSummaries {
			if aws.ToString(resource.ResourceType) == resourceType && resource.ResourceStatus != types.ResourceStatusDeleteComplete {
				ids = append(ids, aws.ToString(resource.PhysicalResourceId))
			}
		}
	}
	return ids, nil
}

// repository reports whether the name is free, or the stack's: a destroyed stack
// leaves its repository, with the images, when retain is on.
func (p *patient) repository(ctx context.Context) (finding, error) {
	name := p.config.Image.Repository
	_, err := p.clients.ecr.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	if codeOf(err) == "RepositoryNotFoundException" {
		return good("%s is not taken", name)
	}
	if err != nil {
		return finding{}, err
	}
	owned, err := p.owned(ctx, "AWS::ECR::Repository")
	if err != nil {
		return finding{}, err
	}
	if slices.Contains(owned, name) {
		return good("%s is the stack's", name)
	}
	return bad("set another image.repository; or, if its images may go: aws ecr delete-repository --force --repository-name "+name, "%s is there, and not this stack's", name)
}
