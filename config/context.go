package config

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// FromContext reads the configuration that the context of the CDK app chooses:
// environment names a file in a folder, config any other file. There is no default,
// and a key that nobody reads is a mistake: a mistyped -c would otherwise deploy an
// environment that was not meant.
func FromContext(folder string, context map[string]any) (Config, error) {
	var mistakes []string
	for _, key := range slices.Sorted(maps.Keys(context)) {
		value := context[key]
		switch text, isText := value.(string); {
		case key != "environment" && key != "config":
			if !ofCDK(key) {
				mistakes = append(mistakes, unknownContext(folder, key, value))
			}
		case !isText:
			mistakes = append(mistakes, fmt.Sprintf("context key %s: must be text, got %v", key, value))
		case text == "":
			mistakes = append(mistakes, fmt.Sprintf("context key %s: has no value; %s", key, choices(folder)))
		}
	}
	if len(mistakes) > 0 {
		return Config{}, errors.New(strings.Join(mistakes, "\n"))
	}
	environment, _ := context["environment"].(string)
	path, _ := context["config"].(string)
	cfg, err := Choose(folder, environment, path)
	if errors.Is(err, errNoChoice) {
		return Config{}, fmt.Errorf("%w: %s", errNoChoice, choices(folder))
	}
	return cfg, err
}

// ofCDK reports whether a context key is one of the CDK's: a feature flag, something
// that was looked up, or one of the CLI's own settings, which alone have no colon.
func ofCDK(key string) bool {
	return strings.Contains(key, ":") || key == "cli-telemetry" || key == "acknowledged-issue-numbers"
}

// choices lists the environments, and how to choose one.
func choices(folder string) string {
	return fmt.Sprintf("add -c environment=NAME, where NAME is %s, or -c config=PATH for a file elsewhere", strings.Join(environments(folder), " or "))
}

// unknownContext names a key that nobody reads, and what was probably meant by it:
// its value shows that better than its spelling.
func unknownContext(folder, key string, value any) string {
	text, _ := value.(string)
	lower := strings.ToLower(key)
	switch {
	case slices.Contains(environments(folder), text):
		return fmt.Sprintf("context key %s: unknown; did you mean -c environment=%s?", key, text)
	case slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(text)):
		return fmt.Sprintf("context key %s: unknown; did you mean -c config=%s?", key, text)
	case resembles(lower, "environment"):
		return fmt.Sprintf("context key %s: unknown; did you mean environment? Then %s", key, choices(folder))
	case resembles(lower, "config"):
		return fmt.Sprintf("context key %s: unknown; did you mean config? Then %s", key, choices(folder))
	}
	return fmt.Sprintf("context key %s: unknown, from -c, cdk.context.json or ~/.cdk.json; the keys are environment and config", key)
}

// resembles reports whether a key is an abbreviation of a name, or at most two letters
// too many, missing, wrong or swapped away from it.
func resembles(key, name string) bool {
	return len(key) >= 3 && strings.HasPrefix(name, key) || levenshtein.ComputeDistance(key, name) <= 2
}
