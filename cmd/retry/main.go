// Command retry has the release loop of an environment deploy the image under
// the deploy tag, even when that image was rolled back before: what `make retry`
// runs. It needs AWS credentials that may read the stack and invoke its function.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"cloudstruct/cmd/internal/access"
	"cloudstruct/cmd/internal/stacks"
	"cloudstruct/config"
)

func main() {
	environment := flag.String("environment", "", "the environment, a file in config/")
	path := flag.String("config", "", "another configuration file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	did, err := retry(ctx, *environment, *path)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, access.Clear(err))
		os.Exit(1)
	}
	fmt.Println(did)
}

// retry invokes the function, and gives what it did.
func retry(ctx context.Context, environment, path string) (string, error) {
	cfg, err := config.Choose("config", environment, path)
	if err != nil {
		return "", err
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return "", err
	}
	function, err := functionOf(ctx, cloudformation.NewFromConfig(aws), cfg.StackName())
	if err != nil {
		return "", err
	}
	// The time makes a repeated invocation grant the wish once.
	event := fmt.Appendf(nil, `{"source":"cloudstruct.retry","time":%q}`, time.Now().UTC().Format(time.RFC3339))
	answer, err := lambda.NewFromConfig(aws).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: event})
	if err != nil {
		return "", fmt.Errorf("invoke function %s: %w", function, err)
	}
	if answer.FunctionError != nil {
		return "", fmt.Errorf("function %s failed: %s", function, answer.Payload)
	}
	var outcome struct {
		Did     []string `json:"did"`
		Because string   `json:"because"`
	}
	if err := json.Unmarshal(answer.Payload, &outcome); err != nil {
		return "", fmt.Errorf("function %s answered %s: %w", function, answer.Payload, err)
	}
	if len(outcome.Did) == 0 {
		outcome.Did = []string{"did nothing"}
	}
	return fmt.Sprintf("%s: %s", strings.Join(outcome.Did, ", "), outcome.Because), nil
}

// describer is what is asked of CloudFormation.
type describer interface {
	DescribeStacks(context.Context, *cloudformation.DescribeStacksInput, ...func(*cloudformation.Options)) (*cloudformation.DescribeStacksOutput, error)
}

// functionOf reads the function's name from the stack's outputs.
func functionOf(ctx context.Context, client describer, stack string) (string, error) {
	found, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &stack})
	if stacks.Missing(err) {
		return "", errors.New(stacks.NotDeployed(stack))
	}
	if err != nil {
		return "", fmt.Errorf("read stack %s: %w", stack, err)
	}
	for _, output := range found.Stacks[0].Outputs {
		if aws.ToString(output.OutputKey) == "RedeployFunctionName" {
			return aws.ToString(output.OutputValue), nil
		}
	}
	return "", fmt.Errorf("stack %s is %s and has no output RedeployFunctionName: finish its deploy first", stack, found.Stacks[0].StackStatus)
}
