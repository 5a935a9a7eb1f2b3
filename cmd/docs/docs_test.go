package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"cloudstruct/config"
)

var root = filepath.Join("..", "..")

func TestGeneratedFilesAreCurrent(t *testing.T) {
	if err := run(root, true); err != nil {
		t.Error(err)
	}
}

func TestCheckTellsOfEachFileThatIsNotCurrent(t *testing.T) {
	stale := t.TempDir()
	for _, name := range []string{"README.md", "config/config.go", "config/schema.json"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(stale, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		// A default that is no longer so.
		if err := os.WriteFile(path, bytes.ReplaceAll(content, []byte("jellybean"), []byte("liquorice")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	err := run(stale, true)
	for _, name := range []string{"README.md", "schema.json"} {
		if err == nil || !strings.Contains(err.Error(), name+" is not current") {
			t.Errorf("%s was changed, and the check says: %v", name, err)
		}
	}
	if err := run(stale, false); err != nil {
		t.Fatal(err)
	}
	if err := run(stale, true); err != nil {
		t.Error("after writing:", err)
	}
}

func TestSchemaAcceptsWhatTheReaderDoes(t *testing.T) {
	schema := compiled(t)
	contents := map[string]string{
		"numbers for texts": "environment: x\nimage: {tag: 1.10}\nservice: {environment: {A: 1}, health: {codes: 200}}\ntags: {cost: 42}",
		"parts of an hour":  "environment: x\nservice: {slowStart: 1.5m}",
		"letters of others": "environment: x\ntags: {Größe: 東京}",
		"cron expressions":  "environment: x\nscaling: {schedule: [{cron: '0/15 8-18 ? JAN-MAR,12 MON#2 2026-2030/2', min: 0, max: 0}, {cron: 0 0 LW * ? *, min: 1, max: 1}]}",
		"nothing chosen":    "environment: x\nalarms: {email: ''}\ngithub: {repository: ''}\ndatabase: {maintenanceWindow: ''}",
		"a window":          "environment: x\ndatabase: {maintenanceWindow: sun:04:00-Sun:05:00}",
		"half a unit":       "environment: x\ndatabase: {maxCapacity: 1.5e1}",
		"a secret":          "environment: x\nservice: {secrets: {A: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:a-AbCdEf:key'}}",
	}
	for _, path := range []string{"production.yaml", "development.yaml", "testdata/everything.yaml", "testdata/shifting.yaml"} {
		content, err := os.ReadFile(filepath.Join(root, "config", path))
		if err != nil {
			t.Fatal(err)
		}
		contents[path] = string(content)
	}
	for name, content := range contents {
		if err := load(t, content); err != nil {
			t.Errorf("%s: the reader refuses %v", name, err)
		}
		if err := schema.Validate(parsed(t, content)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSchemaRefusesWhatTheReaderDoes(t *testing.T) {
	schema := compiled(t)
	for name, content := range map[string]string{
		"an unknown key":            "environment: x\nimages: {}",
		"an unknown key in a block": "environment: x\nservice: {prot: 80}",
		"a missing key":             "project: x",
		"a missing key in a block":  "environment: x\ndomain: {name: example.com}",
		"a wrong type":              "environment: x\nservice: {port: http}",
		"a duration without unit":   "environment: x\nservice: {slowStart: 60}",
		"a negative duration":       "environment: x\nservice: {slowStart: -60s}",
		"a value out of range":      "environment: x\nservice: {port: 70000}",
		"another choice":            "environment: x\nnetwork: {nat: both}",
		"a capacity of a third":     "environment: x\ndatabase: {maxCapacity: 1.3}",
		"a hyphen at the end":       "environment: x-",
		"a tag key of no tag":       "environment: x\ntags: {'a;b': c}",
		"an empty tag value":        "environment: x\ntags: {a: ''}",
		"a final dot":               "environment: x\ndomain: {name: example.com., hostedZoneId: Z1}",
		"too long a domain":         "environment: x\ndomain: {name: " + strings.Repeat("a", 60) + ".example, hostedZoneId: Z1}",
		"too large a network":       "environment: x\nnetwork: {cidr: 10.0.0.0/8}",
		"a variable with a space":   "environment: x\nservice: {environment: {A B: c}}",
		"a secret of a parameter":   "environment: x\nservice: {secrets: {A: 'arn:aws:ssm:eu-west-1:123456789012:parameter/a'}}",
		"codes that are none":       "environment: x\nservice: {health: {codes: 200-599}}",
		"an hour 25":                "environment: x\nscaling: {schedule: [{cron: 0 25 ? * MON *, min: 1, max: 1}]}",
		"a month FOO":               "environment: x\nscaling: {schedule: [{cron: 0 8 ? FOO MON *, min: 1, max: 1}]}",
		"two days":                  "environment: x\nscaling: {schedule: [{cron: 0 8 * * * *, min: 1, max: 1}]}",
		"a window without days":     "environment: x\ndatabase: {maintenanceWindow: 04:00-05:00}",
		"a window after midnight":   "environment: x\ndatabase: {backupWindow: 24:00-25:00}",
		"a repository alone":        "environment: x\ngithub: {repository: app}",
		"a branch with wildcards":   "environment: x\ngithub: {repository: a/b, branch: 'release/*'}",
		"a policy that is no ARN":   "environment: x\nservice: {policies: [ReadOnlyAccess]}",
		"a network twice":           "environment: x\nloadBalancer: {allow: [10.0.0.0/8, 10.0.0.0/8]}",
	} {
		if load(t, content) == nil {
			t.Errorf("%s is accepted by the reader: %s", name, content)
		}
		if schema.Validate(parsed(t, content)) == nil {
			t.Errorf("%s is accepted: %s", name, content)
		}
	}
}

// load reads a configuration as the app would, from a file of any name.
func load(t *testing.T, content string) error {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := config.Load(path)
	return err
}

// TestPatternsAreThoseOfJavaScript wants editors to understand all patterns as Go
// does: RE2 has escapes and flags that JavaScript has not.
func TestPatternsAreThoseOfJavaScript(t *testing.T) {
	patterns := map[string]bool{}
	for _, s := range config.Settings() {
		for _, limits := range []config.Limits{s.Limits, s.Keys, s.Values} {
			patterns[limits.Pattern] = true
		}
	}
	if len(patterns) < 20 {
		t.Fatalf("only %d patterns", len(patterns))
	}
	for pattern := range patterns {
		if only := regexp.MustCompile(`\(\?[^:]|\\[^dps.*?/]|\[\[:`).FindString(pattern); only != "" {
			t.Errorf("%s has %s", pattern, only)
		}
	}
}

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	schema, err := jsonschema.NewCompiler().Compile(filepath.Join(root, "config", "schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// parsed is YAML as the schema library takes it: as JSON would be.
func parsed(t *testing.T, content string) any {
	t.Helper()
	var value any
	data, err := yaml.YAMLToJSON([]byte(content))
	if err == nil {
		err = json.Unmarshal(data, &value)
	}
	if err != nil {
		t.Fatal(err)
	}
	return value
}
