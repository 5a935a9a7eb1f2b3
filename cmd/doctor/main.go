// Command doctor reports what would fail in a deploy, and how to fix it: what `make
// doctor` runs. It only reads, from AWS and on this machine, and secrets only on
// request.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"

	"cloudstruct/cmd/internal/access"
	"cloudstruct/config"
)

func main() {
	environment := flag.String("environment", "", "the environment, a file in config/")
	secrets := flag.Bool("secrets", false, "read the secrets of the configuration, to see whether they have the keys that it names")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	healthy, err := run(ctx, *environment, *secrets)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !healthy {
		os.Exit(1)
	}
}

// run prints all findings, and whether a deploy can work.
func run(ctx context.Context, environment string, readSecrets bool) (bool, error) {
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
		return false, access.Clear(err)
	}
	p := patient{config: cfg, wanted: wanted, region: aws.Region, clients: newClients(aws), tool: toolVersion, nameServers: nameServers, readSecrets: readSecrets}
	findings := p.examine(ctx)
	fmt.Printf("Before a deploy of %s to %s:\n\n", cfg.StackName(), p.place())
	return show(os.Stdout, findings, colours(os.Stdout)), nil
}
