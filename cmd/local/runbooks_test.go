package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"cloudstruct/cmd/internal/pages"
)

// programs are what the pages call and no test has, with the AWS CLI, whose calls
// are recorded.
var programs = []string{"aws", "copilot", "curl", "dig", "docker", "dotnet", "terraform"}

// runbook runs the blocks of a page, all in one shell, on an account.
type runbook struct {
	testAccount
	folder, calls string
}

func newRunbook(a testAccount) runbook {
	a.t.Helper()
	r := runbook{a, a.t.TempDir(), filepath.Join(a.t.TempDir(), "calls")}
	for _, program := range programs {
		python, script := absolute(a.t, ".tools", "venv", "bin", "python"), absolute(a.t, "cmd", "local", "testdata", "program.py")
		text := fmt.Sprintf("#!/bin/sh\nexec %s %s %s \"$@\"\n", python, script, program)
		if err := os.WriteFile(filepath.Join(r.folder, program), []byte(text), 0o755); err != nil {
			a.t.Fatal(err)
		}
	}
	return r
}

func absolute(t *testing.T, path ...string) string {
	t.Helper()
	absolute, err := filepath.Abs(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return absolute
}

// script is the blocks as they are, with what says where a command failed.
func script(blocks []pages.Block) string {
	var text strings.Builder
	text.WriteString("set -euo pipefail\n")
	for _, b := range blocks {
		fmt.Fprintf(&text, "export BLOCK=%s STAND_INS='%s'\necho \"==== $BLOCK\"\n%s", b, strings.Join(b.StandIns, " "), b.Text)
	}
	return text.String()
}

// run wants every block to end without an error, and to call what its comment says
// that can't be run.
func (r runbook) run(blocks ...pages.Block) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 8*time.Minute)
	defer cancel()
	cmd := r.command(ctx, "bash", "-c", script(blocks))
	cmd.Env = append(cmd.Env,
		"PATH="+strings.Join([]string{r.folder, absolute(r.t, "node_modules", ".bin"), os.Getenv("PATH")}, string(os.PathListSeparator)),
		"CALLS="+r.calls, "AWS_PAGER=", "NO_COLOR=1",
		// Options of the CDK CLI: the stack as it was synthesized, and no question.
		"CDK_HOME="+filepath.Join(r.testAccount.folder, "cdk-home"), "CDK_APP="+r.assembly(), "CDK_DISABLE_CLI_TELEMETRY=true",
		"CDK_NOTICES=false", "CDK_REQUIRE_APPROVAL=never", "CDK_FORCE=true",
	)
	var output strings.Builder
	cmd.Stdout = io.MultiWriter(&output, r.log)
	cmd.Stderr = cmd.Stdout
	if err := cmd.Run(); err != nil {
		r.t.Fatalf("%v after:\n%s", err, tail(output.String(), 40))
	}
	called, err := os.ReadFile(r.calls)
	if err != nil {
		r.t.Fatal(err)
	}
	lines := strings.Split(string(called), "\n")
	for _, b := range blocks {
		for _, name := range b.StandIns {
			if !slices.Contains(lines, fmt.Sprintf("%s stand-in %s", b, name)) {
				r.t.Errorf("%s: the comment before it says that %s is not run, but the block runs without a stand-in for it", b, name)
			}
		}
	}
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

func shell(t *testing.T, page string) []pages.Block {
	t.Helper()
	blocks, err := pages.Shell(filepath.Join("docs", page))
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func TestOperationsRunAsWritten(t *testing.T) {
	a := newAccount(t, production)
	a.must(a.deploy)
	a.must(a.release)
	a.backup()
	newRunbook(a).run(shell(t, "operations.md")...)
}

// backup makes a snapshot, as RDS does every night.
func (a testAccount) backup() {
	a.t.Helper()
	var clusters struct{ DBClusters []struct{ DBClusterIdentifier string } }
	a.python(&clusters, "call.py", "rds", "describe_db_clusters")
	a.python(&struct{}{}, "call.py", "rds", "create_db_cluster_snapshot",
		fmt.Sprintf(`{"DBClusterIdentifier": %q, "DBClusterSnapshotIdentifier": "nightly"}`, clusters.DBClusters[0].DBClusterIdentifier))
}
