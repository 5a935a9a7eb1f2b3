package config

import (
	"strings"
	"testing"
)

// chosen is a folder with the environments development and production.
const chosen = "."

func TestTheContextChoosesAnEnvironment(t *testing.T) {
	cfg, err := FromContext(chosen, map[string]any{
		"environment": "development",
		// What the CDK and its CLI put there.
		"@aws-cdk/core:checkSecretUsage": true, "aws:cdk:bundling-stacks": []any{"**"},
		"availability-zones:account=123456789012:region=eu-west-1": []any{"a"},
		"cli-telemetry": false, "acknowledged-issue-numbers": []any{19836.0},
	})
	if err != nil || cfg.Environment != "development" {
		t.Errorf("read environment %q, %v", cfg.Environment, err)
	}
}

func TestTheContextHasNoDefaultAndNoUnknownKey(t *testing.T) {
	const add = "add -c environment=NAME, where NAME is development or production, or -c config=PATH for a file elsewhere"
	for _, test := range []struct {
		name    string
		context map[string]any
		want    []string
	}{
		{"nothing", nil, []string{"no environment is chosen: " + add}},
		{"no value", map[string]any{"environment": ""}, []string{"context key environment: has no value; " + add}},
		{"a file without a value", map[string]any{"config": ""}, []string{"context key config: has no value; " + add}},
		{"no text", map[string]any{"environment": 1.0}, []string{"context key environment: must be text, got 1"}},
		{"an abbreviation", map[string]any{"env": "development"}, []string{"context key env: unknown; did you mean -c environment=development?"}},
		{"a letter missing", map[string]any{"environmnt": "staging"}, []string{"context key environmnt: unknown; did you mean environment? Then " + add}},
		{"letters swapped", map[string]any{"cofnig": "a.json"}, []string{"context key cofnig: unknown; did you mean config? Then " + add}},
		{"an upper-case letter", map[string]any{"Environment": "production"}, []string{"context key Environment: unknown; did you mean -c environment=production?"}},
		{"a file", map[string]any{"file": "x/a.yaml"}, []string{"context key file: unknown; did you mean -c config=x/a.yaml?"}},
		{"another word", map[string]any{"stage": "beta"}, []string{"context key stage: unknown, from -c, cdk.context.json or ~/.cdk.json; the keys are environment and config"}},
		{"a key that nobody reads beside a choice", map[string]any{"environment": "development", "env": "production"},
			[]string{"context key env: unknown; did you mean -c environment=production?"}},
		{"all of them", map[string]any{"stage": "beta", "environmnt": "production", "config": ""}, []string{
			"context key config: has no value; " + add,
			"context key environmnt: unknown; did you mean -c environment=production?",
			"context key stage: unknown, from -c, cdk.context.json or ~/.cdk.json; the keys are environment and config",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := FromContext(chosen, test.context)
			if want := strings.Join(test.want, "\n"); err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		})
	}
}

func TestCommandsHaveNoDefaultEnvironment(t *testing.T) {
	const want = "no environment is chosen: the environments are development, production"
	if _, err := Choose(chosen, "", ""); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}
