package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
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

// line is one of a table: what, and its cost in each region.
type line struct {
	what  string
	items []item
	bold  bool
}

// format is how a table is written.
type format func(lines [][]string, bold []bool) string

// report is the floor and the load of a stack.
func (s stack) report(prices priceTable, write format) (string, error) {
	items, err := s.floor()
	if err != nil {
		return "", err
	}
	units, err := s.load()
	if err != nil {
		return "", err
	}
	lines := []line{}
	for _, part := range parts {
		in := of(part, items)
		if len(in) == 0 {
			continue
		}
		lines = append(lines, line{what: part, items: in, bold: true})
		for _, i := range in {
			lines = append(lines, line{what: "- " + i.What, items: []item{i}})
		}
	}
	lines = append(lines, line{what: "a month, at least", items: items, bold: true})
	floor, err := table("USD a month, "+s.environment, lines, prices, 2, write)
	if err != nil {
		return "", err
	}
	lines = nil
	for _, u := range units {
		lines = append(lines, line{what: u.What, items: u.Items})
	}
	load, err := table("USD for", lines, prices, 4, write)
	return floor + "\n" + load, err
}

func table(title string, lines []line, prices priceTable, digits int, write format) (string, error) {
	cells, bold := [][]string{append([]string{title}, prices.regions...)}, []bool{true}
	for _, l := range lines {
		row := []string{l.what}
		for _, region := range prices.regions {
			usd, err := total(l.items, prices, region)
			if err != nil {
				return "", err
			}
			row = append(row, fmt.Sprintf("%.*f", digits, usd))
		}
		cells, bold = append(cells, row), append(bold, l.bold)
	}
	return write(cells, bold), nil
}

// markdown lines its columns up, so that it reads well as text too: the first one to
// the left and the others to the right.
func markdown(lines [][]string, bold []bool) string {
	lines = slices.Clone(lines)
	for i := range lines {
		if i > 0 && bold[i] {
			lines[i] = slices.Clone(lines[i])
			for j, cell := range lines[i] {
				lines[i][j] = "**" + cell + "**"
			}
		}
	}
	widths := widthsOf(lines)
	rule := make([]string, len(widths))
	for i, width := range widths {
		rule[i] = strings.Repeat("-", width-1) + ":"
	}
	rule[0] = strings.Repeat("-", widths[0])
	var b bytes.Buffer
	for _, line := range slices.Insert(lines, 1, rule) {
		fmt.Fprintf(&b, "| %-*s |", widths[0], line[0])
		for i, cell := range line[1:] {
			fmt.Fprintf(&b, " %*s |", widths[i+1], cell)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// plain is for a terminal: no markup, and an empty line before each sum.
func plain(lines [][]string, bold []bool) string {
	widths := widthsOf(lines)
	var b bytes.Buffer
	for i, line := range lines {
		if i > 0 && bold[i] {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%-*s", widths[0], line[0])
		for j, cell := range line[1:] {
			fmt.Fprintf(&b, "  %*s", widths[j+1], cell)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func widthsOf(lines [][]string) []int {
	widths := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, cell := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	return widths
}
