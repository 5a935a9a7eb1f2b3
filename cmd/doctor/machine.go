package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// toolVersion is what a program says of its version.
func toolVersion(ctx context.Context, name string, arguments ...string) (string, error) {
	output, err := exec.CommandContext(ctx, name, arguments...).Output()
	return strings.TrimSpace(string(output)), err
}

// node is what the CDK runs on: the pinned one is found first by make and by npx.
func (p *patient) node(ctx context.Context) (finding, error) {
	var pinned struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	data, err := os.ReadFile("package.json")
	if err == nil {
		err = json.Unmarshal(data, &pinned)
	}
	if err != nil {
		return finding{}, err
	}
	return p.atLeast(ctx, pinned.DevDependencies["node"], "npm ci, and run it by make or npx", "node", "--version")
}

// golang builds the app and its functions.
func (p *patient) golang(ctx context.Context) (finding, error) {
	data, err := os.ReadFile("go.mod")
	if err != nil {
		return finding{}, err
	}
	match := regexp.MustCompile(`(?m)^go (\S+)$`).FindSubmatch(data)
	if match == nil {
		return finding{}, fmt.Errorf("go.mod names no version")
	}
	return p.atLeast(ctx, string(match[1]), fmt.Sprintf("install Go %s, or unset GOTOOLCHAIN", match[1]), "go", "env", "GOVERSION")
}

// awsCLI is what the documentation's commands are for. Nothing else needs it, so its
// absence is no mistake. AWS_ENDPOINT_URL, which leads the CLI to make local's
// emulator, is known since 2.13.0 and 1.29.0.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
func (p *patient) awsCLI(ctx context.Context) (finding, error) {
	const fix = "install AWS CLI 2: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html"
	text, err := p.tool(ctx, "aws", "--version")
	version, _, _ := strings.Cut(strings.TrimPrefix(text, "aws-cli/"), " ")
	switch {
	case err != nil:
		return dubious(fix, "aws does not run, which the commands of docs/ need: %v", err)
	case older(version, "1.29.0"):
		return dubious(fix, "%s, the commands of docs/ are for version 2, and this one does not know AWS_ENDPOINT_URL, by which it would reach make local", version)
	case older(version, "2.0.0"):
		return dubious(fix, "%s, the commands of docs/ are for version 2", version)
	case older(version, "2.13.0"):
		return dubious(fix, "%s, which does not know AWS_ENDPOINT_URL, by which it would reach make local", version)
	default:
		return good("%s", version)
	}
}

func (p *patient) atLeast(ctx context.Context, wanted, fix, name string, arguments ...string) (finding, error) {
	version, err := p.tool(ctx, name, arguments...)
	if err != nil {
		return bad(fix, "%s does not run: %v", name, err)
	}
	if older(version, wanted) {
		return bad(fix, "%s is %s, want %s or newer", name, version, wanted)
	}
	return good("%s", version)
}

var number = regexp.MustCompile(`\d+`)

// older compares versions such as v24.21.0 and go1.26.0 by their numbers.
func older(version, wanted string) bool {
	have, want := number.FindAllString(version, 3), number.FindAllString(wanted, 3)
	for i := range want {
		if i >= len(have) {
			return false
		}
		a, _ := strconv.Atoi(have[i]) // digits alone
		b, _ := strconv.Atoi(want[i])
		if a != b {
			return a < b
		}
	}
	return false
}
