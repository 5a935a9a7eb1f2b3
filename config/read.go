package config

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Load reads the configuration file at path. Its error lists every mistake in
// the file: unknown keys, wrong types, values out of range, contradictions.
func Load(path string) (Config, error) {
	data, err := readFile(path)
	if err != nil {
		return Config{}, err
	}
	return parse(path, data)
}

// errNoChoice is the error of whoever names neither an environment nor a file: no
// environment is the default, so that none is changed by a mistake.
var errNoChoice = errors.New("no environment is chosen")

// Choose reads the file at path or, without one, that of an environment in a
// folder.
func Choose(folder, environment, path string) (Config, error) {
	switch {
	case environment != "" && path != "":
		return Config{}, fmt.Errorf("environment %s and configuration file %s: give one of them", environment, path)
	case path != "":
		return Load(path)
	}
	return LoadEnvironment(folder, environment)
}

// LoadEnvironment reads the file of an environment in a folder. A file that is
// about another environment is refused: it would change that one's stack.
func LoadEnvironment(folder, environment string) (Config, error) {
	if environment == "" {
		return Config{}, fmt.Errorf("%w: the environments are %s", errNoChoice, strings.Join(environments(folder), ", "))
	}
	path := filepath.Join(folder, environment+".yaml")
	if filepath.Dir(path) != filepath.Clean(folder) {
		return Config{}, fmt.Errorf("environment %q: must be the name of a file in %s, without .yaml; use -c config=PATH for another file", environment, folder)
	}
	data, err := readFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Config{}, fmt.Errorf("environment %q: there is no %s; the environments are %s", environment, path, strings.Join(environments(folder), ", "))
	}
	if err != nil {
		return Config{}, err
	}
	return parse(path, data, func(r *reader, c *Config) {
		r.refuse(c.Environment != "" && c.Environment != environment,
			fmt.Sprintf("must be %s, as the file is named, got %q", environment, c.Environment), "environment")
	})
}

func environments(folder string) []string {
	var names []string
	paths, _ := filepath.Glob(filepath.Join(folder, "*.yaml"))
	for _, path := range paths {
		names = append(names, strings.TrimSuffix(filepath.Base(path), ".yaml"))
	}
	return names
}

// Mistake is one thing that is wrong in a configuration file.
type Mistake struct {
	Line int
	// Key is the path of the setting, such as service.health.interval.
	Key     string
	Message string
}

// Mistakes is the error of a file that was read but cannot be used.
type Mistakes struct {
	File string
	List []Mistake
}

func (m *Mistakes) Error() string {
	lines := make([]string, len(m.List))
	for i, mistake := range m.List {
		key := mistake.Key
		if key != "" {
			key += ": "
		}
		lines[i] = fmt.Sprintf("%s:%d: %s%s", m.File, mistake.Line, key, mistake.Message)
	}
	return strings.Join(lines, "\n")
}

func parse(file string, data []byte, checks ...func(*reader, *Config)) (Config, error) {
	r := reader{lines: map[string]int{"": 1}, order: map[string]int{}, bad: map[string]bool{}, written: map[string]string{}, tableEntries: map[string]string{}}
	cfg := Default()
	if text, ok := r.text(data); ok {
		r.document(text, &cfg)
		if !r.syntax {
			r.ranges(&cfg)
			r.contradictions(&cfg)
			for _, check := range checks {
				check(&r, &cfg)
			}
		}
	}
	if len(r.mistakes) > 0 {
		slices.SortStableFunc(r.mistakes, func(a, b Mistake) int { return cmp.Compare(a.Line, b.Line) })
		return Config{}, &Mistakes{File: file, List: r.mistakes}
	}
	return cfg, nil
}

// reader fills a Config from a syntax tree, so that every mistake is found and
// keeps its place; the YAML library's own decoder stops at the first.
type reader struct {
	mistakes []Mistake
	lines    map[string]int    // of each key that the file sets
	order    map[string]int    // of the same keys
	bad      map[string]bool   // keys whose value could not be read
	written  map[string]string // of numbers that are out of range
	// tableEntries are the paths of tables' entries, by what the validation library
	// calls them.
	tableEntries map[string]string
	syntax       bool // the file is not YAML that can be read further
}

func (r *reader) fail(key, format string, args ...any) {
	r.bad[key] = true
	r.mistakes = append(r.mistakes, Mistake{Line: r.line(key), Key: key, Message: fmt.Sprintf(format, args...)})
}

// found notes where the file sets a key.
func (r *reader) found(key string, node ast.Node) {
	r.lines[key] = node.GetToken().Position.Line
	r.order[key] = len(r.order)
}

// line is where the file sets a key, or else the block that it belongs in.
func (r *reader) line(key string) int {
	for {
		if line, ok := r.lines[key]; ok {
			return line
		}
		key = key[:max(0, strings.LastIndexAny(key, ".["))]
	}
}
