package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"cloudstruct/config"
)

// readPages reads the README and everything in docs/, by path.
func readPages(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, path := range append(paths, filepath.Join(root, "README.md")) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[path] = string(content)
	}
	return pages
}

// yamlBlock is a block of YAML in a page. Its first line is a comment that names
// the file it stands for.
var yamlBlock = regexp.MustCompile("(?m)^ *```ya?ml *\n((?:.*\n)*?) *```$")

// configurationFile is that comment in a block for a file of config/.
var configurationFile = regexp.MustCompile(`^# config/([\w-]+)\.yaml\n`)

func TestConfigurationsInThePagesAreAccepted(t *testing.T) {
	read := 0
	for path, content := range readPages(t) {
		for _, at := range yamlBlock.FindAllStringSubmatchIndex(content, -1) {
			block := content[at[2]:at[3]]
			where := fmt.Sprintf("%s:%d", path, 1+strings.Count(content[:at[2]], "\n"))
			if !strings.HasPrefix(block, "# ") {
				t.Errorf("%s: the block does not begin with a comment that names its file", where)
			}
			file := configurationFile.FindStringSubmatch(block)
			if file == nil {
				continue
			}
			read++
			if err := readAs(t.TempDir(), file[1], block); err != nil {
				t.Errorf("%s: the lines count from there:\n%v", where, err)
			}
		}
	}
	if read == 0 {
		t.Error("no page has a configuration: the test looks for the wrong thing")
	}
}

// readAs reads a configuration as the app would, from the file of an environment.
func readAs(folder, environment, content string) error {
	if err := os.WriteFile(filepath.Join(folder, environment+".yaml"), []byte(content), 0o600); err != nil {
		return err
	}
	_, err := config.LoadEnvironment(folder, environment)
	return err
}

// named is what looks like a key of the configuration in a page, with a value
// or without.
var named = regexp.MustCompile("`([a-zA-Z]+(?:\\.[a-zA-Z]+)+)(?:: [^`]*)?`")

// theirs is the first cell of a row in migrate.md: keys of Terraform, Copilot and
// App Runner, some of which look like ours.
var theirs = regexp.MustCompile(`(?m)^\|[^|]*`)

func TestPagesNameKeysThatExist(t *testing.T) {
	keys, blocks := map[string]bool{}, map[string]bool{}
	for _, s := range config.Settings() {
		keys[strings.ReplaceAll(s.Key, "[]", "")] = true
		if s.Kind == "block" && !strings.Contains(s.Key, ".") {
			blocks[s.Key] = true
		}
	}
	for path, content := range readPages(t) {
		if filepath.Base(path) == "migrate.md" {
			content = theirs.ReplaceAllString(content, "")
		}
		for _, match := range named.FindAllStringSubmatch(content, -1) {
			block, _, _ := strings.Cut(match[1], ".")
			if blocks[block] && !keys[match[1]] {
				t.Errorf("%s: there is no key %s", path, match[1])
			}
		}
	}
}
