package main

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// clients are the reads that are used.
type clients struct {
	stacks    stackReads
	balancers balancerReads
	databases databaseReads
}

type stackReads interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
	ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error)
}

type balancerReads interface {
	DescribeLoadBalancerAttributes(context.Context, *elasticloadbalancingv2.DescribeLoadBalancerAttributesInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeLoadBalancerAttributesOutput, error)
}

type databaseReads interface {
	DescribeDBClusters(context.Context, *rds.DescribeDBClustersInput, ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error)
}

// protected are the protections of one resource, as AWS has them: the template
// does not say it.
func (c clients) protected(ctx context.Context, resource cfntypes.StackResourceSummary) ([]protection, error) {
	id := aws.ToString(resource.PhysicalResourceId)
	if id == "" || resource.ResourceStatus == cfntypes.ResourceStatusDeleteComplete {
		return nil, nil
	}
	switch aws.ToString(resource.ResourceType) {
	case "AWS::ElasticLoadBalancingV2::LoadBalancer":
		found, err := c.balancers.DescribeLoadBalancerAttributes(ctx, &elasticloadbalancingv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &id})
		if err != nil {
			return nil, err
		}
		for _, attribute := range found.Attributes {
			if aws.ToString(attribute.Key) == "deletion_protection.enabled" && aws.ToString(attribute.Value) == "true" {
				return []protection{{"loadBalancer.deletionProtection", "load balancer " + id}}, nil
			}
		}
	case "AWS::RDS::DBCluster":
		found, err := c.databases.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &id})
		if err != nil {
			return nil, err
		}
		if aws.ToBool(found.DBClusters[0].DeletionProtection) {
			return []protection{{"database.deletionProtection", "database cluster " + id}}, nil
		}
	}
	return nil, nil
}
