package firstdeploy

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

const stackID = "arn:aws:cloudformation:eu-central-1:123456789012:stack/CloudStruct-production/1"

// account is an AWS account in memory with one stack. Its CloudFormation is as
// strict as AWS's: what is protected or not empty is not deleted, and what the
// template retains stays.
type account struct {
	status    types.StackStatus
	protected bool
	events    []types.StackEvent // newest first, as AWS lists them
	resources []types.StackResourceSummary
	retained  []string // logical ids

	attributes map[string]map[string]string // of load balancers
	clusters   map[string]bool              // protected or not
	images     map[string][]ecrtypes.ImageIdentifier
	parents    map[string]string              // digest to the index that names it
	objects    map[string][]map[string]string // key, version, marker
	writes     []string                       // every call that changes something
}

func refused(code, message string) error {
	return &smithy.GenericAPIError{Code: code, Message: message}
}

func (a *account) DescribeStacks(_ context.Context, in *cloudformation.DescribeStacksInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	if a.status == "" || a.status == types.StackStatusDeleteComplete && *in.StackName != stackID {
		return nil, refused("ValidationError", "Stack with id "+*in.StackName+" does not exist")
	}
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{{StackId: aws.String(stackID), StackStatus: a.status, EnableTerminationProtection: &a.protected}}}, nil
}

// DescribeStackEvents gives a page for each event.
func (a *account) DescribeStackEvents(_ context.Context, in *cloudformation.DescribeStackEventsInput, _ ...func(*cloudformation.Options)) (*cloudformation.DescribeStackEventsOutput, error) {
	page, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &cloudformation.DescribeStackEventsOutput{StackEvents: a.events[page:min(page+1, len(a.events))]}
	if page+1 < len(a.events) {
		out.NextToken = aws.String(strconv.Itoa(page + 1))
	}
	return out, nil
}

func (a *account) ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error) {
	return &cloudformation.ListStackResourcesOutput{StackResourceSummaries: slices.Clone(a.resources)}, nil
}

func (a *account) UpdateTerminationProtection(_ context.Context, in *cloudformation.UpdateTerminationProtectionInput, _ ...func(*cloudformation.Options)) (*cloudformation.UpdateTerminationProtectionOutput, error) {
	a.writes = append(a.writes, "termination protection")
	a.protected = *in.EnableTerminationProtection
	return &cloudformation.UpdateTerminationProtectionOutput{}, nil
}

func (a *account) DeleteStack(_ context.Context, in *cloudformation.DeleteStackInput, _ ...func(*cloudformation.Options)) (*cloudformation.DeleteStackOutput, error) {
	a.writes = append(a.writes, "delete stack "+*in.StackName)
	if a.protected {
		return nil, refused("ValidationError", "cannot be deleted while TerminationProtection is enabled")
	}
	a.status = types.StackStatusDeleteComplete
	for i := range a.resources {
		r := &a.resources[i]
		if slices.Contains(a.retained, *r.LogicalResourceId) || r.ResourceStatus == types.ResourceStatusDeleteComplete {
			continue
		}
		if reason := a.obstacle(*r.ResourceType, *r.PhysicalResourceId); reason != "" {
			r.ResourceStatus, r.ResourceStatusReason = types.ResourceStatusDeleteFailed, &reason
			a.status = types.StackStatusDeleteFailed
			continue
		}
		r.ResourceStatus = types.ResourceStatusDeleteComplete
		delete(a.images, *r.PhysicalResourceId)
		delete(a.objects, *r.PhysicalResourceId)
	}
	return &cloudformation.DeleteStackOutput{}, nil
}

func (a *account) obstacle(kind, id string) string {
	switch {
	case kind == "AWS::ElasticLoadBalancingV2::LoadBalancer" && a.attributes[id]["deletion_protection.enabled"] == "true":
		return "Load balancer '" + id + "' cannot be deleted because deletion protection is enabled"
	case kind == "AWS::RDS::DBCluster" && a.clusters[id]:
		return "Cannot delete protected Cluster, please disable deletion protection and try again."
	case kind == "AWS::ECR::Repository" && len(a.images[id]) > 0:
		return "The repository with name '" + id + "' in registry with id '123456789012' cannot be deleted because it still contains images"
	case kind == "AWS::S3::Bucket" && len(a.objects[id]) > 0:
		return "The bucket you tried to delete is not empty"
	case kind == "AWS::EC2::VPC":
		return a.attributes[id]["dependency"]
	}
	return ""
}

func (a *account) DescribeLoadBalancerAttributes(_ context.Context, in *elasticloadbalancingv2.DescribeLoadBalancerAttributesInput, _ ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeLoadBalancerAttributesOutput, error) {
	attributes, there := a.attributes[*in.LoadBalancerArn]
	if !there {
		return nil, &elbtypes.LoadBalancerNotFoundException{}
	}
	out := &elasticloadbalancingv2.DescribeLoadBalancerAttributesOutput{}
	for key, value := range attributes {
		out.Attributes = append(out.Attributes, elbtypes.LoadBalancerAttribute{Key: aws.String(key), Value: aws.String(value)})
	}
	return out, nil
}

