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

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"cloudstruct/cmd/internal/pages"
)

// programs are the AWS CLI, whose calls are recorded, and what no test has.
var programs = map[string]string{
	"aws": `aws "$@"`, "copilot": `copilot "$@"`, "curl": `curl "$@"`, "dig": `dig "$@"`, "docker": `docker "$@"`,
	"dotnet": `dotnet "$@"`, "terraform": `terraform "$@"`, "stand-in": `"$@"`,
}

// runbook runs the blocks of a page, all in one shell, on an account.
type runbook struct {
	testAccount
	bin, calls string
	given      *strings.Replacer // what a reader would put in place of examples
}

func newRunbook(a testAccount, given ...string) runbook {
	a.t.Helper()
	r := runbook{a, a.t.TempDir(), filepath.Join(a.t.TempDir(), "calls"), strings.NewReplacer(given...)}
	if _, err := os.Stat(filepath.Join(".tools", "venv", "bin", "aws")); err != nil {
		a.t.Skip("make test installs what this needs:", err)
	}
	python, program := absolute(a.t, ".tools", "venv", "bin", "python"), absolute(a.t, "cmd", "local", "testdata", "program.py")
	for name, arguments := range programs {
		text := fmt.Sprintf("#!/bin/sh\nexec '%s' '%s' %s\n", python, program, arguments)
		if err := os.WriteFile(filepath.Join(r.bin, name), []byte(text), 0o755); err != nil {
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

// script is the blocks as they are, with what says where a command failed. What only
// some blocks can't run is a function there.
func (r runbook) script(blocks []pages.Block) string {
	var text strings.Builder
	text.WriteString("set -euo pipefail\n")
	for _, b := range blocks {
		fmt.Fprintf(&text, "export BLOCK=%s STAND_INS='%s'\necho \"==== $BLOCK\"\n", b, strings.Join(b.StandIns, " "))
		for _, name := range []string{"make", "npx"} {
			if slices.Contains(b.StandIns, name) {
				fmt.Fprintf(&text, "%s() { '%s/stand-in' %s \"$@\"; }\n", name, r.bin, name)
			}
		}
		text.WriteString(b.Text + "unset -f make npx\n")
	}
	return text.String()
}

// run wants every block to end without an error, and to call what its comment says
// that can't be run.
func (r runbook) run(blocks ...pages.Block) {
	r.t.Helper()
	ctx := r.t.Context()
	if deadline, ok := r.t.Deadline(); ok { // leaves time to report where it stood
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-30*time.Second))
		defer cancel()
	}
	cmd := r.command(ctx, "bash", "-c", r.given.Replace(r.script(blocks)))
	cmd.Stdin = strings.NewReader(strings.Repeat("a-secret\n", 9)) // for what is typed
	cmd.Env = append(cmd.Env,
		"PATH="+strings.Join([]string{r.bin, absolute(r.t, "node_modules", ".bin"), os.Getenv("PATH")}, string(os.PathListSeparator)),
		"CALLS="+r.calls, "AWS_PAGER=", "NO_COLOR=1",
		// Options of the CDK CLI: the stack as it was synthesized, and no question.
		"CDK_HOME="+filepath.Join(r.folder, "cdk-home"), "CDK_APP="+r.assembly(), "CDK_DISABLE_CLI_TELEMETRY=true",
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

// TestOperationsRunAsWritten goes from a release to a stack of which nothing is left.
func TestOperationsRunAsWritten(t *testing.T) {
	a := newAccount(t, production)
	before := a.inventory()
	a.must(a.deploy)
	a.must(a.release)
	neighbour := a.finalSnapshot("cloudstruct-production-eu")
	id := a.backup()
	// The cluster's name leaves no room for a suffix, which is why the page adds none.
	_, err := a.clients.rds.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{
		DBClusterIdentifier: &id, NewDBClusterIdentifier: aws.String(id + "-old"), ApplyImmediately: aws.Bool(true),
	})
	if err == nil || !strings.Contains(err.Error(), "at most 63") {
		t.Errorf("%s-old is accepted as a name: %v", id, err)
	}
	blocks := shell(t, "operations.md")
	// The page has two ways to take over what stayed. Each begins without a stack.
	second := slices.IndexFunc(blocks, func(b pages.Block) bool { return strings.Contains(b.Text, "cdk import ") })
	destroy := slices.DeleteFunc(slices.Clone(blocks), func(b pages.Block) bool { return b.Section != "Lift the protection" })
	if second < 0 || len(destroy) != 2 {
		t.Fatalf("the second way is block %d, and %d blocks destroy", second, len(destroy))
	}
	newRunbook(a).run(slices.Concat(blocks[:second], destroy, blocks[second:])...)

	left := strings.Join(a.inventory()["rds:describe_db_cluster_snapshots"], " ")
	others := strings.ReplaceAll(left, neighbour, "")
	if others == left || !strings.Contains(left, "replaced-by-restored-") || strings.Contains(others, "cloudstruct-production-") {
		t.Errorf("snapshots are left: %s; want that of the replaced cluster and %s, and none of the stack", left, neighbour)
	}
	for _, made := range added(a.inventory(), before) {
		switch kind, _, _ := strings.Cut(made, " "); kind {
		case "ecr:describe_repositories", "elbv2:describe_load_balancers", "lambda:list_functions", "s3:list_buckets":
			t.Errorf("left over: %s", made)
		}
	}
}

// finalSnapshot is what the deletion of another stack left, whose name begins with this
// one's.
func (a testAccount) finalSnapshot(stack string) (snapshot string) {
	a.t.Helper()
	cluster, snapshot := stack+"-databasecluster5b53a178-x", stack+"-snapshot-databasecluster5b53a178-x"
	a.python(&struct{}{}, "call.py", "rds", "create_db_cluster", fmt.Sprintf(`{"DBClusterIdentifier": %q, "Engine": "aurora-mysql"}`, cluster))
	a.python(&struct{}{}, "call.py", "rds", "delete_db_cluster",
		fmt.Sprintf(`{"DBClusterIdentifier": %q, "FinalDBSnapshotIdentifier": %q}`, cluster, snapshot))
	return snapshot
}

// backup makes a snapshot of the database, as RDS does every night.
func (a testAccount) backup() (cluster string) {
	a.t.Helper()
	var clusters struct {
		DBClusters []struct{ DBClusterIdentifier string }
	}
	a.python(&clusters, "call.py", "rds", "describe_db_clusters")
	a.python(&struct{}{}, "call.py", "rds", "create_db_cluster_snapshot",
		fmt.Sprintf(`{"DBClusterIdentifier": %q, "DBClusterSnapshotIdentifier": "nightly"}`, clusters.DBClusters[0].DBClusterIdentifier))
	return clusters.DBClusters[0].DBClusterIdentifier
}

// oldProject is what a move begins with: a database in a network, and a name that App
// Runner has.
func (a testAccount) oldProject() (given []string) {
	a.t.Helper()
	var network struct{ Vpc struct{ VpcID string } }
	a.python(&network, "call.py", "ec2", "create_vpc", `{"CidrBlock": "10.1.0.0/16"}`)
	var group struct{ GroupID string }
	a.python(&group, "call.py", "ec2", "create_security_group",
		fmt.Sprintf(`{"GroupName": "old", "Description": "old", "VpcId": %q}`, network.Vpc.VpcID))
	const cluster = "cloudstructproductionaurora"
	for _, call := range [][3]string{
		{"rds", "create_db_cluster", `{"DBClusterIdentifier": "` + cluster + `", "Engine": "aurora-mysql", "EngineVersion": "8.0.mysql_aurora.3.04.0"}`},
		{"rds", "create_db_instance", `{"DBClusterIdentifier": "` + cluster + `", "DBInstanceIdentifier": "old-1", "Engine": "aurora-mysql", "DBInstanceClass": "db.serverless"}`},
		{"route53", "change_resource_record_sets", `{"HostedZoneId": "Z0123456789EXAMPLE", "ChangeBatch": {"Changes": [{"Action": "CREATE", "ResourceRecordSet":
			{"Name": "api.artisantiling.co.nz", "Type": "CNAME", "TTL": 60, "ResourceRecords": [{"Value": "x.awsapprunner.com"}]}}]}}`},
	} {
		a.python(&struct{}{}, "call.py", call[0], call[1], call[2])
	}
	return []string{
		"vpc-0123456789abcdef0", network.Vpc.VpcID, "sg-0123456789abcdef0", group.GroupID,
		"demo-prod-", cluster, "NAME=api.example.com", "NAME=api.artisantiling.co.nz",
		"sleep 60", "", // what a resolver remembers
	}
}

func TestMigrationRunsAsWritten(t *testing.T) {
	a := newAccount(t, production)
	a.must(a.deploy)
	a.must(a.release)
	newRunbook(a, a.oldProject()...).run(slices.Concat(shell(t, "operations.md")[:1], shell(t, "migrate.md"))...)

	var records struct {
		ResourceRecordSets []struct {
			Name, Type  string
			AliasTarget struct{ DNSName string }
		}
	}
	a.python(&records, "call.py", "route53", "list_resource_record_sets", `{"HostedZoneId": "Z0123456789EXAMPLE"}`)
	for _, r := range records.ResourceRecordSets {
		if r.Name == "api.artisantiling.co.nz." && (r.Type != "A" || !strings.Contains(r.AliasTarget.DNSName, ".elb.amazonaws.com")) {
			t.Errorf("App Runner's name is %+v, want an alias of the load balancer", r)
		}
	}
}

// TestDotnetCommandsRunInTheFolderOfTheProject runs them where `dotnet new` would have
// made the folder.
func TestDotnetCommandsRunInTheFolderOfTheProject(t *testing.T) {
	folder := t.TempDir()
	r := newRunbook(testAccount{&tour{folder: folder, emulator: &emulator{}}, t})
	if err := os.Mkdir(filepath.Join(folder, "Api"), 0o755); err != nil {
		t.Fatal(err)
	}
	blocks := shell(t, "dotnet.md")
	cmd := r.command(t.Context(), "bash", "-c", r.script(blocks))
	cmd.Dir, cmd.Env = folder, append(cmd.Env, "PATH="+r.bin+":"+os.Getenv("PATH"), "CALLS="+r.calls)
	if output, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	called, err := os.ReadFile(r.calls)
	if err != nil {
		t.Fatal(err)
	}
	if want := "in " + filepath.Join(folder, "Api") + ": dotnet add package"; len(blocks) != 1 || !strings.Contains(string(called), want) {
		t.Errorf("%d blocks called\n%s, want %s", len(blocks), called, want)
	}
}
