package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// The tests here deploy, update and destroy the real stack, each on an emulator of
// its own, and let things go wrong. They need what `make test` installs.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := os.Chdir(filepath.Join("..", "..")); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

const (
	production = `
environment: production
domain: {name: artisantiling.co.nz, hostedZoneId: Z0123456789EXAMPLE}
database: {rotation: 720h}
github: {repository: owner/name, branch: main}
`
	development = `
environment: development
network: {nat: none}
scaling: {min: 1}
service: {onDemandBase: 0, onDemandWeight: 0, spotWeight: 1%s}
image: {tag: %s}
database: {minCapacity: 0, readers: 0, deletionProtection: false}
loadBalancer: {deletionProtection: false}
terminationProtection: false
retain: false
`
)

// testAccount is what a test has: a bootstrapped account, with the configuration's
// hosted zone in it.
type testAccount struct {
	*tour
	t *testing.T
}

// newAccount makes one, whose tour inherits more variables than this test has.
func newAccount(t *testing.T, configuration string, inherited ...string) testAccount {
	t.Helper()
	skipUnlessInstalled(t)
	folder := t.TempDir()
	log, err := openLog(folder)
	if err != nil {
		t.Fatal(err)
	}
	a := testAccount{&tour{folder: folder, log: log, out: io.Discard, inherited: append(os.Environ(), inherited...)}, t}
	a.variables = []string{"EMULATOR_REGISTRY_DOWN=" + a.registryDown(), "EMULATOR_REFUSALS=" + a.refusals(), "EMULATOR_TARGETS_DOWN=" + a.targetsDown()}
	a.record()
	t.Cleanup(func() {
		if a.emulator != nil {
			if err := a.emulator.stop(); err != nil {
				t.Error(err)
			}
		}
		if t.Failed() {
			t.Logf("the end of the log:\n%s", lastLines(log.Name(), 0))
		}
		log.Close()
	})
	t.Parallel()
	a.configure(configuration)
	a.must(a.bootstrap)
	return a
}

func skipUnlessInstalled(t *testing.T) {
	t.Helper()
	for _, needed := range []string{filepath.Join("node_modules", ".bin", "cdk"), filepath.Join(".tools", "venv", "installed")} {
		if _, err := os.Stat(needed); err != nil {
			t.Skip("make test installs what this needs:", err)
		}
	}
}

// registryDown is the file whose presence takes the registry down.
func (a testAccount) registryDown() string { return filepath.Join(a.folder, "registry-is-down") }

// must takes a step of the tour.
func (a testAccount) must(step func(context.Context) (string, error)) {
	a.t.Helper()
	if _, err := step(a.t.Context()); err != nil {
		a.t.Fatal(err)
	}
}

// configure writes a configuration, starts the emulator of its hosted zone, and
// synthesizes it.
func (a testAccount) configure(text string) {
	a.t.Helper()
	a.file = filepath.Join(a.folder, "configuration.yaml")
	if err := os.WriteFile(a.file, []byte(text), 0o644); err != nil {
		a.t.Fatal(err)
	}
	a.must(a.readConfiguration)
	if a.emulator == nil { // where cdk then asks for the account
		a.must(a.startEmulator)
	}
	a.must(a.synthesize)
}

// python runs a script of testdata/ at the emulator, and reads what it prints.
func (a testAccount) python(answer any, script string, arguments ...string) {
	a.t.Helper()
	cmd := a.command(a.t.Context(), filepath.Join(".tools", "venv", "bin", "python"),
		append([]string{filepath.Join("cmd", "local", "testdata", script)}, arguments...)...)
	cmd.Env = append(cmd.Env, "AWS_DEFAULT_REGION="+region) // botocore's own name for it
	cmd.Stderr = a.log
	output, err := cmd.Output()
	if err != nil {
		a.t.Fatalf("%s %v: %v", script, arguments, err)
	}
	if err := json.Unmarshal(output, answer); err != nil {
		a.t.Fatalf("%s: %v", script, err)
	}
}

// inventory is what the account has, by kind.
func (a testAccount) inventory() map[string][]string {
	a.t.Helper()
	var found map[string][]string
	a.python(&found, "inventory.py")
	// Not what the test subscribes by itself.
	found["sqs:list_queues"] = slices.DeleteFunc(found["sqs:list_queues"], func(url string) bool { return strings.HasSuffix(url, "/inbox") })
	return found
}

// added is what one inventory has more than another.
func added(more, than map[string][]string) []string {
	var all []string
	for _, kind := range slices.Sorted(maps.Keys(more)) {
		for _, name := range more[kind] {
			if !slices.Contains(than[kind], name) {
				all = append(all, kind+" "+name)
			}
		}
	}
	return all
}

func (a testAccount) wantSameInventory(want map[string][]string) {
	a.t.Helper()
	got := a.inventory()
	for _, extra := range added(got, want) {
		a.t.Errorf("left over: %s", extra)
	}
	for _, missing := range added(want, got) {
		a.t.Errorf("gone: %s", missing)
	}
}