func (a *account) ModifyLoadBalancerAttributes(_ context.Context, in *elasticloadbalancingv2.ModifyLoadBalancerAttributesInput, _ ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.ModifyLoadBalancerAttributesOutput, error) {
	for _, attribute := range in.Attributes {
		a.writes = append(a.writes, *in.LoadBalancerArn+" "+*attribute.Key)
		a.attributes[*in.LoadBalancerArn][*attribute.Key] = *attribute.Value
	}
	return &elasticloadbalancingv2.ModifyLoadBalancerAttributesOutput{}, nil
}

func (a *account) DescribeDBClusters(_ context.Context, in *rds.DescribeDBClustersInput, _ ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error) {
	protected, there := a.clusters[*in.DBClusterIdentifier]
	if !there {
		return nil, &rdstypes.DBClusterNotFoundFault{}
	}
	return &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{{DeletionProtection: &protected}}}, nil
}

// DescribeDBClusterSnapshots has one of each cluster that was deleted.
func (a *account) DescribeDBClusterSnapshots(_ context.Context, in *rds.DescribeDBClusterSnapshotsInput, _ ...func(*rds.Options)) (*rds.DescribeDBClusterSnapshotsOutput, error) {
	out := &rds.DescribeDBClusterSnapshotsOutput{}
	if _, known := a.clusters[*in.DBClusterIdentifier]; known && a.status != types.StackStatusRollbackFailed {
		out.DBClusterSnapshots = []rdstypes.DBClusterSnapshot{{DBClusterSnapshotIdentifier: aws.String("snapshot-of-" + *in.DBClusterIdentifier)}}
	}
	return out, nil
}

func (a *account) ModifyDBCluster(_ context.Context, in *rds.ModifyDBClusterInput, _ ...func(*rds.Options)) (*rds.ModifyDBClusterOutput, error) {
	a.writes = append(a.writes, "cluster "+*in.DBClusterIdentifier)
	a.clusters[*in.DBClusterIdentifier] = *in.DeletionProtection
	return &rds.ModifyDBClusterOutput{}, nil
}

func (a *account) ListImages(_ context.Context, in *ecr.ListImagesInput, _ ...func(*ecr.Options)) (*ecr.ListImagesOutput, error) {
	images, there := a.images[*in.RepositoryName]
	if !there {
		return nil, &ecrtypes.RepositoryNotFoundException{}
	}
	return &ecr.ListImagesOutput{ImageIds: slices.Clone(images)}, nil
}

func (a *account) BatchDeleteImage(_ context.Context, in *ecr.BatchDeleteImageInput, _ ...func(*ecr.Options)) (*ecr.BatchDeleteImageOutput, error) {
	out := &ecr.BatchDeleteImageOutput{}
	for _, image := range in.ImageIds {
		digest := *image.ImageDigest
		same := func(other ecrtypes.ImageIdentifier) bool { return *other.ImageDigest == digest }
		index := func(other ecrtypes.ImageIdentifier) bool { return *other.ImageDigest == a.parents[digest] }
		if slices.ContainsFunc(a.images[*in.RepositoryName], index) {
			out.Failures = append(out.Failures, ecrtypes.ImageFailure{FailureCode: ecrtypes.ImageFailureCodeImageReferencedByManifestList})
			continue
		}
		a.writes = append(a.writes, "image "+digest)
		a.images[*in.RepositoryName] = slices.DeleteFunc(a.images[*in.RepositoryName], same)
	}
	return out, nil
}

func (a *account) DeleteRepository(_ context.Context, in *ecr.DeleteRepositoryInput, _ ...func(*ecr.Options)) (*ecr.DeleteRepositoryOutput, error) {
	images, there := a.images[*in.RepositoryName]
	switch {
	case !there:
		return nil, &ecrtypes.RepositoryNotFoundException{}
	case len(images) > 0 && !in.Force:
		return nil, &ecrtypes.RepositoryNotEmptyException{}
	}
	a.writes = append(a.writes, "repository "+*in.RepositoryName)
	delete(a.images, *in.RepositoryName)
	return &ecr.DeleteRepositoryOutput{}, nil
}

