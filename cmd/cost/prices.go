package main

import (
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

//go:embed prices.csv
var pricesCSV string

// regions are those that every price is known for.
var regions = []string{"us-east-1", "eu-central-1", "eu-west-2", "ap-southeast-2"}

// everywhere stands for all regions in the table.
const everywhere = "*"

// price is a line of the table.
type price struct {
	Name, Region, Unit string
	USD                float64
	Source, Date       string
}

// priceTable has the prices by name and region.
type priceTable struct {
	lines []price
	usd   map[string]map[string]float64
}

func loadPrices() (priceTable, error) { return parsePrices(pricesCSV) }

// parsePrices wants each price for every region, with its source and its date.
func parsePrices(text string) (priceTable, error) {
	reader := csv.NewReader(strings.NewReader(text))
	reader.Comment = '#'
	records, err := reader.ReadAll()
	if err != nil {
		return priceTable{}, fmt.Errorf("prices.csv: %w", err)
	}
	table := priceTable{usd: map[string]map[string]float64{}}
	var mistakes []error
	for _, record := range records[1:] {
		p, err := parsePrice(record)
		if err != nil {
			mistakes = append(mistakes, fmt.Errorf("prices.csv: %s in %s: %w", record[0], record[1], err))
			continue
		}
		table.lines = append(table.lines, p)
		if table.usd[p.Name] == nil {
			table.usd[p.Name] = map[string]float64{}
		}
		for _, region := range regions {
			if p.Region == region || p.Region == everywhere {
				table.usd[p.Name][region] = p.USD
			}
		}
	}
	for name, in := range table.usd {
		if len(in) != len(regions) {
			mistakes = append(mistakes, fmt.Errorf("prices.csv: %s has a price in %d regions, want one in each of %s", name, len(in), strings.Join(regions, ", ")))
		}
	}
	return table, errors.Join(mistakes...)
}

func parsePrice(record []string) (price, error) {
	p := price{Name: record[0], Region: record[1], Unit: record[2], Source: record[4], Date: record[5]}
	if p.Region != everywhere && !slices.Contains(regions, p.Region) {
		return p, fmt.Errorf("no such region here; there are %s", strings.Join(regions, ", "))
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
		return 0, fmt.Errorf("prices.csv has no %s in %s", name, region)
	}
	return usd, nil
}

// oldest is the earliest date of the table.
func (t priceTable) oldest() string {
	dates := make([]string, len(t.lines))
	for i, line := range t.lines {
		dates[i] = line.Date
	}
	return slices.Min(dates)
}
