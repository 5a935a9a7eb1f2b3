package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
	"cloudstruct/internal/appcontext"
)

// TestTwoClonesSynthesizeTheSame wants the same template and the same functions
// from another folder, without AWS credentials or a region.
func TestTwoClonesSynthesizeTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the functions")
	}
	for _, environment := range []string{"production", "development"} {
		t.Run(environment, func(t *testing.T) {
			here := synth(t, ".", environment)
			there := synth(t, clone(t), environment)
			template := "CloudStruct-" + environment + ".template.json"
			if here[template] == "" {
				t.Fatalf("no %s among %d files", template, len(here))
			}
			for path, content := range here {
				if there[path] != content {
					t.Errorf("%s differs between two folders", path)
				}
			}
			if len(there) != len(here) {
				t.Errorf("%d files in one folder, %d in another", len(here), len(there))
			}
		})
	}
}

// synth runs the app as the CDK CLI does, and gives what will be deployed: the
// template, the asset list and the functions, by path.
func synth(t *testing.T, dir, environment string) map[string]string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "cdk.out")
	if output, err := app(t, dir, out, map[string]any{"environment": environment}).CombinedOutput(); err != nil {
		t.Fatalf("synth %s: %v\n%s", environment, err, output)
	}
	files := map[string]string{}
	err := filepath.WalkDir(out, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		name, err := filepath.Rel(out, path)
		if err != nil {
			return err
		}
		if strings.HasPrefix(name, "asset.") || strings.HasSuffix(name, ".template.json") || strings.HasSuffix(name, ".assets.json") {
			content, err := os.ReadFile(path)
			files[name] = string(content)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// app is the CDK app in a folder, given its context as the CLI gives it.
func app(t testing.TB, dir, out string, context map[string]any) *exec.Cmd {
	t.Helper()
	whole, err := appcontext.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(whole, context)
	contextJSON, err := json.Marshal(whole)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(t.TempDir(), "app")
	build := exec.Command("go", "build", "-o", binary, ".")
	build.Dir = dir
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, output)
	}
	cmd := exec.Command(binary)
	cmd.Dir = dir
	cmd.Env = append(withoutAWS(os.Environ()), "CDK_CONTEXT_JSON="+string(contextJSON), "CDK_OUTDIR="+out)
	return cmd
}

func withoutAWS(environment []string) []string {
	return slices.DeleteFunc(environment, func(variable string) bool {
		return strings.HasPrefix(variable, "AWS_") || strings.HasPrefix(variable, "CDK_")
	})
}

// clone copies what git has of this folder, changes included.
func clone(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, root := range []string{"cloudstruct.go", "cdk.json", "go.mod", "go.sum", "config", "lib", "functions"} {
		if err := copyTo(filepath.Join(dir, root), root); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func copyTo(target, source string) error {
	info, err := os.Stat(source)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return os.CopyFS(target, os.DirFS(source))
	}
	content, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	return os.WriteFile(target, content, 0o644)
}

func TestMistakesAreExplainedWithoutATrace(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	if err := os.WriteFile(bad, []byte("environment: production\nimage: {keep: 0, colour: blue}\nscaling: {min: 9, max: 3}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name    string
		context map[string]any
		want    string
	}{
		{"all mistakes of a file at once", map[string]any{"config": bad}, bad + ":2: image.colour: unknown key; the keys here are autoDeploy, keep, repository, tag\n" +
			bad + ":2: image.keep: must be at least 1, got 0\n" +
			bad + ":3: scaling.max: must be at least min (9), got 3\n"},
		{"an environment that is not there", map[string]any{"environment": "staging"},
			"environment \"staging\": there is no config/staging.yaml; the environments are development, production\n"},
		{"an environment outside of the folder", map[string]any{"environment": "../production"},
			"environment \"../production\": must be the name of a file in config, without .yaml; use -c config=PATH for another file\n"},
		{"no environment", nil,
			"no environment is chosen: add -c environment=NAME, where NAME is development or production, or -c config=PATH for a file elsewhere\n"},
		{"a mistyped key", map[string]any{"environmnt": "development"},
			"context key environmnt: unknown; did you mean -c environment=development?\n"},
		{"two files at once", map[string]any{"environment": "production", "config": bad},
			"environment production and configuration file " + bad + ": give one of them\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			cmd := app(t, ".", t.TempDir(), test.context)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("ended with %v, want exit code 1", err)
			}
			if stderr.String() != test.want || stdout.Len() > 0 {
				t.Errorf("printed %q and %q, want %q alone", stdout.String(), stderr.String(), test.want)
			}
		})
	}
}

