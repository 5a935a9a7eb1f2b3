package main

import (
	"encoding/json"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var (
	uses   = regexp.MustCompile(`(?m)^\s*(?:- )?uses: (.*)$`)
	pinned = regexp.MustCompile(`^(?:\./\.github/workflows/\S+|[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+)$`)
)

func TestActionsArePinnedByCommit(t *testing.T) {
	found := 0
	for path, data := range workflows(t) {
		for _, match := range uses.FindAllStringSubmatch(data, -1) {
			if found++; !pinned.MatchString(match[1]) {
				t.Errorf("%s uses %s: want its commit, and its version in a comment", path, match[1])
			}
		}
	}
	if found == 0 {
		t.Error("no action was found")
	}
}

func TestJobsHaveTheLeastPermissionsAndAnEnd(t *testing.T) {
	for path, data := range workflows(t) {
		var workflow struct {
			Permissions *map[string]string
			Jobs        map[string]struct {
				Uses    string
				Timeout int `yaml:"timeout-minutes"`
				Steps   []struct {
					Uses string
					With map[string]any
				}
			}
		}
		if err := yaml.Unmarshal([]byte(data), &workflow); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if workflow.Permissions == nil || len(*workflow.Permissions) > 0 {
			t.Errorf("%s: a job that names no permissions has some", path)
		}
		for name, job := range workflow.Jobs {
			if job.Uses == "" && job.Timeout == 0 {
				t.Errorf("%s: job %s may run for GitHub's six hours", path, name)
			}
			for _, step := range job.Steps {
				if strings.HasPrefix(step.Uses, "actions/checkout@") && step.With["persist-credentials"] != false {
					t.Errorf("%s: job %s leaves its token in the checkout", path, name)
				}
			}
		}
	}
}

func TestExampleCallsTheReleaseWorkflowAsItWantsToBeCalled(t *testing.T) {
	data, err := os.ReadFile("examples/api/.github/workflows/release.yml")
	if err != nil {
		t.Fatal(err)
	}
	var example struct {
		Jobs map[string]struct {
			Uses        string
			Permissions map[string]string
			With        map[string]string
		}
	}
	var called struct {
		On struct {
			Call struct {
				Inputs map[string]struct{ Required bool }
			} `yaml:"workflow_call"`
		}
		Jobs map[string]struct{ Permissions map[string]string }
	}
	const path = ".github/workflows/release-image.yml"
	if err := errors.Join(yaml.Unmarshal(data, &example), yaml.Unmarshal([]byte(workflows(t)[path]), &called)); err != nil {
		t.Fatal(err)
	}
	job := example.Jobs["release"]
	if job.Uses != "OWNER/cloudstruct/"+path+"@COMMIT" {
		t.Errorf("it calls %s", job.Uses)
	}
	for name := range job.With {
		if _, known := called.On.Call.Inputs[name]; !known {
			t.Errorf("it gives %s, which is no input", name)
		}
	}
	for name, input := range called.On.Call.Inputs {
		if _, given := job.With[name]; input.Required && !given {
			t.Errorf("it does not give %s", name)
		}
	}
	if !maps.Equal(job.Permissions, called.Jobs["release"].Permissions) {
		t.Errorf("it permits %v, and %v are needed", job.Permissions, called.Jobs["release"].Permissions)
	}
}

// workflows are the files of all workflows, by path.
func workflows(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(".github/workflows/*.yml")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[path] = string(data)
	}
	return files
}

// The digests of an index, of the image in it that ECS runs, and of others.
const (
	index   = "sha256:index"
	inside  = "sha256:inside"
	other   = "sha256:other"
	another = "sha256:another"
)

// moment is what ECR and ECS say at one time, see testdata/aws.py.
type moment struct {
	Tagged      string       `json:"tagged"`
	Deployments []deployment `json:"deployments"`
}

// deployment is of no image yet while it has no digest.
type deployment struct {
	ARN    string `json:"arn"`
	Status string `json:"status"`
	Digest string `json:"digest"`
}

