// Command cost prints what an environment costs a month when nobody uses it, by part
// and by region, and what a unit of load adds: what `make cost` prints. It reads the
// synthesized template and a table of prices, and needs no AWS account; only with
// -fetch it needs the network. With -docs it writes docs/cost.md about the two
// environments that are shipped.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"cloudstruct/cmd/internal/access"
	"cloudstruct/config"
)

// options are the flags.
type options struct {
	environment, regions, fetch string
	docs, sources               bool
}

func main() {
	var o options
	flag.StringVar(&o.environment, "environment", "", "the environment, a file in config/")
	flag.StringVar(&o.regions, "regions", "", "the regions to show, with commas between; all that have prices unless given")
	flag.StringVar(&o.fetch, "fetch", "", "a region whose prices are read from AWS's public price list, and kept in "+fetchedPath)
	flag.BoolVar(&o.sources, "sources", false, "print every price, with its source and date")
	flag.BoolVar(&o.docs, "docs", false, "write docs/cost.md instead")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if o.docs {
		return writeDocument()
	}
	if o.fetch != "" {
		if err := fetchRegion(ctx, o.fetch); err != nil {
			return err
		}
	}
	prices, err := withFetched(fetchedPath)
	if err != nil {
		return err
	}
	notes := prices.notes()
	if shown := cmp.Or(o.regions, o.fetch); shown != "" {
		if prices, err = prices.only(strings.Split(shown, ",")); err != nil {
			return err
		}
	}
	stack, err := synthesized(o.environment)
	if err != nil {
		return err
	}
	text, err := stack.report(prices, plain)
	if err != nil {
		return err
	}
	fmt.Print(text)
	if o.sources {
		fmt.Print("\n" + prices.sources())
	}
	fmt.Print(notes)
	return nil
}

// fetchRegion reads the prices of a region, and keeps them.
func fetchRegion(ctx context.Context, region string) error {
	shipped, err := loadPrices()
	if err != nil {
		return err
	}
	if !slices.Contains(commercial, region) {
		return fmt.Errorf("region %s: must be one of %s", region, strings.Join(commercial, ", "))
	}
	units := map[string]string{}
	for _, p := range shipped.lines {
		units[p.Name] = p.Unit
	}
	lines, err := fetch(ctx, priceList, region, units, os.Stderr)
	if err != nil {
		return access.Clear(err)
	}
	return save(fetchedPath, region, lines)
}

// writeDocument takes the shipped prices alone: what a machine has fetched is its own.
func writeDocument() error {
	prices, err := loadPrices()
	if err != nil {
		return err
	}
	production, err := synthesized("production")
	if err != nil {
		return err
	}
	development, err := synthesized("development")
	if err != nil {
		return err
	}
	page, err := document(production, development, prices)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join("docs", "cost.md"), page, 0o644)
}

// synthesized reads what `cdk synth` wrote for an environment.
func synthesized(environment string) (stack, error) {
	cfg, err := config.LoadEnvironment("config", environment)
	if err != nil {
		return stack{}, err
	}
	path := filepath.Join("cdk.out", cfg.StackName()+".template.json")
	data, err := os.ReadFile(path)
	if err != nil {
		return stack{}, fmt.Errorf("%w: run make synth ENV=%s first", err, environment)
	}
	return parse(environment, data)
}
