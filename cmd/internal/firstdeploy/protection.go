package firstdeploy

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/smithy-go"
)

// gone reports that a resource does not exist any more.
func gone(err error) bool {
	var api smithy.APIError
	return errors.As(err, &api) && slices.Contains([]string{
		"LoadBalancerNotFound", "DBClusterNotFoundFault", "RepositoryNotFoundException", "NoSuchBucket",
	}, api.ErrorCode())
}

// balancer can be protected, and writes to the access logs' bucket until it is
// told not to.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-load-balancer-attributes.html
func (c Cleaner) balancer(ctx context.Context, arn string) ([]step, error) {
	found, err := c.balancers.DescribeLoadBalancerAttributes(ctx, &elasticloadbalancingv2.DescribeLoadBalancerAttributesInput{LoadBalancerArn: &arn})
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, attribute := range []struct{ key, name string }{
		{"deletion_protection.enabled", "deletion protection"}, {"access_logs.s3.enabled", "access logs"},
	} {
		if !slices.ContainsFunc(found.Attributes, func(a elbtypes.LoadBalancerAttribute) bool {
			return aws.ToString(a.Key) == attribute.key && aws.ToString(a.Value) == "true"
		}) {
			continue
		}
		steps = append(steps, step{
			what: fmt.Sprintf("switch off the %s of load balancer %s", attribute.name, arn),
			do: func(ctx context.Context) error {
				_, err := c.balancers.ModifyLoadBalancerAttributes(ctx, &elasticloadbalancingv2.ModifyLoadBalancerAttributesInput{
					LoadBalancerArn: &arn, Attributes: []elbtypes.LoadBalancerAttribute{{Key: &attribute.key, Value: aws.String("false")}},
				})
				return err
			},
		})
	}
	return steps, nil
}

func (c Cleaner) cluster(ctx context.Context, id string) ([]step, error) {
	found, err := c.databases.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &id})
	if err != nil || !aws.ToBool(found.DBClusters[0].DeletionProtection) {
		return nil, err
	}
	return []step{{
		what: fmt.Sprintf("switch off the deletion protection of database cluster %s", id),
		do: func(ctx context.Context) error {
			_, err := c.databases.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{
				DBClusterIdentifier: &id, DeletionProtection: aws.Bool(false), ApplyImmediately: aws.Bool(true),
			})
			return err
		},
	}}, nil
}
