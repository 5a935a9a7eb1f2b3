package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	fences  = regexp.MustCompile("(?ms)^ *```.*?^ *```$")
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	dropped = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// anchor is the one that GitHub gives to a heading.
func anchor(heading string) string {
	return strings.ReplaceAll(dropped.ReplaceAllString(strings.ToLower(heading), ""), " ", "-")
}

// TestLinksWithinTheProjectHaveATarget checks the file and the heading of each.
func TestLinksWithinTheProjectHaveATarget(t *testing.T) {
	read := 0
	for path, content := range readPages(t) {
		for _, match := range link.FindAllStringSubmatch(fences.ReplaceAllString(content, ""), -1) {
			target, fragment, _ := strings.Cut(match[1], "#")
			if strings.Contains(target, ":") { // outside of the project
				continue
			}
			read++
			to := path
			if target != "" {
				to = filepath.Join(filepath.Dir(path), target)
			}
			if _, err := os.Stat(to); err != nil {
				t.Errorf("%s: %s: %v", path, match[1], err)
			} else if fragment != "" && !hasAnchor(t, to, fragment) {
				t.Errorf("%s: %s: there is no such heading", path, match[1])
			}
		}
	}
	if read < 50 {
		t.Errorf("found %d links: the test looks for the wrong thing", read)
	}
}

func hasAnchor(t *testing.T, path, fragment string) bool {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, match := range heading.FindAllStringSubmatch(fences.ReplaceAllString(string(content), ""), -1) {
		if anchor(match[1]) == fragment {
			return true
		}
	}
	return false
}