func TestReleaseWorkflowReportsTheVerdict(t *testing.T) {
	before := deployment{"d1", "SUCCESSFUL", other}
	released := func(newestFirst ...deployment) moment {
		return moment{index, append(newestFirst, before)}
	}
	pushed := []moment{{other, []deployment{before}}, released()}
	for _, test := range []struct {
		name     string
		moments  []moment
		settings []string
		expired  bool   // the image is gone again
		refused  string // how ECR refuses the push
		want     string // starts the verdict, after its level
		also     []string
	}{
		{
			name: "a deployment that works",
			moments: append(pushed, released(deployment{"d2", "PENDING", ""}), released(deployment{"d2", "IN_PROGRESS", inside}),
				released(deployment{"d2", "SUCCESSFUL", inside})),
			want: "notice::Commit c0ffee is live: registry/my-api@" + index,
		},
		{
			name:    "ECS names the index itself",
			moments: append(pushed, released(deployment{"d2", "SUCCESSFUL", index})),
			want:    "notice::Commit c0ffee is live",
		},
		{
			name:    "a deployment that is turned back, while it is",
			moments: append(pushed, released(deployment{"d2", "IN_PROGRESS", inside}), released(deployment{"d2", "ROLLBACK_IN_PROGRESS", inside})),
			want:    "error::Commit c0ffee was turned back: tasks failed to start.%0AFailed tasks: 3%0AAlarms: errors, 100%25 slow%0A",
			also:    []string{"Stopped task: Essential container in task exited, exit code 1, OutOfMemory%0A"},
		},
		{
			name:    "a deployment that was turned back, and the tag put back",
			moments: append(pushed, moment{other, []deployment{{"d2", "ROLLBACK_SUCCESSFUL", inside}, before}}),
			want:    "error::Commit c0ffee was turned back: tasks failed to start.%0A",
		},
		{
			name:    "a deployment that never ran anything",
			moments: append(pushed, released(deployment{"d2", "IN_PROGRESS", ""}), released(deployment{"d2", "ROLLBACK_REQUESTED", ""})),
			want:    "error::Commit c0ffee was turned back: tasks failed to start.%0A",
		},
		{
			name: "another push, while the deployment is under way",
			moments: append(pushed, released(deployment{"d2", "IN_PROGRESS", inside}),
				moment{another, []deployment{{"d2", "IN_PROGRESS", inside}, before}}),
			want: "error::Commit c0ffee is not live: jellybean names sha256:another by now",
		},
		{
			name: "another push, deployed already",
			moments: append(pushed, moment{another, []deployment{
				{"d3", "SUCCESSFUL", another}, {"d2", "STOPPED", inside}, before}}),
			want: "error::Commit c0ffee is not live: jellybean names sha256:another by now",
		},
		{
			name: "a deployment that another of the same image overtakes",
			moments: append(pushed, released(deployment{"d2", "STOPPED", inside}),
				released(deployment{"d3", "SUCCESSFUL", inside}, deployment{"d2", "STOPPED", inside})),
			want: "notice::Commit c0ffee is live",
		},
		{
			name:     "no deployment",
			moments:  pushed,
			settings: []string{"QUIET_SECONDS=0"},
			want:     "error::Commit c0ffee was pushed as jellybean, but no deployment of it began. With image.autoDeploy false,",
		},
		{
			name:     "a deployment without an end",
			moments:  append(pushed, released(deployment{"d2", "IN_PROGRESS", inside})),
			settings: []string{"TIMEOUT_MINUTES=0"},
			want:     "error::Commit c0ffee is still being deployed after 0 minutes",
		},
		{
			name:     "it waits for a roll-back of the image before, however long",
			settings: []string{"QUIET_SECONDS=1", "POLL_SECONDS=1"},
			moments: []moment{
				{another, []deployment{{"d2", "IN_PROGRESS", ""}, before}},
				released(deployment{"d2", "IN_PROGRESS", ""}), released(deployment{"d2", "ROLLBACK_IN_PROGRESS", ""}),
				released(deployment{"d3", "IN_PROGRESS", inside}, deployment{"d2", "ROLLBACK_SUCCESSFUL", ""}),
				released(deployment{"d3", "SUCCESSFUL", inside}, deployment{"d2", "ROLLBACK_SUCCESSFUL", ""}),
			},
			want: "notice::Commit c0ffee is live",
		},
		{
			name: "a deployment from before the push runs the image, and fails",
			moments: []moment{
				{another, []deployment{{"d2", "IN_PROGRESS", ""}, before}},
				released(deployment{"d2", "ROLLBACK_IN_PROGRESS", inside}),
			},
			want: "error::Commit c0ffee was turned back",
		},
		{
			name: "an image that was turned back before works this time",
			moments: []moment{
				{other, []deployment{{"d2", "ROLLBACK_SUCCESSFUL", inside}, before}},
				released(deployment{"d2", "ROLLBACK_SUCCESSFUL", inside}),
				released(deployment{"d3", "SUCCESSFUL", inside}, deployment{"d2", "ROLLBACK_SUCCESSFUL", inside}),
			},
			want: "notice::Commit c0ffee is live",
		},
		{
			name:    "an image that has the tag and runs already",
			moments: []moment{released(deployment{"d2", "SUCCESSFUL", inside}), released(deployment{"d2", "SUCCESSFUL", inside})},
			refused: "ImageAlreadyExistsException",
			want:    "notice::Commit c0ffee is live",
		},
		{
			name:    "a push that is refused",
			moments: pushed,
			refused: "AccessDeniedException",
			want:    "error::An error occurred (AccessDeniedException) when calling the PutImage operation",
		},
		{
			name:    "an image that has expired",
			moments: pushed,
			expired: true,
			want:    "error::Commit c0ffee can't be released: registry/my-api@sha256:index is not there any more.",
		},
		{
			name:    "a service that was never deployed",
			moments: []moment{{other, []deployment{}}, {index, []deployment{}}, {index, []deployment{{"d1", "SUCCESSFUL", inside}}}},
			want:    "notice::Commit c0ffee is live",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			verdict, summary, err := runRelease(t, map[string]any{"moments": test.moments, "expired": test.expired, "refused": test.refused}, test.settings...)
			var exit *exec.ExitError
			if live := strings.HasPrefix(test.want, "notice"); live && err != nil || !live && !errors.As(err, &exit) {
				t.Errorf("ended with %v", err)
			}
			if !strings.HasPrefix(verdict, "::"+test.want) {
				t.Errorf("the verdict is\n%s\nwant\n::%s", verdict, test.want)
			}
			for _, part := range test.also {
				if !strings.Contains(verdict, part) {
					t.Errorf("the verdict lacks %s:\n%s", part, verdict)
				}
			}
			_, text, _ := strings.Cut(strings.TrimPrefix(verdict, "::"), "::")
			if shown := strings.NewReplacer("%0A", "\n", "%25", "%").Replace(text); strings.TrimSpace(summary) != shown {
				t.Errorf("the summary is\n%s\nwant\n%s", summary, shown)
			}
		})
	}
}

