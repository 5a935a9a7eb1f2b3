package main

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed prices.csv
var pricesCSV string

// everywhere stands for all regions of prices.csv.
const everywhere = "*"

// global are the prices that no region has one of its own for: a dashboard costs the
// same everywhere, and AWS's price list has none for Spot.
var global = []string{"dashboard-month", spotShare}

// price is a line of a table.
type price struct {
	Name, Region, Unit string
	USD                float64
	Source, Date       string
}

// priceTable has the prices by name and region.
type priceTable struct {
	lines   []price
	regions []string // that every price is known for
	usd     map[string]map[string]float64
}

func loadPrices() (priceTable, error) { return parsePrices(pricesCSV, "") }

// withFetched adds the prices that were fetched before, if there are any.
func withFetched(path string) (priceTable, error) {
	fetched, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return priceTable{}, err
	}
	return parsePrices(pricesCSV, string(fetched))
}

// parsePrices wants each price for every region that a table names, with its source
// and its date. A fetched region replaces the same one of the shipped table.
func parsePrices(shipped, fetched string) (priceTable, error) {
	ours, err := parseLines("prices.csv", shipped)
	if err != nil {
		return priceTable{}, err
	}
	table := priceTable{usd: map[string]map[string]float64{}}
	table.add(ours, func(string) bool { return true })
	if fetched != "" {
		theirs, err := parseLines(fetchedPath, fetched)
		if err != nil {
			return priceTable{}, err
		}
		table.remove(regionsOf(theirs))
		shared := slices.DeleteFunc(slices.Clone(ours), func(p price) bool { return p.Region != everywhere })
		table.add(append(theirs, shared...), func(name string) bool { return slices.Contains(global, name) })
	}
	return table, table.gaps()
}

// add adds lines. One for everywhere counts for the regions of these lines, if its
// name may be shared with them.
func (t *priceTable) add(lines []price, shared func(name string) bool) {
	regions := regionsOf(lines)
	for _, p := range lines {
		if t.usd[p.Name] == nil {
			t.usd[p.Name] = map[string]float64{}
		}
		if p.Region != everywhere {
			t.usd[p.Name][p.Region] = p.USD
		} else if shared(p.Name) {
			for _, region := range regions {
				t.usd[p.Name][region] = p.USD
			}
		}
		if !slices.Contains(t.lines, p) {
			t.lines = append(t.lines, p)
		}
	}
	t.regions = append(t.regions, regions...)
}

func (t *priceTable) remove(regions []string) {
	for _, region := range regions {
		for _, in := range t.usd {
			delete(in, region)
		}
	}
	gone := func(region string) bool { return slices.Contains(regions, region) }
	t.regions = slices.DeleteFunc(t.regions, gone)
	t.lines = slices.DeleteFunc(t.lines, func(p price) bool { return gone(p.Region) })
}

// regionsOf are the regions that lines name, in their order.
func regionsOf(lines []price) []string {
	var regions []string
	for _, p := range lines {
		if p.Region != everywhere && !slices.Contains(regions, p.Region) {
			regions = append(regions, p.Region)
		}
	}
	return regions
}

// gaps are the prices that a region lacks.
func (t priceTable) gaps() error {
	var mistakes []error
	for _, name := range slices.Sorted(maps.Keys(t.usd)) {
		for _, region := range t.regions {
			if _, there := t.usd[name][region]; !there {
				mistakes = append(mistakes, fmt.Errorf("%s has no price in %s: a region needs all prices, or none", name, region))
			}
		}
	}
	return errors.Join(mistakes...)
}

func parseLines(file, text string) ([]price, error) {
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comment = '#'
	records, err := reader.ReadAll()
	if err != nil || len(records) == 0 {
		return nil, fmt.Errorf("%s: %w", file, errors.Join(err, errors.New("is no table of prices")))
	}
	var lines []price
	var mistakes []error
	for _, record := range records[1:] {
		p, err := parsePrice(record)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("%s: %s in %s: %w", file, record[0], record[1], err))
		}
		lines = append(lines, p)
	}
	return lines, errors.Join(mistakes...)
}

func parsePrice(record []string) (price, error) {
	p := price{Name: record[0], Region: record[1], Unit: record[2], Source: record[4], Date: record[5]}
	if p.Region != everywhere && !slices.Contains(commercial, p.Region) {
		return p, fmt.Errorf("no such region; there are %s", strings.Join(commercial, ", "))
	}
	if p.Source == "" {
		return p, errors.New("has no source")
	}
	_, day := time.Parse(time.DateOnly, p.Date)
	_, month := time.Parse("2006-01", p.Date)
	if day != nil && month != nil {
		return p, fmt.Errorf("date: must be a day or a month such as 2026-09-11 or 2025-01, got %q", p.Date)
	}
	var err error
	p.USD, err = strconv.ParseFloat(record[3], 64)
	return p, err
}

// of is a price in a region.
func (t priceTable) of(name, region string) (float64, error) {
	usd, ok := t.usd[name][region]
	if !ok {
		return 0, fmt.Errorf("there is no price %s in %s", name, region)
	}
	return usd, nil
}

// only leaves some regions.
func (t priceTable) only(regions []string) (priceTable, error) {
	for _, region := range regions {
		switch {
		case !slices.Contains(commercial, region):
			return t, fmt.Errorf("region %s: must be one of %s", region, strings.Join(commercial, ", "))
		case !slices.Contains(t.regions, region):
			return t, fmt.Errorf("region %s has no prices here: make cost FETCH=%s reads them from AWS's price list", region, region)
		}
	}
	t.regions = regions
	return t, nil
}

// missing are the regions that have no prices.
func (t priceTable) missing() []string {
	return slices.DeleteFunc(slices.Clone(commercial), func(region string) bool { return slices.Contains(t.regions, region) })
}

// dates are the earliest and the latest date of the table.
func (t priceTable) dates() (oldest, newest string) {
	dates := make([]string, len(t.lines))
	for i, line := range t.lines {
		dates[i] = line.Date
	}
	return slices.Min(dates), slices.Max(dates)
}
