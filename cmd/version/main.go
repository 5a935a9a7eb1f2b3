// Command version prints the version of this project, and the one that the deployed
// stack of an environment came from: what `make version` runs. For the second it
// needs AWS credentials that may read the stack.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"

	"cloudstruct/cmd/internal/access"
	"cloudstruct/cmd/internal/stacks"
	"cloudstruct/config"
	"cloudstruct/lib"
)

func main() {
	environment := flag.String("environment", "", "the environment, a file in config/")
	path := flag.String("config", "", "another configuration file")
	flag.Parse()
	cfg, err := config.Choose("config", *environment, *path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("this folder:", lib.Version)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	version, err := deployed(ctx, cfg.StackName())
	stop()
	if err != nil {
		// Without credentials half of the answer is still true.
		version = "not known: " + access.Clear(err).Error()
	}
	fmt.Printf("deployed: %s\n", version)
}

// describer is what is asked of CloudFormation.
type describer interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
}

func deployed(ctx context.Context, name string) (string, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return "", err
	}
	return versionOf(ctx, cloudformation.NewFromConfig(cfg), name)
}

// versionOf is the version in a stack's description, or why there is none.
func versionOf(ctx context.Context, client describer, name string) (string, error) {
	found, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if stacks.Missing(err) {
		return stacks.NotDeployed(name), nil
	}
	if err != nil {
		return "", err
	}
	version, ok := lib.VersionOf(aws.ToString(found.Stacks[0].Description))
	if !ok {
		return "not known: the stack is older than 1.0.0, or not of this project", nil
	}
	return version, nil
}
