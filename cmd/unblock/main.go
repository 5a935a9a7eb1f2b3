// Command unblock makes way for the second try of a first deploy that failed:
// what `make deploy` runs before it deploys. A stack that could not be made stays
// as an empty record, which the CDK deletes before it tries again; but it has
// switched the stack's termination protection on by then.
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
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"cloudstruct/cmd/internal/stacks"
	"cloudstruct/config"
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	did, err := unblock(ctx, cfg.StackName())
	stop()
	if err != nil {
		// Who may deploy by the roles of the bootstrap stack may not be allowed to
		// look: the deployment itself will tell.
		fmt.Fprintln(os.Stderr, "Could not look for a first deploy that failed:", err)
		return
	}
	if did != "" {
		fmt.Println(did)
	}
}

// unblock lifts the protection of a stack that was never made, and says so.
func unblock(ctx context.Context, name string) (string, error) {
	cfg, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return "", err
	}
	client := cloudformation.NewFromConfig(cfg)
	found, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if stacks.Missing(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	// Not after ROLLBACK_FAILED, when something is left in the stack.
	if stack := found.Stacks[0]; stack.StackStatus != types.StackStatusRollbackComplete || !aws.ToBool(stack.EnableTerminationProtection) {
		return "", nil
	}
	if _, err := client.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
		StackName: &name, EnableTerminationProtection: aws.Bool(false),
	}); err != nil {
		return "", err
	}
	return fmt.Sprintf("The first deploy of %s failed and was rolled back to nothing: lifted the protection of what is left, so that it can be replaced.", name), nil
}
