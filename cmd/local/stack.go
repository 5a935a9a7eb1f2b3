package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// cdk runs the pinned CDK CLI against the emulator. What it prints goes to the
// log; its last lines are the error when it fails.
func (t *tour) cdk(ctx context.Context, dir string, arguments ...string) error {
	bin, err := filepath.Abs(filepath.Join("node_modules", ".bin"))
	if err != nil {
		return err
	}
	cmd := t.command(ctx, filepath.Join(bin, "cdk"), arguments...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Env,
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), // its Node, before this machine's
		"CDK_HOME="+filepath.Join(t.folder, "cdk-home"),            // where it remembers accounts
		"CDK_DISABLE_CLI_TELEMETRY=true", "NO_COLOR=1",
	)
	fmt.Fprintf(t.log, "$ cdk %s\n", strings.Join(arguments, " "))
	from, err := t.log.Seek(0, 1)
	if err != nil {
		return err
	}
	cmd.Stdout, cmd.Stderr = t.log, t.log
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("cdk %s: %w\n%s", arguments[0], err, lastLines(t.log.Name(), from))
	}
	return nil
}

// command is one that takes the emulator for AWS, and that ends when the tour does.
func (t *tour) command(ctx context.Context, name string, arguments ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, arguments...)
	cmd.Env = append(t.environ(),
		"AWS_ENDPOINT_URL="+t.emulator.origin, "AWS_REGION="+region, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull,
	)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// lastLines are those of a log from an offset on.
func lastLines(path string, from int64) string {
	file, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer file.Close()
	if _, err := file.Seek(from, 0); err != nil {
		return ""
	}
	var lines []string
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		lines = append(lines, "    "+scanner.Text())
	}
	return strings.Join(lines[max(0, len(lines)-15):], "\n")
}

// assembly is where the stack is synthesized to, once for all later commands.
func (t *tour) assembly() string { return filepath.Join(t.folder, "cdk.out") }

func (t *tour) synthesize(ctx context.Context) (string, error) {
	kind, name := t.chosen()
	return t.config.StackName(), t.cdk(ctx, "", "synth", "--quiet", "--no-notices", "-c", kind+"="+name, "--output", t.assembly())
}

// chosen is how the app and the commands are told of the configuration.
func (t *tour) chosen() (kind, name string) {
	if t.file != "" {
		return "config", t.file
	}
	return "environment", t.environment
}

// onStack is a command of the CDK CLI on the synthesized stack.
func (t *tour) onStack(ctx context.Context, arguments ...string) error {
	return t.cdk(ctx, "", append(arguments, "--app", t.assembly(), "--no-notices")...)
}

// bootstrap runs in another folder: in that of the app it would overwrite
// cdk.out without the functions.
func (t *tour) bootstrap(ctx context.Context) (string, error) {
	target := fmt.Sprintf("aws://%s/%s", account, region)
	return target, t.cdk(ctx, t.folder, "bootstrap", target)
}

func (t *tour) deploy(ctx context.Context) (string, error) {
	if err := t.onStack(ctx, "deploy", "--require-approval", "never", "--progress", "events"); err != nil {
		return "", err
	}
	stacks, err := t.clients.cloudformation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(t.config.StackName())})
	if err != nil {
		return "", err
	}
	t.outputs = map[string]string{}
	for _, output := range stacks.Stacks[0].Outputs {
		t.outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	for _, name := range slices.Sorted(maps.Keys(t.outputs)) {
		t.detail("%-20s %s", name, t.outputs[name])
	}
	return t.compareTemplate(ctx)
}

// compareTemplate makes sure that what was deployed is what was synthesized.
func (t *tour) compareTemplate(ctx context.Context) (string, error) {
	path := filepath.Join(t.assembly(), t.config.StackName()+".template.json")
	synthesized, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	deployed, err := t.clients.cloudformation.GetTemplate(ctx, &cloudformation.GetTemplateInput{
		StackName: aws.String(t.config.StackName()), TemplateStage: types.TemplateStageOriginal,
	})
	if err != nil {
		return "", err
	}
	if strings.TrimSpace(aws.ToString(deployed.TemplateBody)) != strings.TrimSpace(string(synthesized)) {
		return "", fmt.Errorf("the deployed template is not %s", path)
	}
	var template struct{ Resources map[string]any }
	if err := json.Unmarshal(synthesized, &template); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d resources, the template unchanged", len(template.Resources)), nil
}

func (t *tour) diff(ctx context.Context) (string, error) {
	return "cdk diff: no differences", t.onStack(ctx, "diff", "--fail")
}

// destroy lifts what protects the stack first, as a person would have to.
func (t *tour) destroy(ctx context.Context) (string, error) {
	name := aws.String(t.config.StackName())
	lifted := ""
	if t.config.TerminationProtection {
		if err := t.onStack(ctx, "destroy", "--force"); err == nil {
			return "", errors.New("termination protection did not hold")
		}
		_, err := t.clients.cloudformation.UpdateTerminationProtection(ctx, &cloudformation.UpdateTerminationProtectionInput{
			StackName: name, EnableTerminationProtection: aws.Bool(false),
		})
		if err != nil {
			return "", err
		}
		lifted = "refused at first; protection lifted by hand"
	}
	if err := t.liftDeletionProtection(ctx); err != nil {
		return "", err
	}
	if err := t.onStack(ctx, "destroy", "--force"); err != nil {
		return "", err
	}
	if _, err := t.clients.cloudformation.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: name}); err == nil {
		return "", errors.New("the stack is still there")
	}
	return lifted, nil
}

func (t *tour) liftDeletionProtection(ctx context.Context) error {
	resources, err := t.resources(ctx)
	if err != nil {
		return err
	}
	for _, resource := range resources {
		switch aws.ToString(resource.ResourceType) {
		case "AWS::RDS::DBCluster":
			_, err = t.clients.rds.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{
				DBClusterIdentifier: resource.PhysicalResourceId, DeletionProtection: aws.Bool(false),
			})
		case "AWS::ElasticLoadBalancingV2::LoadBalancer":
			_, err = t.clients.balancers.ModifyLoadBalancerAttributes(ctx, &elasticloadbalancingv2.ModifyLoadBalancerAttributesInput{
				LoadBalancerArn: resource.PhysicalResourceId,
				Attributes:      []elbtypes.LoadBalancerAttribute{{Key: aws.String("deletion_protection.enabled"), Value: aws.String("false")}},
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// resources are those of the stack, which may be more than one answer holds.
func (t *tour) resources(ctx context.Context) ([]types.StackResourceSummary, error) {
	var all []types.StackResourceSummary
	pages := cloudformation.NewListStackResourcesPaginator(t.clients.cloudformation, &cloudformation.ListStackResourcesInput{StackName: aws.String(t.config.StackName())})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, page.StackResourceSummaries...)
	}
	return all, nil
}