func (a *account) ListObjectVersions(_ context.Context, in *s3.ListObjectVersionsInput, _ ...func(*s3.Options)) (*s3.ListObjectVersionsOutput, error) {
	objects, there := a.objects[*in.Bucket]
	if !there {
		return nil, &s3types.NoSuchBucket{}
	}
	out := &s3.ListObjectVersionsOutput{}
	for _, object := range objects {
		if object["marker"] != "" {
			out.DeleteMarkers = append(out.DeleteMarkers, s3types.DeleteMarkerEntry{Key: aws.String(object["key"]), VersionId: aws.String(object["version"])})
		} else {
			out.Versions = append(out.Versions, s3types.ObjectVersion{Key: aws.String(object["key"]), VersionId: aws.String(object["version"])})
		}
	}
	return out, nil
}

func (a *account) DeleteObjects(_ context.Context, in *s3.DeleteObjectsInput, _ ...func(*s3.Options)) (*s3.DeleteObjectsOutput, error) {
	for _, o := range in.Delete.Objects {
		a.writes = append(a.writes, "object "+*o.Key)
		a.objects[*in.Bucket] = slices.DeleteFunc(a.objects[*in.Bucket], func(object map[string]string) bool {
			return object["key"] == *o.Key && object["version"] == *o.VersionId
		})
	}
	return &s3.DeleteObjectsOutput{}, nil
}

func (a *account) DeleteBucket(_ context.Context, in *s3.DeleteBucketInput, _ ...func(*s3.Options)) (*s3.DeleteBucketOutput, error) {
	if len(a.objects[*in.Bucket]) > 0 {
		return nil, refused("BucketNotEmpty", "")
	}
	if _, there := a.objects[*in.Bucket]; !there {
		return nil, refused("NoSuchBucket", "")
	}
	a.writes = append(a.writes, "bucket "+*in.Bucket)
	delete(a.objects, *in.Bucket)
	return &s3.DeleteBucketOutput{}, nil
}

// happened adds an event of the stack, newer than the others.
func (a *account) happened(status types.ResourceStatus) {
	a.event("CloudStruct-production", "AWS::CloudFormation::Stack", stackID, status)
}

func (a *account) event(logical, kind, physical string, status types.ResourceStatus) {
	at := time.Date(2026, 1, 2, 3, len(a.events), 0, 0, time.UTC)
	a.events = slices.Insert(a.events, 0, types.StackEvent{
		LogicalResourceId: &logical, ResourceType: &kind, PhysicalResourceId: &physical, ResourceStatus: status, Timestamp: &at,
	})
}

// add makes a resource of the stack that could not be rolled back.
func (a *account) add(logical, kind, physical string) {
	a.event(logical, kind, physical, types.ResourceStatusCreateComplete)
	a.resources = append(a.resources, types.StackResourceSummary{
		LogicalResourceId: &logical, ResourceType: &kind, PhysicalResourceId: &physical, ResourceStatus: types.ResourceStatusDeleteFailed,
	})
}

// failed is an account after a first deploy whose rollback failed, with everything
// in it that can be in the way.
func failed() *account {
	a := &account{
		status: types.StackStatusRollbackFailed, protected: true, retained: []string{"Repository", "Logs"},
		attributes: map[string]map[string]string{"arn:balancer": {"deletion_protection.enabled": "true", "access_logs.s3.enabled": "true", "idle_timeout.timeout_seconds": "60"}},
		clusters:   map[string]bool{"cluster": true},
		images:     map[string][]ecrtypes.ImageIdentifier{"my-api": nil, "others": {{ImageDigest: aws.String("sha256:other"), ImageTag: aws.String("theirs")}}},
		parents:    map[string]string{"sha256:child": "sha256:index"},
		objects:    map[string][]map[string]string{"logs": {{"key": "a", "version": "1"}, {"key": "a", "version": "2", "marker": "yes"}}},
	}
	for _, image := range []struct{ digest, tag string }{{"sha256:child", ""}, {"sha256:index", "jellybean"}, {"sha256:index", "v1"}} {
		id := ecrtypes.ImageIdentifier{ImageDigest: aws.String(image.digest)}
		if image.tag != "" {
			id.ImageTag = aws.String(image.tag)
		}
		a.images["my-api"] = append(a.images["my-api"], id)
	}
	a.happened("REVIEW_IN_PROGRESS")
	a.happened(types.ResourceStatusCreateInProgress)
	a.add("Balancer", "AWS::ElasticLoadBalancingV2::LoadBalancer", "arn:balancer")
	a.add("Database", "AWS::RDS::DBCluster", "cluster")
	a.add("Repository", "AWS::ECR::Repository", "my-api")
	a.add("Logs", "AWS::S3::Bucket", "logs")
	a.happened(types.ResourceStatusRollbackInProgress)
	a.happened(types.ResourceStatusRollbackFailed)
	return a
}

func (a *account) cleaner() Cleaner {
	return Cleaner{stacks: a, balancers: a, databases: a, repositories: a, buckets: a}
}

func (a *account) String() string {
	return fmt.Sprintf("%s, images %v, objects %v, writes %q", a.status, a.images, a.objects, a.writes)
}
