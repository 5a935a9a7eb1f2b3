// Command protected ends with an error when the deployed stack of an environment is
// protected from being deleted, and names the keys that protect it: what `make
// destroy` runs first. It only reads.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"cloudstruct/cmd/internal/access"
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
	err = run(ctx, cfg, cmp.Or(*path, filepath.Join("config", cfg.Environment+".yaml")))
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, cfg config.Config, file string) error {
	account, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return access.Clear(err)
	}
	return check(ctx, cfg, file, clients{
		stacks:    cloudformation.NewFromConfig(account),
		balancers: elasticloadbalancingv2.NewFromConfig(account),
		databases: rds.NewFromConfig(account),
	})
}

// check ends without an error when nothing protects the stack, as far as can be read.
func check(ctx context.Context, cfg config.Config, file string, c clients) error {
	found, err := protections(ctx, c, cfg.StackName())
	if problem, ok := access.Explain(err); ok {
		return problem
	}
	if missing := new(notDeployed); errors.As(err, missing) {
		return fmt.Errorf("%w: there is nothing to destroy", err)
	}
	if err != nil {
		// The roles of the CDK's bootstrap may delete what the user may not read.
		fmt.Fprintln(os.Stderr, "Could not check what protects the stack:", err)
		return nil
	}
	return refuse(cfg, file, found)
}

// notDeployed is the sentence about a missing stack.
type notDeployed string

func (n notDeployed) Error() string { return string(n) }

// protection is a key of the configuration, and what it protects.
type protection struct{ key, what string }

// refuse is an error that names all protections at once: CloudFormation would find
// them one after another, the last ones after it has deleted the service.
func refuse(cfg config.Config, file string, found []protection) error {
	if len(found) == 0 {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s is protected from being deleted:\n\n", cfg.StackName())
	for _, p := range found {
		fmt.Fprintf(&b, "  %-32s  %s\n", p.key, p.what)
	}
	commands := fmt.Sprintf("make deploy ENV=%[1]s, then make destroy ENV=%[1]s", cfg.Environment)
	if file != filepath.Join("config", cfg.Environment+".yaml") {
		commands = fmt.Sprintf("cdk deploy -c config=%[1]s, then cdk destroy -c config=%[1]s", file)
	}
	fmt.Fprintf(&b, "\nSet these keys to false in %s, run %s.", file, commands)
	return errors.New(b.String())
}

// protections are those of the deployed stack, whatever the configuration says now.
func protections(ctx context.Context, c clients, name string) ([]protection, error) {
	described, err := c.stacks.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if stacks.Missing(err) {
		return nil, notDeployed(stacks.NotDeployed(name))
	}
	if err != nil {
		return nil, err
	}
	var found []protection
	if aws.ToBool(described.Stacks[0].EnableTerminationProtection) {
		found = append(found, protection{"terminationProtection", "stack " + name})
	}
	pages := cloudformation.NewListStackResourcesPaginator(c.stacks, &cloudformation.ListStackResourcesInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, resource := range page.StackResourceSummaries {
			more, err := c.protected(ctx, resource)
			if err != nil {
				return nil, err
			}
			found = append(found, more...)
		}
	}
	return found, nil
}
