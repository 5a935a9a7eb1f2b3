package config

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzFiles reads whatever may stand in a file: it is a configuration, or every
// mistake has a line of the file and says something.
func FuzzFiles(f *testing.F) {
	for _, name := range []string{"production.yaml", "development.yaml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	// Every key, from the file that names them all.
	data, err := os.ReadFile(filepath.Join("testdata", "everything.yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	for _, text := range []string{
		"", "environment: a", "environment: [a", "environment: &x a\nproject: *x", "a: {b: c}\n---\nd: e", "environment: !!binary YQ==",
		"environment: a\nnetwork: {cidr: 10.0.0.0/99}", "environment: a\nservice: {health: {interval: 1e99h}}", "? [a]: b\n: c", "<<: {environment: a}",
		"environment: a\nscaling: {schedule: [{cron: '* * * * ? *', min: 1, max: 0}]}", "\x00", "environment: a\nenvironment: b", "- a", "environment: \"a\\ud800\"",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		cfg, err := parse("c.yaml", data)
		if err == nil {
			if cfg.Environment == "" || cfg.Scaling.Max < cfg.Scaling.Min {
				t.Errorf("accepted as %+v", cfg)
			}
			return
		}
		var mistakes *Mistakes
		if !errors.As(err, &mistakes) || len(mistakes.List) == 0 {
			t.Fatalf("refused with %#v", err)
		}
		last := 1 + bytes.Count(data, []byte("\n")) + bytes.Count(data, []byte("\r")) // YAML breaks lines at both
		for _, mistake := range mistakes.List {
			if mistake.Line < 1 || mistake.Line > last || mistake.Message == "" {
				t.Errorf("a mistake in line %d of %d: %q", mistake.Line, last, mistake.Message)
			}
		}
	})
}