// TestTheRuntimeEndsQuietly closes jsii's Node process often enough to see its two
// waits for it race, as they did before jsii-runtime-go 1.142: one in four ends
// printed "Runtime process exited abnormally: waitid: no child processes".
func TestTheRuntimeEndsQuietly(t *testing.T) {
	if testing.Short() {
		t.Skip("starts Node thirty times")
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stderr := os.Stderr
	os.Stderr = write
	for range 30 {
		constructs.NewRootConstruct(nil)
		jsii.Close()
	}
	os.Stderr = stderr
	if err := write.Close(); err != nil {
		t.Fatal(err)
	}
	printed, err := io.ReadAll(read)
	if err != nil || bytes.Contains(printed, []byte("exited abnormally")) {
		t.Errorf("printed %q, %v", printed, err)
	}
}

// TestWhatTheCDKRefusesIsOneLine takes values that the reader of the configuration
// does not let through.
func TestWhatTheCDKRefusesIsOneLine(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*config.Config)
		want   string
	}{
		{"while the stack is made", func(c *config.Config) { c.Database.Rotation = 4*time.Hour + time.Second }, "'14401 seconds' cannot be converted"},
		{"at the end", func(c *config.Config) { c.Tags = map[string]string{"a": "x;y"} }, "Validation failed"},
		{"by the stack itself", func(c *config.Config) { c.Logs.RetentionDays = 2 }, "logs.retentionDays: CloudWatch Logs has no period of 2 days"},
	} {
		t.Run(test.name, func(t *testing.T) {
			context, err := appcontext.WithoutFunctions(".")
			if err != nil {
				t.Fatal(err)
			}
			cfg := config.Default()
			cfg.Environment = "production"
			test.change(&cfg)
			err = synthesize(awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: jsii.String(t.TempDir())}), cfg)
			if err == nil || strings.Contains(err.Error(), "\n") || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want one line with %s", err, test.want)
			}
			for _, trace := range []string{"goroutine", " at ", ".js:", ".go:"} {
				if err != nil && strings.Contains(err.Error(), trace) {
					t.Errorf("%q has %q, a part of a trace", err, trace)
				}
			}
		})
	}
}

// BenchmarkSynth measures `cdk synth` of production beside that of an app with
// nothing in its stack, in turn, so that what else the machine does slows both.
func BenchmarkSynth(b *testing.B) {
	empty := emptyApp(b)
	cli := func(dir string, arguments ...string) time.Duration {
		begun := time.Now()
		cmd := exec.Command("cdk", append([]string{"synth", "--quiet", "--no-notices", "--output", filepath.Join(dir, ".local", "bench")}, arguments...)...)
		cmd.Dir = dir
		cmd.Env = append(withoutAWS(os.Environ()), "CDK_DISABLE_CLI_TELEMETRY=true")
		if output, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("cdk synth in %s: %v\n%s", dir, err, output)
		}
		return time.Since(begun)
	}
	cli(empty) // the first builds
	cli(".", "-c", "environment=production")
	alone := app(b, ".", filepath.Join(".local", "bench"), map[string]any{"environment": "production"})
	inApp := func() time.Duration {
		begun := time.Now()
		cmd := exec.Command(alone.Path)
		cmd.Dir, cmd.Env = alone.Dir, alone.Env
		if output, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("the app: %v\n%s", err, output)
		}
		return time.Since(begun)
	}
	var floor, ours, inside time.Duration
	for b.Loop() {
		floor += cli(empty)
		ours += cli(".", "-c", "environment=production")
		inside += inApp()
	}
	b.ReportMetric(0, "ns/op") // the pair of them says nothing
	b.ReportMetric(floor.Seconds()/float64(b.N), "empty-s")
	b.ReportMetric(ours.Seconds()/float64(b.N), "production-s")
	// The rest is the CLI's, and that of go run, which finds everything built.
	b.ReportMetric(inside.Seconds()/float64(b.N), "of-which-app-s")
	b.ReportMetric(ours.Seconds()/floor.Seconds(), "ratio")
}

// emptyApp makes a CDK app with the same versions and settings, and one empty
// stack.
func emptyApp(b *testing.B) string {
	b.Helper()
	dir := b.TempDir()
	for _, name := range []string{"cdk.json", "go.mod", "go.sum"} {
		if err := copyTo(filepath.Join(dir, name), name); err != nil {
			b.Fatal(err)
		}
	}
	source := `package main

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssns"
	"github.com/aws/jsii-runtime-go"
)

func main() {
	defer jsii.Close()
	app := awscdk.NewApp(nil)
	stack := awscdk.NewStack(app, jsii.String("Empty"), nil)
	awssns.NewTopic(stack, jsii.String("Topic"), nil) // a template must have a resource
	app.Synth(nil)
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
		b.Fatal(err)
	}
	return dir
}

func TestPanicsBecomeErrorsOfOneLine(t *testing.T) {
	err := func() (err error) {
		defer recoverTo(&err)
		panic("refused\n    at Object.<anonymous> (file.js:1:2)")
	}()
	if err == nil || err.Error() != "refused" {
		t.Errorf("got %v, want refused", err)
	}
}
