package main

import (
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
)

// dot is the picture in Graphviz's language.
func (p plan) dot() string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph CloudStruct {%s\tlabel=%s\n", look, legend)
	p.writeNetwork(&b)
	for _, box := range p.boxes() {
		if p.tier(box) == "" {
			p.writeBox(&b, box)
		}
	}
	p.writeRows(&b)
	for _, a := range p.arrows {
		p.writeArrow(&b, a)
	}
	b.WriteString("}\n")
	return b.String()
}

// writeBox draws a part with what it consists of, or someone outside. Upper and
// lower are where arrows of one row end, so that there is room for two.
func (p plan) writeBox(b *strings.Builder, box string) {
	if !p.isPart(box) {
		fmt.Fprintf(b, "\t%q [fillcolor=%q, color=%q]\n", box, frame.light, frameLine.light)
		return
	}
	var lines []string
	for _, line := range p.lines(box) {
		if !strings.EqualFold(line, box) {
			lines = append(lines, padded(line))
		}
	}
	fmt.Fprintf(b, "\t%q [margin=0, label=<<table border=\"0\" cellspacing=\"0\" cellpadding=\"3\">"+
		"<tr><td port=\"upper\"><b>%s</b></td></tr><tr><td port=\"lower\">%s</td></tr></table>>]\n",
		box, padded(box), strings.Join(lines, "<br/>"))
}

// padded keeps words off the sides of a box: a margin would do it too, but arrows
// that end at a place of their own would cross it.
func padded(words string) string { return " " + html.EscapeString(words) + " " }

// writeRows holds the boxes of a row on one line.
func (p plan) writeRows(b *strings.Builder) {
	rows := map[int][]string{}
	for _, box := range p.boxes() {
		rows[p.rows[box]] = append(rows[p.rows[box]], fmt.Sprintf("%q", box))
	}
	for _, row := range slices.Sorted(maps.Keys(rows)) {
		fmt.Fprintf(b, "\t{rank=same; %s}\n", strings.Join(rows[row], "; "))
	}
}

// writeArrow draws an arrow. Graphviz puts where one begins above where it ends,
// and left of it in the same row: one that goes up, or out of the network, is
// given to it the other way round, with its head at the beginning.
func (p plan) writeArrow(b *strings.Builder, a arrow) {
	from, to, label, extra := a.from, a.to, " "+strings.ReplaceAll(a.label, "\n", "\n "), ""
	inRow := p.rows[from] == p.rows[to] && p.sideways(a)
	port := "upper"
	if p.rows[from] > p.rows[to] || inRow && p.tier(from) != "" {
		from, to, extra, port = to, from, ", dir=back", "lower"
	}
	switch {
	case inRow:
		label = strings.ReplaceAll(a.label, "\n", ", ")
		extra += fmt.Sprintf(", tailport=\"%[1]s:e\", headport=\"%[1]s:w\"", port)
	case p.sideways(a) && p.tier(from) != "":
		extra += ", tailport=sw" // clear of those in the row
	case a.kind == traffic || p.isPart(from) && p.isPart(to) && !p.sideways(a):
		extra += ", weight=6" // straight down, if it can be
	}
	fmt.Fprintf(b, "\t%q -> %q [%s, label=%q%s]\n", from, to, strokes[a.kind], label, extra)
}
