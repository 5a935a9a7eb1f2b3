package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// total is what items cost together in a region.
func total(items []item, prices priceTable, region string) (float64, error) {
	var sum float64
	for _, i := range items {
		usd, err := i.cost(prices, region)
		if err != nil {
			return 0, err
		}
		sum += usd
	}
	return sum, nil
}

// of leaves the items of a part.
func of(part string, items []item) []item {
	var in []item
	for _, i := range items {
		if i.Part == part {
			in = append(in, i)
		}
	}
	return in
}

// row is a line of a table: what, and its cost in each region.
type row struct {
	what  string
	items []item
	bold  bool
}

// report is the floor and the load of a stack, for a terminal and for a page.
func (s stack) report(prices priceTable) (string, error) {
	items, err := s.floor()
	if err != nil {
		return "", err
	}
	units, err := s.load()
	if err != nil {
		return "", err
	}
	rows := []row{}
	for _, part := range parts {
		in := of(part, items)
		if len(in) == 0 {
			continue
		}
		rows = append(rows, row{what: part, items: in, bold: true})
		for _, i := range in {
			rows = append(rows, row{what: "- " + i.What, items: []item{i}})
		}
	}
	rows = append(rows, row{what: "a month, at least", items: items, bold: true})
	floor, err := table("USD a month, "+s.environment, rows, prices, 2)
	if err != nil {
		return "", err
	}
	rows = nil
	for _, u := range units {
		rows = append(rows, row{what: u.What, items: u.Items})
	}
	load, err := table("USD for", rows, prices, 4)
	return floor + "\n" + load, err
}

// table lines its columns up, so that it reads well as text too.
func table(title string, rows []row, prices priceTable, digits int) (string, error) {
	lines := [][]string{append([]string{title}, regions...)}
	for _, r := range rows {
		line := []string{r.what}
		for _, region := range regions {
			usd, err := total(r.items, prices, region)
			if err != nil {
				return "", err
			}
			line = append(line, fmt.Sprintf("%.*f", digits, usd))
		}
		if r.bold {
			for i, cell := range line {
				line[i] = "**" + cell + "**"
			}
		}
		lines = append(lines, line)
	}
	return aligned(lines), nil
}

// aligned is a Markdown table, its first column to the left and the others to the
// right.
func aligned(lines [][]string) string {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], len(cell))
		}
	}
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width-1) + ":"
	}
	rule[0] = strings.Repeat("-", widths[0])
	var b bytes.Buffer
	for _, line := range slices.Insert(slices.Clone(lines), 1, rule) {
		fmt.Fprintf(&b, "| %-*s |", widths[0], line[0])
		for i, cell := range line[1:] {
			fmt.Fprintf(&b, " %*s |", widths[i+1], cell)
		}
		b.WriteString("\n")
	}
	return b.String()
}
