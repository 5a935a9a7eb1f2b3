package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// priceListOf serves the offer files of testdata/offers, which have the layout of
// AWS's files and a few lines of each: those that are meant, and those that could be
// taken for them.
func priceListOf(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fields := strings.Split(r.URL.Path, "/") // /offers/v1.0/aws/CODE/current/REGION/index.csv
		if len(fields) != 8 || fields[6] != "eu-west-1" {
			http.NotFound(w, r)
			return
		}
		http.ServeFile(w, r, filepath.Join("testdata", "offers", fields[4]+".csv"))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestPricesAreFoundInThePriceList(t *testing.T) {
	lines, err := fetch(context.Background(), priceListOf(t), "eu-west-1", map[string]string{"nat-hour": "hour"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{
		"load-balancer-hour": 0.0252, "lcu-hour": 0.008, "public-ipv4-hour": 0.005, "nat-hour": 0.048, "nat-gb": 0.048,
		"fargate-vcpu-hour": 0.04048, "fargate-gb-hour": 0.004445, "fargate-arm-vcpu-hour": 0.03238, "fargate-arm-gb-hour": 0.00356,
		"acu-hour": 0.12, "aurora-storage-gb-month": 0.11, "aurora-io-million": 0.22, "secret-month": 0.4, "kms-key-month": 1,
		"alarm-month": 0.1, "metric-month": 0.3, "logs-gb": 0.57, "waf-acl-month": 5, "waf-rule-month": 1, "waf-million": 0.6,
		"lambda-million": 0.2, "lambda-gb-second": 0.0000166667, "s3-gb-month": 0.023, "ecr-gb-month": 0.1, "internet-gb": 0.09,
	}
	for _, p := range lines {
		if math.Abs(p.USD-want[p.Name]) > 1e-12 {
			t.Errorf("%s: %g, want %g", p.Name, p.USD, want[p.Name])
		}
		if p.Region != "eu-west-1" || p.Date != "2026-10-01" || !strings.HasPrefix(p.Source, "offer file A") && p.Source != "offer file awskms" && p.Source != "offer file awswaf" {
			t.Errorf("%+v", p)
		}
		if p.Name == "nat-hour" && p.Unit != "hour" {
			t.Errorf("%+v has another unit", p)
		}
		delete(want, p.Name)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}

// TestEveryPriceIsFetchedOrGlobal keeps the two lists of prices together.
func TestEveryPriceIsFetchedOrGlobal(t *testing.T) {
	for name := range shippedPrices(t).usd {
		if _, fetched := products[name]; fetched == slices.Contains(global, name) {
			t.Errorf("%s: must be in products or in global", name)
		}
	}
}

func TestAPriceThatIsNotSureIsAMistake(t *testing.T) {
	for name, test := range map[string]struct {
		offer string
		edit  func(text string) string
		want  string
	}{
		"two prices": {"AmazonRDS", func(text string) string { return strings.ReplaceAll(text, `"Aurora PostgreSQL"`, `"Aurora MySQL"`) }, "acu-hour: AmazonRDS has 0.1"},
		"no price":   {"awswaf", func(text string) string { return strings.ReplaceAll(text, "RuleV2", "RuleV3") }, "waf-rule-month: awswaf has no price of RuleV2"},
		"only a free tier": {"AmazonECR", func(text string) string { return strings.ReplaceAll(text, `"0.1000000000"`, `"0.0000000000"`) },
			"ecr-gb-month: AmazonECR has no price"},
	} {
		text, err := os.ReadFile(filepath.Join("testdata", "offers", test.offer+".csv"))
		if err != nil {
			t.Fatal(err)
		}
		edited := test.edit(string(text))
		if edited == string(text) {
			t.Fatalf("%s: nothing to change", name)
		}
		found, err := readOffer(strings.NewReader(edited), test.offer, "eu-west-1")
		if err != nil {
			t.Fatal(name, err)
		}
		var mistakes []string
		for price, p := range products {
			if p.offer == test.offer {
				if _, err := found.price(price); err != nil {
					mistakes = append(mistakes, err.Error())
				}
			}
		}
		if !strings.Contains(strings.Join(mistakes, "\n"), test.want) {
			t.Errorf("%s: %q, want %q", name, mistakes, test.want)
		}
	}
}

func TestAPriceListThatDoesNotAnswerIsAMistake(t *testing.T) {
	if _, err := fetch(context.Background(), priceListOf(t), "eu-west-3", nil, io.Discard); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
	if _, err := readOffer(strings.NewReader("<html>\n"), "AmazonECS", "eu-west-1"); err == nil {
		t.Error("a page is taken for a price list")
	}
}

func TestFetchedPricesAreKeptBesideTheShippedOnes(t *testing.T) {
	lines, err := fetch(context.Background(), priceListOf(t), "eu-west-1", nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "sub", "prices.csv")
	for range 2 { // the second replaces the first
		if err := save(path, "eu-west-1", lines); err != nil {
			t.Fatal(err)
		}
	}
	prices, err := withFetched(path)
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Concat(shippedPrices(t).regions, []string{"eu-west-1"}); !slices.Equal(prices.regions, want) {
		t.Errorf("regions are %v, want %v", prices.regions, want)
	}
	for name, region := range map[string]string{"nat-hour": "eu-west-1", "dashboard-month": "eu-west-1", "acu-hour": "ap-southeast-2"} {
		if usd, err := prices.of(name, region); err != nil || usd == 0 {
			t.Errorf("%s in %s: %g, %v", name, region, usd, err)
		}
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if records, err := csv.NewReader(file).ReadAll(); err != nil || len(records) != 1+len(products) {
		t.Errorf("%d lines are kept, want %d, %v", len(records), 1+len(products), err)
	}
}

func TestAFetchedRegionHasNoPriceOfAnother(t *testing.T) {
	const head, line = "price,region,unit,usd,source,date\n", "nat-hour,sa-east-1,hour,0.093,offer file AmazonEC2,2026-10-01\n"
	if _, err := parsePrices(pricesCSV, head+line); err == nil || !strings.Contains(err.Error(), "lambda-million has no price in sa-east-1") {
		t.Errorf("a price for everywhere is taken for one of sa-east-1: %v", err)
	}
}

func TestAFetchedRegionReplacesTheShippedOne(t *testing.T) {
	lines, err := fetch(context.Background(), priceListOf(t), "eu-west-1", nil, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	text := "price,region,unit,usd,source,date\n"
	for _, p := range lines {
		text += p.Name + ",us-east-1,hour,0.5,offer file,2026-11-01\n"
	}
	prices, err := parsePrices(pricesCSV, text)
	if err != nil {
		t.Fatal(err)
	}
	if usd, _ := prices.of("nat-hour", "us-east-1"); usd != 0.5 {
		t.Errorf("nat-hour in us-east-1 is %g", usd)
	}
	if n := listed(prices, "us-east-1"); n != len(lines) {
		t.Errorf("%d prices of us-east-1 are listed, want %d", n, len(lines))
	}
}

// listed is how many prices of a region are among the sources.
func listed(prices priceTable, region string) int {
	n := 0
	for _, line := range strings.Split(strings.TrimSpace(prices.sources()), "\n") {
		if strings.Fields(line)[1] == region {
			n++
		}
	}
	return n
}

// TestRegionsAreThoseWithEveryPart compares with CloudFormation's own schemas.
func TestRegionsAreThoseWithEveryPart(t *testing.T) {
	found, err := filepath.Glob(filepath.Join(root, ".tools", "venv", "lib", "python3*", "site-packages", "cfnlint", "data", "schemas", "providers"))
	if err != nil || len(found) == 0 {
		t.Skip("make test installs what this needs: cfn-lint's schemas")
	}
	files, err := filepath.Glob(filepath.Join(found[0], "*-*-[0-9].json"))
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, file := range files {
		region := strings.TrimSuffix(filepath.Base(file), ".json")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var has map[string]string
		if err := json.Unmarshal(data, &has); err != nil {
			t.Fatal(err)
		}
		partition, _, _ := strings.Cut(region, "-")
		if slices.Contains([]string{"cn", "eusc"}, partition) || strings.Contains(region, "-gov-") || strings.Contains(region, "-iso") {
			continue
		}
		whole := true
		for _, kind := range slices.Concat(free, slices.Sorted(maps.Keys(priced))) {
			whole = whole && has[kind] != ""
		}
		if whole {
			want = append(want, region)
		}
	}
	if !slices.Equal(commercial, want) {
		t.Errorf("regions are\n%v, want\n%v", commercial, want)
	}
}

func TestATerminalGetsNoMarkup(t *testing.T) {
	s := small(t)
	text, err := s.report(shippedPrices(t), plain)
	if err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text, "*|") || !strings.Contains(text, "a month, at least") {
		t.Errorf("printed is\n%s", text)
	}
	page, err := s.report(shippedPrices(t), markdown)
	if err != nil || !strings.Contains(page, "| **a month, at least**") {
		t.Errorf("the page is\n%s, %v", page, err)
	}
}

func TestRegionsWithoutPricesAreNamed(t *testing.T) {
	prices := shippedPrices(t)
	notes := prices.notes()
	for _, region := range commercial {
		if strings.Contains(notes, region) == slices.Contains(prices.regions, region) {
			t.Errorf("%s: with prices or named without, and not both:\n%s", region, notes)
		}
	}
	if _, err := prices.only([]string{"af-south-1"}); err == nil || !strings.Contains(err.Error(), "FETCH=af-south-1") {
		t.Error(err)
	}
	if _, err := prices.only([]string{"moon-1"}); err == nil || !strings.Contains(err.Error(), "must be one of af-south-1") {
		t.Error(err)
	}
	if shown, err := prices.only([]string{"eu-west-2"}); err != nil || !slices.Equal(shown.regions, []string{"eu-west-2"}) || listed(shown, "us-east-1") > 0 || listed(shown, "eu-west-2") == 0 {
		t.Errorf("%v, %v", shown.regions, err)
	}
}
