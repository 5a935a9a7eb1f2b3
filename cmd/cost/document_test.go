package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/assertions"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
	"cloudstruct/internal/appcontext"
	"cloudstruct/lib"
)

var root = filepath.Join("..", "..")

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

func TestPageIsCurrent(t *testing.T) {
	wanted, err := document(shipped(t, "production"), shipped(t, "development"), shippedPrices(t))
	if err != nil {
		t.Fatal(err)
	}
	current, err := os.ReadFile(filepath.Join(root, "docs", "cost.md"))
	if err != nil {
		t.Fatal(err)
	}
	if string(current) != string(wanted) {
		t.Error("docs/cost.md is not current: run make docs")
	}
}

// TestDevelopmentCostsLittleBesideProduction wants less than 15 % everywhere.
func TestDevelopmentCostsLittleBesideProduction(t *testing.T) {
	const limit = 0.15
	prices := shippedPrices(t)
	production, development := floorOf(t, shipped(t, "production")), floorOf(t, shipped(t, "development"))
	for _, region := range prices.regions {
		much, little := sum(t, production, prices, region), sum(t, development, prices, region)
		if little >= limit*much {
			t.Errorf("%s: development's floor is %.2f USD, %s of production's %.2f, want less than %s; by part:", region, little, percent(little/much), much, percent(limit))
			for _, part := range parts {
				t.Logf("%8.2f %s", sum(t, of(part, development), prices, region), part)
			}
		}
	}
}

func TestEverythingThatCanBeConfiguredIsPriced(t *testing.T) {
	cfg := config.Default()
	cfg.Environment = "production"
	cfg.Domain = &config.Domain{Name: "example.com", HostedZoneID: "Z0123456789EXAMPLE", Record: "server", Wildcard: true}
	cfg.LoadBalancer.WAF = config.FirewallBlock
	cfg.Alarms.Email = "someone@example.com"
	cfg.GitHub.Repository = "owner/name"
	cfg.Database.Rotation = 720 * time.Hour
	cfg.Database.ConnectionString = &config.ConnectionString{Env: "DATABASE", Format: "{host}"}
	items := floorOf(t, made(t, cfg))
	for part, want := range map[string]float64{
		partFirewall: 5 + 3*1,  // an ACL with three rules
		partSecrets:  2 * 0.40, // the password, and the string with it
	} {
		if got := sum(t, of(part, items), shippedPrices(t), "us-east-1"); got != want {
			t.Errorf("%s: %.2f USD a month, want %.2f", part, got, want)
		}
	}
}

// shipped is the stack of a file in config/.
func shipped(t *testing.T, environment string) stack {
	t.Helper()
	cfg, err := config.LoadEnvironment(filepath.Join(root, "config"), environment)
	if err != nil {
		t.Fatal(err)
	}
	return made(t, cfg)
}

var synths = map[string]stack{} // a synth takes a second

// made is the stack of a configuration, with the feature flags that the CDK CLI
// reads, and without its functions, which cost nothing to have.
func made(t *testing.T, cfg config.Config) stack {
	t.Helper()
	key, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if s, ok := synths[string(key)]; ok {
		return s
	}
	context, err := appcontext.WithoutFunctions(root)
	if err != nil {
		t.Fatal(err)
	}
	app := awscdk.NewApp(&awscdk.AppProps{Context: &context})
	template, err := json.Marshal(assertions.Template_FromStack(lib.NewStack(app, lib.StackProps{Config: cfg, ProjectRoot: root}), nil).ToJSON())
	if err != nil {
		t.Fatal(err)
	}
	s, err := parse(cfg.Environment, template)
	if err != nil {
		t.Fatal(err)
	}
	synths[string(key)] = s
	return s
}

func shippedPrices(t *testing.T) priceTable {
	t.Helper()
	prices, err := loadPrices()
	if err != nil {
		t.Fatal(err)
	}
	return prices
}

func floorOf(t *testing.T, s stack) []item {
	t.Helper()
	items, err := s.floor()
	if err != nil {
		t.Fatal(err)
	}
	return items
}

func sum(t *testing.T, items []item, prices priceTable, region string) float64 {
	t.Helper()
	usd, err := total(items, prices, region)
	if err != nil {
		t.Fatal(err)
	}
	return usd
}
