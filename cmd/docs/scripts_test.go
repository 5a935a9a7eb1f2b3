package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// answer is what the AWS CLI does when its arguments match a pattern of the shell.
type answer struct{ arguments, commands string }

// healthy is an account in which each cluster and instance exists. The first answer that
// matches counts, so that a test puts its own before these.
var healthy = []answer{
	{"*AWS::RDS::DBCluster*", "echo stacks-own"},
	{"*AWS::RDS::DBInstance*", "echo Writer w; for N in {2..16}; do echo Reader$N r$N; done"},
	{"*list-stack-resources*", "echo a-name"},
	{"*describe-task-definition*", `echo '{"family": "f", "executionRoleArn": "r", "containerDefinitions": [{"environment": [], "logConfiguration": {}}]}'`},
	{"*register-task-definition --cli*", "echo arn:definition"},
	{"*get-secret-value*", `echo '{"password": "s3cret"}'`},
	{"*[[]0].DeletionProtection*", "echo False"},
	{"*", "true"},
}

func fault(code string) string {
	return fmt.Sprintf("echo 'An error occurred (%s) when calling an operation' >&2; exit 254", code)
}

// runScript runs a script of docs/scripts with an AWS CLI of these answers. It returns
// the arguments of each call, what the script printed, and what calls read from a pipe.
func runScript(t *testing.T, script []string, answers ...answer) (calls, printed, piped string, err error) {
	t.Helper()
	folder := t.TempDir()
	text := "#!/usr/bin/env bash\necho \"$*\" >>\"$CALLS\"\n" +
		"case $* in *file:///dev/stdin*) cat >>\"$CALLS.piped\" ;; esac\ncase $* in\n"
	for _, a := range append(answers, healthy...) {
		text += strings.ReplaceAll(a.arguments, " ", `\ `) + ") " + a.commands + " ;;\n"
	}
	// Nothing is waited for.
	for name, content := range map[string]string{"aws": text + "esac\n", "sleep": "#!/bin/sh\n"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	log := filepath.Join(folder, "calls")
	cmd := exec.CommandContext(t.Context(), "bash", append([]string{filepath.Join(root, "docs", "scripts", script[0])}, script[1:]...)...)
	cmd.Env = append(os.Environ(), "PATH="+folder+string(os.PathListSeparator)+os.Getenv("PATH"), "CALLS="+log, "AWS_REGION=eu-central-1", "STACK=CloudStruct-production")
	output, err := cmd.CombinedOutput()
	read := func(path string) string {
		content, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		return string(content)
	}
	return read(log), string(output), read(log + ".piped"), err
}

func restore(name string) []string {
	return []string{"restore-database.sh", name, "from-snapshot", "--snapshot-identifier", "nightly"}
}

func TestScriptsPrintTheirUsage(t *testing.T) {
	for script, want := range map[string]string{
		"mysql-task.sh":       "usage: mysql-task.sh SCRIPT",
		"replace-database.sh": "usage: replace-database.sh NEW",
		"restore-database.sh": "usage: restore-database.sh NEW from-snapshot",
	} {
		calls, printed, _, err := runScript(t, []string{script})
		if err == nil || calls != "" || !strings.Contains(printed, want) || strings.Contains(printed, "unbound") {
			t.Errorf("%s without arguments: %v, called %q, printed %q", script, err, calls, printed)
		}
	}
}

// TestNamesOfAReplacedDatabaseFit has sixteen instances, which is as many as Aurora allows.
func TestNamesOfAReplacedDatabaseFit(t *testing.T) {
	longest := strings.Repeat("n", 48)
	if _, printed, _, err := runScript(t, restore(longest)); err != nil {
		t.Errorf("48 characters: %v: %s", err, printed)
	}
	if calls, printed, _, err := runScript(t, restore(longest+"n")); err == nil || calls != "" && strings.Contains(calls, "restore-db") || !strings.Contains(printed, "at most 48 characters, got 49") {
		t.Errorf("49 characters: %v: %s", err, printed)
	}
	calls, printed, _, err := runScript(t, []string{"replace-database.sh", longest},
		answer{"*db-clusters --db-cluster-identifier replaced-by-*", fault("DBClusterNotFoundFault")},
		answer{"*describe-db-instances*DBClusterIdentifier*", "echo replaced-by-" + longest})
	if err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	length := 0
	for _, name := range regexp.MustCompile(`--new-db-\w+-identifier (\S+)`).FindAllStringSubmatch(calls, -1) {
		length = max(length, len(name[1]))
	}
	if length != 63 {
		t.Errorf("the longest name has %d characters, want the 63 that RDS allows:\n%s", length, calls)
	}
}

func TestMasterPasswordIsNoArgument(t *testing.T) {
	calls, printed, piped, err := runScript(t, restore("restored"), answer{"*db-instances --db-instance-identifier restored-1*", fault("DBInstanceNotFound")})
	if err != nil {
		t.Fatalf("%v: %s", err, printed)
	}
	if strings.Contains(calls, "s3cret") || piped != "s3cret" {
		t.Errorf("the arguments are\n%s\nand the input is %q", calls, piped)
	}
	if !strings.Contains(calls, "create-db-instance --db-cluster-identifier restored --db-instance-identifier restored-1") {
		t.Errorf("the cluster got no instance:\n%s", calls)
	}
}

func TestRestoredClusterIsProtectedLikeTheStacks(t *testing.T) {
	for setting, want := range map[string]string{"True": " --deletion-protection", "False": " --no-deletion-protection"} {
		calls, printed, _, err := runScript(t, restore("restored"),
			answer{"*db-clusters --db-cluster-identifier restored", fault("DBClusterNotFoundFault")},
			answer{"*[[]0].DeletionProtection*", "echo " + setting})
		if err != nil || !strings.Contains(calls, want) {
			t.Errorf("%s: %v: %s, called\n%s, want%s", setting, err, printed, calls, want)
		}
	}
}

// TestErrorsAreNotTakenForMissing lets one call fail for a reason that passes. A script
// that went on would rename or create what exists already.
func TestErrorsAreNotTakenForMissing(t *testing.T) {
	replace := []string{"replace-database.sh", "restored"}
	interrupted := answer{"*db-clusters --db-cluster-identifier replaced-by-restored*", "true"}
	for name, test := range map[string]struct {
		script  []string
		answers []answer
		changes string // that must not be made
	}{
		"restore, cluster":  {restore("restored"), []answer{{"*db-clusters --db-cluster-identifier restored", fault("Throttling")}}, "restore-db"},
		"restore, instance": {restore("restored"), []answer{{"*db-instances --db-instance-identifier restored-1", fault("Throttling")}}, "create-db"},
		"replaced cluster":  {replace, []answer{{"*db-clusters --db-cluster-identifier replaced-by-restored", fault("Throttling")}}, "modify-db"},
		"stack's cluster":   {replace, []answer{interrupted, {"*db-clusters --db-cluster-identifier stacks-own", fault("Throttling")}}, "modify-db"},
		"instance":          {replace, []answer{interrupted, {"*db-instances --db-instance-identifier w", fault("Throttling")}}, "create-db"},
		"its cluster":       {replace, []answer{interrupted, {"*db-instances --db-instance-identifier w --query*", fault("Throttling")}}, "create-db"},
		"while it waits": {replace, []answer{interrupted, {"*wait db-instance-available*", "exit 255"},
			{"*db-instances --db-instance-identifier w", `[ "$(grep -c 'identifier w$' "$CALLS")" -lt 3 ] || { ` + fault("Throttling") + "; }"}}, "create-db"},
	} {
		calls, printed, _, err := runScript(t, test.script, test.answers...)
		if err == nil || !strings.Contains(printed, "(Throttling)") || strings.Contains(calls, test.changes) {
			t.Errorf("%s: %v: %s, called\n%s", name, err, printed, calls)
		}
	}
}

func TestTaskDefinitionOfMySQLsClientIsRemoved(t *testing.T) {
	for name, answers := range map[string][]answer{"the task runs": nil, "no task": {{"*run-task*", "exit 254"}}} {
		calls, printed, _, err := runScript(t, []string{"mysql-task.sh", "echo"}, answers...)
		if (err == nil) != (answers == nil) || !strings.HasSuffix(calls, "deregister-task-definition --task-definition arn:definition\n") {
			t.Errorf("%s: %v: %s, called\n%s", name, err, printed, calls)
		}
	}
}
