package main

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// account has one stack, or an error.
type account struct {
	description string
	err         error
}

func (a account) DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error) {
	return &cloudformation.DescribeStacksOutput{Stacks: []types.Stack{{Description: &a.description}}}, a.err
}

func TestDeployedVersionIsTheDescriptions(t *testing.T) {
	for _, test := range []struct {
		name  string
		has   account
		want  string
		fails bool
	}{
		{"a stack of this project", account{description: "CloudStruct 0.9.2: an API"}, "0.9.2", false},
		{"one without a version", account{description: "an API"}, "not known: the stack is older than 1.0.0, or not of this project", false},
		{"no stack", account{err: &smithy.GenericAPIError{Code: "ValidationError", Message: "Stack with id S does not exist"}}, "stack S is not deployed in this account and region", false},
		{"another mistake", account{err: &smithy.GenericAPIError{Code: "ValidationError", Message: "1 validation error detected"}}, "", true},
		{"no credentials", account{err: errors.New("no credentials")}, "", true},
	} {
		got, err := versionOf(t.Context(), test.has, "S")
		if got != test.want || (err != nil) != test.fails {
			t.Errorf("%s: %q and %v, want %q", test.name, got, err, test.want)
		}
	}
}
