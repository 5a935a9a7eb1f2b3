package main

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// account has one stack, or an error.
type account struct {
	outputs []types.Output
	err     error
}

func (a account) DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{{StackStatus: types.StackStatusRollbackComplete, Outputs: a.outputs}}}, a.err
}

func TestTheFunctionIsTheOutputOfADeployedStack(t *testing.T) {
	output := types.Output{OutputKey: aws.String("RedeployFunctionName"), OutputValue: aws.String("redeploy")}
	for _, test := range []struct {
		name      string
		has       account
		want, err string
	}{
		{"deployed", account{outputs: []types.Output{{OutputKey: aws.String("ServiceUrl")}, output}}, "redeploy", ""},
		{"not deployed", account{err: &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack with id S does not exist"}}, "", "stack S is not deployed in this account and region"},
		{"a first deploy that failed", account{}, "", "stack S is ROLLBACK_COMPLETE and has no output RedeployFunctionName"},
		{"no permission", account{err: &smithy.GenericAPIError{Code: "AccessDenied"}}, "", "read stack S"},
	} {
		got, err := functionOf(t.Context(), test.has, "S")
		if got != test.want || (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("%s: %q, %v, want %q, %q", test.name, got, err, test.want, test.err)
		}
	}
}
