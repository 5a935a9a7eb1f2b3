// Command doctor tells, before a first deploy, what would fail and how to mend
// it: what `make doctor` runs. It only reads, from AWS and on this machine.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"cloudstruct/config"
)

func main() {
	environment := flag.String("environment", "", "the environment, a file in config/")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	healthy, err := run(ctx, *environment)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !healthy {
		os.Exit(1)
	}
}

// run prints all findings, and whether a deploy can work.
func run(ctx context.Context, environment string) (bool, error) {
	cfg, err := config.LoadEnvironment("config", environment)
	if err != nil {
		return false, err
	}
	wanted, err := readAssembly("cdk.out", cfg.StackName())
	if err != nil {
		return false, fmt.Errorf("%w: run make synth ENV=%s first", err, environment)
	}
	aws, err := awsconfig.LoadDefaultConfig(ctx)
	if err != nil {
		return false, err
	}
	p := patient{config: cfg, wanted: wanted, region: aws.Region, clients: newClients(aws), tool: toolVersion, nameServers: nameServers}
	findings := p.examine(ctx)
	fmt.Printf("Before a deploy of %s to %s:\n\n", cfg.StackName(), p.place())
	return show(os.Stdout, findings, colours(os.Stdout)), nil
}