// mustFail deploys what can't be deployed, and wants the stack to end in a status
// and to have told the reason.
func (a testAccount) mustFail(status cfntypes.StackStatus, reason string) {
	a.t.Helper()
	if err := a.tryDeploy(); err == nil {
		a.t.Fatal("the deployment succeeded")
	}
	a.wantStatus(status, reason)
}

// tryDeploy does what `make deploy` does.
func (a testAccount) tryDeploy() error {
	a.t.Helper()
	cleanup := a.command(a.t.Context(), "go", "run", "./cmd/cleanup", "-config", a.file)
	cleanup.Stdout, cleanup.Stderr = a.log, a.log
	if err := cleanup.Run(); err != nil {
		a.t.Fatal(err)
	}
	_, err := a.deploy(a.t.Context())
	return err
}

func (a testAccount) wantStatus(status cfntypes.StackStatus, reason string) {
	a.t.Helper()
	name := aws.String(a.config.StackName())
	stacks, err := a.clients.cloudformation.DescribeStacks(a.t.Context(), &cloudformation.DescribeStacksInput{StackName: name})
	if err != nil {
		a.t.Fatal(err)
	}
	if got := stacks.Stacks[0].StackStatus; got != status {
		a.t.Fatalf("the stack is %s, want %s", got, status)
	}
	var told []string
	events := cloudformation.NewDescribeStackEventsPaginator(a.clients.cloudformation, &cloudformation.DescribeStackEventsInput{StackName: name})
	for events.HasMorePages() {
		page, err := events.NextPage(a.t.Context())
		if err != nil {
			a.t.Fatal(err)
		}
		for _, event := range page.StackEvents {
			if strings.HasSuffix(string(event.ResourceStatus), "_FAILED") {
				told = append(told, aws.ToString(event.LogicalResourceId)+": "+aws.ToString(event.ResourceStatusReason))
			}
		}
	}
	if !strings.Contains(strings.Join(told, "\n"), reason) {
		a.t.Errorf("told %q, want %q", told, reason)
	}
}

// wantClean wants neither the template nor what was made of it to differ.
func (a testAccount) wantClean(when string) {
	a.t.Helper()
	for _, command := range []string{"diff", "drift"} {
		if err := a.onStack(a.t.Context(), command, "--fail"); err != nil {
			a.t.Errorf("%s: %v", when, err)
		}
	}
}

// state is what a roll-back must bring back.
type state struct {
	Template, TaskDefinition     string
	Running, DeployTag, LastGood string
	Resources                    []string
}

func (a testAccount) state() state {
	a.t.Helper()
	ctx := a.t.Context()
	var s state
	read := func(into *string, from func(context.Context) (string, error)) {
		a.t.Helper()
		var err error
		if *into, err = from(ctx); err != nil || *into == "" {
			a.t.Fatalf("read %q, %v", *into, err)
		}
	}
	read(&s.Running, a.running)
	read(&s.DeployTag, a.tagged("jellybean"))
	read(&s.LastGood, a.tagged(lastGood))
	read(&s.Template, func(ctx context.Context) (string, error) {
		answer, err := a.clients.cloudformation.GetTemplate(ctx, &cloudformation.GetTemplateInput{
			StackName: aws.String(a.config.StackName()), TemplateStage: cfntypes.TemplateStageOriginal,
		})
		if err != nil {
			return "", err
		}
		return aws.ToString(answer.TemplateBody), nil
	})
	read(&s.TaskDefinition, func(ctx context.Context) (string, error) {
		answer, err := a.clients.ecs.DescribeServices(ctx, &ecs.DescribeServicesInput{
			Cluster: aws.String(a.outputs["ClusterName"]), Services: []string{a.outputs["ServiceName"]},
		})
		if err != nil {
			return "", err
		}
		return aws.ToString(answer.Services[0].TaskDefinition), nil
	})
	resources, err := a.resources(ctx)
	if err != nil {
		a.t.Fatal(err)
	}
	for _, r := range resources {
		s.Resources = append(s.Resources, aws.ToString(r.LogicalResourceId)+" "+aws.ToString(r.PhysicalResourceId))
	}
	slices.Sort(s.Resources)
	return s
}

func (a testAccount) wantState(want state) {
	a.t.Helper()
	got := a.state()
	for i := range reflect.TypeFor[state]().NumField() {
		g, w := reflect.ValueOf(got).Field(i).Interface(), reflect.ValueOf(want).Field(i).Interface()
		if !reflect.DeepEqual(g, w) {
			a.t.Errorf("%s is %v, was %v", reflect.TypeFor[state]().Field(i).Name, g, w)
		}
	}
}

// takeAddresses leaves the account's quota one short of what the stack needs.
func (a testAccount) takeAddresses() (release func()) {
	a.t.Helper()
	var taken []string
	for range 4 {
		var address struct {
			ID string `json:"AllocationId"`
		}
		a.python(&address, "call.py", "ec2", "allocate_address")
		taken = append(taken, address.ID)
	}
	return func() {
		for _, id := range taken {
			a.python(&struct{}{}, "call.py", "ec2", "release_address", fmt.Sprintf(`{"AllocationId": %q}`, id))
		}
	}
}

