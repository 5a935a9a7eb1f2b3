// Command cost tells what an environment costs a month when nobody uses it, by
// part and by region, and what a unit of load adds: what `make cost` prints. It
// reads the synthesized template and a table of prices, and needs no AWS account.
// With -docs it writes docs/cost.md about the two environments that are shipped.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"cloudstruct/config"
)

func main() {
	environment := flag.String("environment", "", "the environment, a file in config/")
	docs := flag.Bool("docs", false, "write docs/cost.md instead")
	flag.Parse()
	if err := run(*environment, *docs); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(environment string, docs bool) error {
	prices, err := loadPrices()
	if err != nil {
		return err
	}
	if !docs {
		stack, err := synthesized(environment)
		if err != nil {
			return err
		}
		text, err := stack.report(prices)
		fmt.Print(text)
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
