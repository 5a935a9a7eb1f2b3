package main

import (
	"context"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"cloudstruct/config"
)

// account has one stack with a balancer and a database.
type account struct {
	err                       error
	stack, balancer, database bool // protected or not
}

func (a account) DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	return &cloudformation.DescribeStacksOutput{Stacks: []cfntypes.Stack{{EnableTerminationProtection: &a.stack}}}, a.err
}

func (a account) ListStackResources(context.Context, *cloudformation.ListStackResourcesInput, ...func(*cloudformation.Options)) (*cloudformation.ListStackResourcesOutput, error) {
	resource := func(kind, id string, status cfntypes.ResourceStatus) cfntypes.StackResourceSummary {
		return cfntypes.StackResourceSummary{ResourceType: &kind, PhysicalResourceId: &id, ResourceStatus: status}
	}
	return &cloudformation.ListStackResourcesOutput{StackResourceSummaries: []cfntypes.StackResourceSummary{
		resource("AWS::EC2::VPC", "vpc-1", cfntypes.ResourceStatusCreateComplete),
		resource("AWS::RDS::DBCluster", "gone", cfntypes.ResourceStatusDeleteComplete),
		resource("AWS::RDS::DBCluster", "cluster", cfntypes.ResourceStatusCreateComplete),
		resource("AWS::ElasticLoadBalancingV2::LoadBalancer", "arn:balancer", cfntypes.ResourceStatusUpdateComplete),
	}}, nil
}

func (a account) DescribeLoadBalancerAttributes(context.Context, *elasticloadbalancingv2.DescribeLoadBalancerAttributesInput, ...func(*elasticloadbalancingv2.Options)) (*elasticloadbalancingv2.DescribeLoadBalancerAttributesOutput, error) {
	value := map[bool]string{true: "true", false: "false"}[a.balancer]
	return &elasticloadbalancingv2.DescribeLoadBalancerAttributesOutput{Attributes: []elbtypes.LoadBalancerAttribute{
		{Key: aws.String("access_logs.s3.enabled"), Value: aws.String("true")},
		{Key: aws.String("deletion_protection.enabled"), Value: &value},
	}}, nil
}

func (a account) DescribeDBClusters(_ context.Context, in *rds.DescribeDBClustersInput, _ ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error) {
	if *in.DBClusterIdentifier != "cluster" {
		return nil, &rdstypes.DBClusterNotFoundFault{}
	}
	return &rds.DescribeDBClustersOutput{DBClusters: []rdstypes.DBCluster{{DeletionProtection: &a.database}}}, nil
}

func TestEveryProtectionIsNamedAtOnce(t *testing.T) {
	keys := []string{"terminationProtection", "loadBalancer.deletionProtection", "database.deletionProtection"}
	cfg := config.Default()
	cfg.Environment = "production"
	for _, test := range []struct {
		name string
		has  account
		want []bool // in the order of the keys
	}{
		{"all three", account{stack: true, balancer: true, database: true}, []bool{true, true, true}},
		{"the stack alone", account{stack: true}, []bool{true, false, false}},
		{"the load balancer alone", account{balancer: true}, []bool{false, true, false}},
		{"the database alone", account{database: true}, []bool{false, false, true}},
		{"nothing", account{}, []bool{false, false, false}},
	} {
		found, err := protections(t.Context(), clients{test.has, test.has, test.has}, "S")
		if err != nil {
			t.Fatal(err)
		}
		refusal := refuse(cfg, "config/production.yaml", found)
		if refusal == nil {
			refusal = &smithy.GenericAPIError{}
		}
		for i, key := range keys {
			if named := regexp.MustCompile(`(?m)^  ` + key).MatchString(refusal.Error()); named != test.want[i] {
				t.Errorf("%s: %s is named: %t\n%v", test.name, key, named, refusal)
			}
		}
		if len(found) > 0 && !strings.Contains(refusal.Error(), "config/production.yaml, run make deploy ENV=production") {
			t.Errorf("%s: no way out in\n%v", test.name, refusal)
		}
	}
}

// TestWhatCannotBeReadIsNoProtection lets a destroy go on where the user may not read.
func TestWhatCannotBeReadIsNoProtection(t *testing.T) {
	for _, test := range []struct {
		name, code, message string
		want                string // a part of the error; "" lets destroy go on
	}{
		{"a missing stack", "ValidationError", "Stack with id S does not exist", "is not deployed in this account and region: there is nothing to destroy"},
		{"no permission", "AccessDenied", "not authorized", ""},
		{"an expired session", "ExpiredToken", "", "the AWS session has expired"},
	} {
		a := account{err: &smithy.GenericAPIError{Code: test.code, Message: test.message}}
		err := check(t.Context(), config.Default(), "config/production.yaml", clients{a, a, a})
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}

func TestNothingButReadsCanBeCalled(t *testing.T) {
	read, all := regexp.MustCompile(`^(Describe|List)[A-Z]`), reflect.TypeFor[clients]()
	for i := range all.NumField() {
		for j := range all.Field(i).Type.NumMethod() {
			if name := all.Field(i).Type.Method(j).Name; !read.MatchString(name) {
				t.Errorf("%s.%s may write", all.Field(i).Name, name)
			}
		}
	}
}

func TestTheFileThatWasReadIsNamed(t *testing.T) {
	cfg := config.Default()
	cfg.Environment = "production"
	err := refuse(cfg, "elsewhere/a.yaml", []protection{{"terminationProtection", "stack S"}})
	if err == nil || !strings.HasSuffix(err.Error(), "in elsewhere/a.yaml, run cdk deploy -c config=elsewhere/a.yaml, then cdk destroy -c config=elsewhere/a.yaml.") {
		t.Errorf("got %v", err)
	}
}
