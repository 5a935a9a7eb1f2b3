package config

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
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
	// Every key, from the files that name them all.
	for _, name := range []string{"everything.yaml", "shifting.yaml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, text := range []string{
		"", "environment: a", "environment: [a", "environment: &x a\nproject: *x", "a: {b: c}\n---\nd: e", "environment: !!binary YQ==",
		"environment: a\nnetwork: {cidr: 10.0.0.0/99}", "environment: a\nservice: {health: {interval: 1e99h}}", "? [a]: b\n: c", "<<: {environment: a}",
		"environment: a\nscaling: {schedule: [{cron: '* * * * ? *', min: 1, max: 0}]}", "\x00", "environment: a\nenvironment: b", "- a", "environment: \"a\\ud800\"",
		"\ufeffenvironment: a", "\xff\xfea", "environment: a\rproject: b", strings.Repeat("[", 99), "environment: 0x1p-2\nservice: {cpu: 1e999}",
		"environment: a\nservice: {secrets: {A: 'arn:aws:secretsmanager:::secret'}, environment: {A: 1, 1: A, \"\\0\": \"\\0\"}}",
		"environment: a\ntags: {1a: b, A: c, a: d, 'x]y': e}\ndatabase: {connectionString: {format: '{{{host}}} {{x}} }} {'}}",
		"environment: a\nscaling: {schedule: [{cron: '0 0 31W 2 ? *'}, {cron: '0 0 ? * 7#5 *'}, {cron: '0/0 0 LW * ? 1970-2199/7'}]}",
		`environment: a
service: {secrets: {"a]b": "x", "x[0": y, "][": z}, environment: {"a[0]": x, "]": y, "[": z}}
tags: {"ab]": x, "[0]": y, "": z}`,
		"environment: a\nservice: {policies: [a, 'arn', ''], permissions: [{actions: ['*'], resources: ['*', 'a:b']}, x]}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// Fuzzing does not report an input that never ends.
		timer := time.AfterFunc(time.Minute, func() { panic(fmt.Sprintf("reading takes more than a minute: %q", data)) })
		cfg, err := parse("c.yaml", data)
		timer.Stop()
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
