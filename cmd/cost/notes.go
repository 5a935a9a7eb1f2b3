package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// unpriced says which regions are left out, and why: a price without a source would
// be a guess.
func (t priceTable) unpriced() string {
	missing := t.missing()
	if len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf("%d regions with all parts of the stack are left out, since cmd/cost/prices.csv has no prices with a source for them: %s. "+
		"`make cost FETCH=REGION` reads those of one from AWS's public price list, some gigabytes for a large region, and keeps them.",
		len(missing), strings.Join(missing, ", "))
}

// notes follow the tables on a terminal.
func (t priceTable) notes() string {
	oldest, newest := t.dates()
	text := fmt.Sprintf("\nAWS's list prices from %s to %s; make cost SOURCES=yes prints each with its source and date.\n", oldest, newest)
	if missing := t.unpriced(); missing != "" {
		text += missing + "\n"
	}
	return text
}

// sources are the prices of the shown regions.
func (t priceTable) sources() string {
	lines := [][]string{{"price", "region", "USD", "unit", "source", "date"}}
	for _, p := range t.lines {
		if p.Region == everywhere || slices.Contains(t.regions, p.Region) {
			lines = append(lines, []string{p.Name, p.Region, strconv.FormatFloat(p.USD, 'f', -1, 64), p.Unit, p.Source, p.Date})
		}
	}
	return leftAligned(lines)
}

func leftAligned(lines [][]string) string {
	widths := widthsOf(lines)
	var b strings.Builder
	for _, line := range lines {
		text := ""
		for i, cell := range line {
			text += fmt.Sprintf("%-*s  ", widths[i], cell)
		}
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	return b.String()
}
