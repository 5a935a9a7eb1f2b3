package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
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
	for _, path := range []string{"production.yaml", "development.yaml", "testdata/everything.yaml"} {
		content, err := os.ReadFile(filepath.Join(root, "config", path))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(parsed(t, string(content))); err != nil {
			t.Errorf("%s: %v", path, err)
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
		"a value out of range":      "environment: x\nservice: {port: 70000}",
		"another choice":            "environment: x\nnetwork: {nat: both}",
		"a capacity of a third":     "environment: x\ndatabase: {maxCapacity: 1.3}",
	} {
		if schema.Validate(parsed(t, content)) == nil {
			t.Errorf("%s is accepted: %s", name, content)
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
