// Package pages reads the blocks of shell commands in the project's pages, which
// tests check and run.
package pages

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
)

// Block is a fenced block of shell commands in a page.
type Block struct {
	Page    string
	Section string // the heading before it
	Line    int    // of its first command
	Text    string
	// StandIns are programs and operations of AWS that a test can't have: something
	// that only checks and records the call answers in their place.
	StandIns []string
}

func (b Block) String() string { return fmt.Sprintf("%s:%d", b.Page, b.Line) }

var (
	headings = regexp.MustCompile("^#+ (.*)$")
	fence    = regexp.MustCompile("^( *)```(\\w*)")
	marker   = regexp.MustCompile(`^ *<!-- not run: ([\w, -]+): .*\S -->$`)
	shells   = []string{"sh", "bash", "console"}
)

// Shell reads the blocks of a page. A block that can't be run as it is has a comment
// of the form
//
//	<!-- not run: docker, CopyDBClusterSnapshot: the reason -->
//
// in the line before it.
func Shell(path string) ([]Block, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var blocks []Block
	section := ""
	lines := strings.Split(string(content), "\n")
	for i := 0; i < len(lines); i++ {
		open := fence.FindStringSubmatch(lines[i])
		if open == nil {
			if heading := headings.FindStringSubmatch(lines[i]); heading != nil {
				section = heading[1]
			}
			if strings.Contains(lines[i], "not run:") && (marker.FindString(lines[i]) == "" || i+1 == len(lines) || !fence.MatchString(lines[i+1])) {
				return nil, fmt.Errorf("%s:%d: the comment must have the form <!-- not run: NAMES: REASON -->, in the line before a block", path, i+1)
			}
			continue
		}
		end := i + 1 + slices.Index(lines[i+1:], open[1]+"```")
		if end <= i {
			return nil, fmt.Errorf("%s:%d: the block has no end", path, i+1)
		}
		if slices.Contains(shells, open[2]) {
			b := Block{Page: path, Section: section, Line: i + 2}
			for _, line := range lines[i+1 : end] {
				b.Text += strings.TrimPrefix(line, open[1]) + "\n"
			}
			if i > 0 {
				if names := marker.FindStringSubmatch(lines[i-1]); names != nil {
					b.StandIns = strings.Split(names[1], ", ")
				}
			}
			blocks = append(blocks, b)
		}
		i = end
	}
	return blocks, nil
}

// Script is the blocks of a page as one script, each in the lines that it has there.
func Script(blocks []Block) string {
	var script strings.Builder
	line := 1
	for _, b := range blocks {
		script.WriteString(strings.Repeat("\n", b.Line-line))
		script.WriteString(b.Text)
		line = b.Line + strings.Count(b.Text, "\n")
	}
	return script.String()
}