// runRelease runs the script of the workflow's last step, and gives the last line
// of its log and the run's summary.
func runRelease(t *testing.T, world map[string]any, settings ...string) (verdict, summary string, err error) {
	t.Helper()
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	world["manifest"] = `{"manifests": [{"digest": "` + inside + `"}]}`
	world["failure"] = map[string]any{
		"statusReason":             "tasks failed to start.",
		"deploymentCircuitBreaker": map[string]any{"failureCount": 3},
		"alarms":                   map[string]any{"triggeredAlarmNames": []string{"errors", "100% slow"}},
	}
	world["tasks"] = []any{
		map[string]any{"startedBy": "ecs-svc/d0", "stoppedReason": "Scaling activity initiated by deployment", "containers": []any{map[string]any{"exitCode": 0}}},
		map[string]any{"startedBy": "ecs-svc/d2", "stoppedReason": "Essential container in task exited", "containers": []any{map[string]any{"exitCode": 1, "reason": "OutOfMemory"}}},
	}
	worldJSON, err := json.Marshal(world)
	if err != nil {
		t.Fatal(err)
	}
	python, err := filepath.Abs(".tools/venv/bin/python")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("%v: make test installs it", err)
	}
	fake, err := filepath.Abs("testdata/aws.py")
	if err != nil {
		t.Fatal(err)
	}
	write("aws", "#!/bin/sh\nexec '"+python+"' '"+fake+"' \"$@\"\n", 0o755)
	summaryFile := write("summary", "", 0o644)
	// As the runner does it for `shell: bash`.
	cmd := exec.Command("bash", "--noprofile", "--norc", "-eo", "pipefail", write("step.sh", releaseScript(t), 0o644))
	cmd.Env = append([]string{
		"PATH=" + dir + ":" + os.Getenv("PATH"), "WORLD=" + write("world.json", string(worldJSON), 0o644), "GITHUB_STEP_SUMMARY=" + summaryFile,
		"REPOSITORY=registry/my-api", "NAME=my-api", "TAG=jellybean", "CLUSTER=C", "SERVICE=S", "DIGEST=" + index, "GITHUB_SHA=c0ffee",
		"TIMEOUT_MINUTES=5", "POLL_SECONDS=0", "QUIET_SECONDS=30",
	}, settings...)
	output, err := cmd.CombinedOutput()
	t.Logf("%s", output)
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	content, readErr := os.ReadFile(summaryFile)
	if readErr != nil {
		t.Fatal(readErr)
	}
	return lines[len(lines)-1], string(content), err
}

func releaseScript(t *testing.T) string {
	t.Helper()
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ ID, Run string }
		}
	}
	if err := yaml.Unmarshal([]byte(workflows(t)[".github/workflows/release-image.yml"]), &workflow); err != nil {
		t.Fatal(err)
	}
	for _, step := range workflow.Jobs["release"].Steps {
		if step.ID == "release" {
			return step.Run
		}
	}
	t.Fatal("the workflow has no step release")
	return ""
}
