package main

import (
	"fmt"
	"io"
	"os"
)

var words = map[verdict]string{ok: "ok", warn: "warn", fail: "FAIL"}

// show prints a line for each finding and a last one about all, and reports
// whether nothing would fail.
func show(w io.Writer, findings []finding, coloured bool) bool {
	count := map[verdict]int{}
	for _, f := range findings {
		count[f.verdict]++
		line := f.what
		if f.fix != "" {
			line += " -> " + f.fix
		}
		fmt.Fprintf(w, "%s  %-20s  %s\n", word(f.verdict, coloured), f.name, line)
	}
	fmt.Fprintln(w)
	switch {
	case count[fail] > 0:
		fmt.Fprintf(w, "%d of %d would fail, %d to check.\n", count[fail], len(findings), count[warn])
	case count[warn] > 0:
		fmt.Fprintf(w, "Nothing found that would fail, %d to check.\n", count[warn])
	default:
		fmt.Fprintln(w, "Nothing found that would fail.")
	}
	return count[fail] == 0
}

func word(v verdict, coloured bool) string {
	text := fmt.Sprintf("%-4s", words[v])
	if !coloured {
		return text
	}
	colour := map[verdict]int{ok: 32, warn: 33, fail: 31}[v]
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", colour, text)
}

// colours are for a person at a terminal who has not asked for none.
// https://no-color.org
func colours(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("NO_COLOR") == ""
}
