package lib

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestStackTellsTheVersionThatItCameFrom(t *testing.T) {
	told, _ := (*production(t).template.ToJSON())["Description"].(string)
	if got, ok := VersionOf(told); !ok || got != Version {
		t.Errorf("the description %q tells %q, want %q", told, got, Version)
	}
}

func TestDescriptionsOfOthersTellNoVersion(t *testing.T) {
	for _, other := range []string{"", "1.0.0", "A containerized API: push an image", "CloudStruct", "CloudStruct 1.0.0"} {
		if got, ok := VersionOf(other); ok {
			t.Errorf("%q tells %q", other, got)
		}
	}
}

// TestChangelogBeginsWithThisVersion wants what is released to be written down,
// with its day.
func TestChangelogBeginsWithThisVersion(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "CHANGELOG.md"))
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d{2}-\d{2}$`).FindSubmatch(page)
	if newest == nil || string(newest[1]) != Version {
		t.Errorf("the newest release in CHANGELOG.md is %q, and Version %q", newest, Version)
	}
}
