// Package setup tests the script that prepares a machine, and how the Makefile uses
// it.
package setup

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is one that has these commands and no others, each a line of shell. What
// the script itself calls comes from this machine.
func machine(t *testing.T, commands map[string]string) (path string) {
	t.Helper()
	path = t.TempDir()
	for name, line := range commands {
		if err := os.WriteFile(filepath.Join(path, name), []byte("#!/bin/sh\n"+line+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

// setup runs the script, and returns what it printed and its exit code.
func setup(t *testing.T, path string, arguments ...string) (stderr string, code int) {
	t.Helper()
	cmd := exec.Command("/bin/sh", append([]string{"setup.sh"}, arguments...)...)
	cmd.Env = []string{"PATH=" + path, "HTTPS_PROXY=http://user:secret@proxy.example:3128"}
	var printed strings.Builder
	cmd.Stderr = &printed
	code = exitCode(t, cmd.Run(), &printed)
	return printed.String(), code
}

func exitCode(t *testing.T, err error, printed *strings.Builder) int {
	t.Helper()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	t.Fatalf("%v\n%s", err, printed)
	return -1
}

func TestWhatIsMissingIsNamedWithItsPackage(t *testing.T) {
	const (
		newGo, newPython = "echo go1.26.8", "exit 0"
		oldPython        = `case $* in *version_info*) exit 1 ;; *) echo 3.9.2 ;; esac`
		withoutVenv      = `case $* in *ensurepip*) exit 1 ;; esac`
	)
	for _, test := range []struct {
		name     string
		commands map[string]string
		want     string
		code     int
	}{
		{"all is there", map[string]string{"go": newGo, "npm": "", "python3": newPython}, "", 0},
		{"nothing is there, on Debian", map[string]string{"apt-get": ""}, "Go is missing: sudo apt-get install golang-go\n" +
			"npm is missing: sudo apt-get install npm\n" +
			"Python 3 is missing: sudo apt-get install python3 python3-venv\n", 1},
		{"nothing is there, on macOS", map[string]string{"brew": ""}, "Go is missing: brew install go\n" +
			"npm is missing: brew install node\n" +
			"Python 3 is missing: brew install python\n", 1},
		{"npm is missing elsewhere", map[string]string{"go": newGo, "python3": newPython},
			"npm is missing: install it: Debian and Ubuntu call the package npm, Homebrew node\n", 1},
		{"Debian's Python without venv", map[string]string{"apt-get": "", "go": newGo, "npm": "", "python3": withoutVenv},
			"Python has no venv: sudo apt-get install python3-venv\n", 1},
		{"an old Python", map[string]string{"apt-get": "", "go": newGo, "npm": "", "python3": oldPython},
			"Python is 3.9.2, must be 3.10 or newer: sudo apt-get install python3 python3-venv\n", 1},
		{"a Go that can't get its successor", map[string]string{"go": "echo go1.19.8", "npm": "", "python3": newPython},
			"Go is 1.19.8, must be 1.21 or newer: see https://go.dev/doc/install\n", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			printed, code := setup(t, machine(t, test.commands), "needs", "go", "npm", "python3-venv")
			if printed != test.want || code != test.code {
				t.Errorf("exit code %d and\n%swant %d and\n%s", code, printed, test.code, test.want)
			}
		})
	}
}

func TestAFailedDownloadSaysSo(t *testing.T) {
	path := machine(t, map[string]string{"get": "echo getaddrinfo EAI_AGAIN >&2; exit 7"})
	const want = "getaddrinfo EAI_AGAIN\nCould not get the packages, see above. They are downloaded once: is there a network, does the proxy proxy.example:3128 answer?\n"
	if printed, code := setup(t, path, "fetch", "the packages", "get"); printed != want || code != 7 {
		t.Errorf("exit code %d and\n%s", code, printed)
	}
	if printed, code := setup(t, path, "fetch", "the packages", "absent"); code == 0 || !strings.Contains(printed, "not found") {
		t.Errorf("a command that is not there: exit code %d and\n%s", code, printed)
	}
}

// TestWithoutANetworkTheFirstRunEndsSoon installs into an empty folder from where
// nobody listens.
func TestWithoutANetworkTheFirstRunEndsSoon(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for retries")
	}
	root := filepath.Join("..", "..")
	for target, what := range map[string]string{
		"node_modules/.package-lock.json": "the npm packages",
		".tools/venv/installed":           "the Python packages",
	} {
		t.Run(what, func(t *testing.T) {
			dir := t.TempDir()
			for _, name := range []string{"Makefile", "package.json", "package-lock.json", "cmd/setup/setup.sh", "emulator/requirements.txt", ".github/requirements.txt"} {
				content, err := os.ReadFile(filepath.Join(root, name))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			cmd := exec.Command("make", target)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "npm_config_cache="+filepath.Join(dir, "cache"),
				"npm_config_registry=http://127.0.0.1:9/", "PIP_INDEX_URL=http://127.0.0.1:9/simple", "HTTPS_PROXY=", "HTTP_PROXY=")
			output, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(output), "Could not get "+what+", see above.") {
				t.Errorf("%v\n%s", err, output)
			}
		})
	}
}

// TestAMistypedEnvironmentIsNamed: make would otherwise work on production.
func TestAMistypedEnvironmentIsNamed(t *testing.T) {
	for argument, want := range map[string]string{
		"env=development":         "env is not read, did you mean ENV=development?",
		"environment=development": "environment is not read, did you mean ENV=development?",
		"ENV=development":         "",
	} {
		cmd := exec.Command("make", "-n", "destroy", argument)
		cmd.Dir = filepath.Join("..", "..")
		output, err := cmd.CombinedOutput()
		if (err != nil) != (want != "") || !strings.Contains(string(output), want) {
			t.Errorf("make destroy %s: %v, printed %s", argument, err, output)
		}
		if want == "" && !strings.Contains(string(output), "-c environment=development") {
			t.Errorf("make destroy %s would run %s", argument, output)
		}
	}
}