// breakRegistry takes the registry down until it is mended.
func (a testAccount) breakRegistry() (mend func()) {
	a.t.Helper()
	if err := os.WriteFile(a.registryDown(), nil, 0o644); err != nil {
		a.t.Fatal(err)
	}
	return func() {
		if err := os.Remove(a.registryDown()); err != nil {
			a.t.Fatal(err)
		}
	}
}

// TestProductionFromFailedDeployToWhatADestroyKeeps lets a first deploy fail in
// three ways, and then goes through the life of the stack that the next one makes.
func TestProductionFromFailedDeployToWhatADestroyKeeps(t *testing.T) {
	a := newAccount(t, production)
	before := a.inventory()
	for _, failure := range []struct {
		name   string
		cause  func() (mend func())
		reason string
	}{
		{"the registry is down", a.breakRegistry, "connection refused"},
		{"no address is left", a.takeAddresses, "maximum number of addresses"},
		{"the hosted zone is another", func() func() {
			a.configure(strings.Replace(production, "Z0123456789EXAMPLE", "Z0SOMEONEELSES", 1))
			return func() { a.configure(production) }
		}, "No hosted zone found with ID: Z0SOMEONEELSES"},
	} {
		mend := failure.cause()
		a.mustFail(cfntypes.StackStatusRollbackComplete, failure.reason)
		mend()
		a.wantSameInventory(before)
		if t.Failed() {
			t.Fatalf("when %s", failure.name)
		}
	}

	if err := a.tryDeploy(); err != nil {
		t.Fatal(err)
	}
	a.wantClean("after the deploy")
	a.must(a.release)
	a.wantClean("after a release")
	a.must(a.failingRelease)
	a.wantClean("after a release that was turned back")
	a.scale(5)
	a.wantClean("after scaling")
	a.must(a.rotate)
	a.wantClean("after a rotation")

	a.must(a.releaseAsWorkflow)
	a.loseEvents(a.rotationEvent)
	a.configure(production + "image: {autoDeploy: false}\n")
	a.must(a.deploy)
	a.loseEvents(a.pushEvent, a.rotationEvent)
	a.must(a.reportedPush)

	a.must(a.destroy) // which is refused at first
	kept := added(a.inventory(), before)
	for i, prefix := range []string{"ecr:describe_repositories my-api", "rds:describe_db_cluster_snapshots ", "s3:list_buckets "} {
		if len(kept) != 3 || !strings.HasPrefix(kept[i], prefix) {
			t.Fatalf("destroy kept %q, want a repository, a snapshot and a bucket", kept)
		}
	}
	for _, tag := range []string{"jellybean", lastGood} {
		if digest, err := a.tagged(tag)(t.Context()); err != nil || digest == "" {
			t.Errorf("tag %s names %q, %v", tag, digest, err)
		}
	}
}

// scale sets the number of tasks as autoscaling does.
func (a testAccount) scale(tasks int32) {
	a.t.Helper()
	_, err := a.clients.ecs.UpdateService(a.t.Context(), &ecs.UpdateServiceInput{
		Cluster: aws.String(a.outputs["ClusterName"]), Service: aws.String(a.outputs["ServiceName"]), DesiredCount: aws.Int32(tasks),
	})
	if err != nil {
		a.t.Fatal(err)
	}
}

// rotate changes the database's password, and waits until new tasks have it.
func (a testAccount) rotate(ctx context.Context) (string, error) {
	before, err := a.succeeded(ctx)
	if err != nil {
		return "", err
	}
	a.changePassword()
	return "", a.await(ctx, "tasks with the new password", func(ctx context.Context) (string, error) {
		after, err := a.succeeded(ctx)
		if err != nil || aws.ToString(after.ServiceDeploymentArn) == aws.ToString(before.ServiceDeploymentArn) {
			return "the same deployment", err
		}
		return "another deployment", nil
	}, "another deployment")
}

func (a testAccount) changePassword() {
	a.t.Helper()
	a.python(&struct{}{}, "call.py", "secretsmanager", "put_secret_value",
		fmt.Sprintf(`{"SecretId": %q, "SecretString": "{\"username\": \"dbadmin\", \"password\": \"another\"}"}`, a.outputs["DatabaseSecretArn"]))
}

func TestDestroyOfDevelopmentLeavesNothing(t *testing.T) {
	a := newAccount(t, fmt.Sprintf(development, "", "jellybean"))
	before := a.inventory()
	a.must(a.deploy)
	a.must(a.release)
	a.must(a.failingRelease)
	a.must(a.stallingRelease)
	a.forget()
	a.must(a.ringAlarm)
	a.failFunction()
	a.loseEvents(a.pushEvent, a.deploymentEvent, a.scheduleEvent, a.placementEvent)

	logs := ""
	for _, made := range added(a.inventory(), before) {
		if name, ok := strings.CutPrefix(made, "s3:list_buckets "); ok {
			logs = name
		}
	}
	a.python(&struct{}{}, "call.py", "s3", "put_object", fmt.Sprintf(`{"Bucket": %q, "Key": "AWSLogs/one.gz", "Body": "a line"}`, logs))
	a.must(a.destroy)
	a.wantSameInventory(before)
}
