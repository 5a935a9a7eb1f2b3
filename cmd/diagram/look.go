package main

import (
	"fmt"
	"regexp"
	"strings"
)

// colour is a colour in light, which the picture is drawn in, and in dark.
type colour struct{ light, dark string }

var (
	paper     = colour{"#ffffff", "#0d1117"}
	ink       = colour{"#1f2328", "#f0f6fc"}
	pencil    = colour{"#59636e", "#a2abb5"}
	frame     = colour{"#f6f8fa", "#161b22"}
	frameLine = colour{"#8c959f", "#6e7681"}
	tier      = colour{"#ddf4ff", "#10243e"}
	tierLine  = colour{"#54aeff", "#1f6feb"}
	blue      = colour{"#0969da", "#58a6ff"}
	orange    = colour{"#bc4c00", "#f0883e"}
)

var palette = []colour{paper, ink, pencil, frame, frameLine, tier, tierLine, blue, orange}

// strokes draw arrows by what they stand for.
var strokes = map[kind]string{
	traffic: `color="` + blue.light + `", penwidth=2.6`,
	event:   `color="` + orange.light + `", style=dashed`,
	call:    `color="` + pencil.light + `"`,
}

// legend explains them.
var legend = fmt.Sprintf(`<<font color="%s"><b>Thick</b></font>: connections that are let in. `+
	`<font color="%s"><b>Dashed</b></font>: events and alarms. <b>Thin</b>: what a role may do, and names.>`, blue.light, orange.light)

// look is the same for everything. Graphviz knows how wide Arial is, and every
// system has a font with the same widths. A picture of a README is about 830
// pixels wide, and this one a little less: no text gets smaller than 12 of them.
var look = `
	graph [newrank=true, pad=0.12, nodesep=0.4, ranksep=0.55, fontname=Arial, fontsize=13, bgcolor="` + paper.light + `", fontcolor="` + pencil.light + `"]
	node [shape=box, style="rounded,filled", fontname=Arial, fontsize=13, fillcolor="` + paper.light + `", color="` + pencil.light + `", fontcolor="` + ink.light + `"]
	edge [fontname=Arial, fontsize=13, arrowsize=0.75, penwidth=1.3, fontcolor="` + pencil.light + `"]
`

var points = regexp.MustCompile(`<svg width="(\d+)pt" height="(\d+)pt"`)

// finish makes what Graphviz drew a picture for a page: in pixels, with words for
// those who can't see it, and in dark for those who read in dark. It has a ground
// of its own: a page may be dark where the reader's system is not.
func finish(svg string) string {
	var dark strings.Builder
	for _, c := range palette {
		fmt.Fprintf(&dark, "[fill=\"%[1]s\"]{fill:%[2]s}[stroke=\"%[1]s\"]{stroke:%[2]s}\n", c.light, c.dark)
	}
	svg = points.ReplaceAllString(svg, `<svg role="img" aria-label="The parts of the stack, and what passes between them" width="$1" height="$2"`)
	return strings.Replace(svg, "<g ", "<style>@media (prefers-color-scheme: dark) {\n"+dark.String()+"}</style>\n<g ", 1)
}
