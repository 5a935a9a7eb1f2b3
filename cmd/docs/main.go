// Command docs writes what is generated from the configuration's Go types: the
// table in README.md and config/schema.json, for editors. With -check it only
// tells whether they are current.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	check := flag.Bool("check", false, "fail when a file is not current, and write nothing")
	flag.Parse()
	if err := run(".", *check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes, or checks, each generated file below a root.
func run(root string, check bool) error {
	settings, err := documented(filepath.Join(root, "config", "config.go"))
	if err != nil {
		return err
	}
	var problems []error
	for _, file := range []struct {
		path string
		make func(current []byte) ([]byte, error)
	}{
		{"README.md", func(current []byte) ([]byte, error) { return withTable(current, settings) }},
		{filepath.Join("config", "schema.json"), func([]byte) ([]byte, error) { return schema(settings) }},
	} {
		if err := update(filepath.Join(root, file.path), check, file.make); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}

func update(path string, check bool, generate func([]byte) ([]byte, error)) error {
	current, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	wanted, err := generate(current)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	case bytes.Equal(current, wanted):
		return nil
	case check:
		return fmt.Errorf("%s is not current: run make docs", path)
	}
	return os.WriteFile(path, wanted, 0o644)
}
