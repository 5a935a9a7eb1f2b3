package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"cloudstruct/cmd/internal/pages"
)

// shellcheck runs the pinned one from the project's folder.
func shellcheck(t *testing.T, script string, arguments ...string) {
	t.Helper()
	program, err := filepath.Abs(filepath.Join(root, ".tools", "venv", "bin", "shellcheck"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(program); err != nil {
		t.Skip("make test installs what this needs:", err)
	}
	cmd := exec.Command(program, append([]string{"--external-sources", "--format=gcc"}, arguments...)...)
	cmd.Dir = root
	cmd.Stdin = strings.NewReader(script)
	if found, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, found)
	}
}

func TestShellInThePagesPassesShellcheck(t *testing.T) {
	read := 0
	for _, path := range slices.Sorted(maps.Keys(readPages(t))) {
		t.Run(filepath.Base(path), func(t *testing.T) {
			blocks, err := pages.Shell(path)
			if err != nil {
				t.Fatal(err)
			}
			read += len(blocks)
			// A page is one script: a block may use what an earlier one has set. Text for
			// a task's shell is in single quotes on purpose (SC2016), and a page may set
			// what another one uses (SC2034).
			shellcheck(t, pages.Script(blocks), "--shell=bash", "--source-path=.", "--exclude=SC2016,SC2034", "-")
		})
	}
	if read < 50 {
		t.Errorf("found %d blocks: the test looks for the wrong thing", read)
	}
}

func TestScriptsOfThePagesPassShellcheck(t *testing.T) {
	scripts, err := filepath.Glob(filepath.Join(root, "docs", "scripts", "*.sh"))
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts: %v", err)
	}
	for i, script := range scripts {
		if scripts[i], err = filepath.Rel(root, script); err != nil {
			t.Fatal(err)
		}
	}
	shellcheck(t, "", append([]string{"--source-path=SCRIPTDIR"}, scripts...)...)
}
