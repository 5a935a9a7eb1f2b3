package main

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

const (
	// evidenceTime bounds what is read for the message alone: the tag must be put
	// back while ECS rolls back, with or without it.
	evidenceTime = 8 * time.Second
	tasksShown   = 3
	linesShown   = 20
	lineLength   = 400
	// subjectLength is SNS's limit. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
	subjectLength = 99
)

// verdict is what people are told about a release that was turned back.
type verdict struct {
	settings    settings
	failed      attempt
	image       string // the digest that was turned back
	good        string // what the deploy tag is put back to; empty without one
	running     string
	failedTasks int32
	alarms      []string
	tasks       []ecstypes.Task // newest first
	log         []string
	gaps        []string // what could not be read
}

// tell publishes why an image was turned back. It comes before the tag is put
// back: when the function dies between the two, the next wake tells again.
func (r *reconciler) tell(ctx context.Context, o observation, failed attempt, good *image) error {
	v := verdict{settings: r.settings, failed: failed, image: o.deploy.digest, running: o.running}
	if good != nil {
		v.good = good.digest
	}
	r.gather(ctx, &v)
	_, err := r.sns.Publish(ctx, &sns.PublishInput{
		TopicArn: &r.settings.TopicARN,
		Subject:  aws.String(v.subject()),
		Message:  aws.String(v.body()),
	})
	if err != nil {
		return fmt.Errorf("tell topic %s that image %s was turned back: %w", r.settings.TopicARN, v.image, err)
	}
	return nil
}

// gather reads the evidence. What can't be read is said in the message, which is
// better sent without it than not at all.
func (r *reconciler) gather(ctx context.Context, v *verdict) {
	ctx, cancel := context.WithTimeout(ctx, evidenceTime)
	defer cancel()
	for _, step := range []struct {
		what string
		read func(context.Context, *verdict) error
	}{
		{"the deployment", r.readDeployment}, {"the stopped tasks", r.readTasks}, {"the log", r.readLog},
	} {
		if err := step.read(ctx, v); err != nil {
			v.gaps = append(v.gaps, fmt.Sprintf("%s could not be read: %v", step.what, err))
		}
	}
}

func (r *reconciler) readDeployment(ctx context.Context, v *verdict) error {
	answer, err := r.ecs.DescribeServiceDeployments(ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{v.failed.arn}})
	if err != nil {
		return err
	}
	for _, d := range answer.ServiceDeployments {
		if d.DeploymentCircuitBreaker != nil {
			v.failedTasks = d.DeploymentCircuitBreaker.FailureCount
		}
		if d.Alarms != nil {
			v.alarms = d.Alarms.TriggeredAlarmNames
		}
		if d.Rollback != nil && v.failed.reason == "" {
			v.failed.reason = aws.ToString(d.Rollback.Reason)
		}
	}
	return nil
}

// readTasks finds the stopped tasks of the deployment: they are started by the
// number that its revision ends with. ECS forgets them after an hour.
func (r *reconciler) readTasks(ctx context.Context, v *verdict) error {
	list, err := r.ecs.ListTasks(ctx, &ecs.ListTasksInput{
		Cluster: &r.settings.Cluster, ServiceName: &r.settings.Service, DesiredStatus: ecstypes.DesiredStatusStopped,
	})
	if err != nil || len(list.TaskArns) == 0 {
		return err
	}
	answer, err := r.ecs.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &r.settings.Cluster, Tasks: list.TaskArns})
	if err != nil {
		return err
	}
	startedBy := "ecs-svc/" + v.failed.revision[strings.LastIndex(v.failed.revision, "/")+1:]
	for _, task := range answer.Tasks {
		if aws.ToString(task.StartedBy) == startedBy {
			v.tasks = append(v.tasks, task)
		}
	}
	slices.SortFunc(v.tasks, func(a, b ecstypes.Task) int {
		return cmp.Compare(aws.ToTime(b.StoppedAt).UnixNano(), aws.ToTime(a.StoppedAt).UnixNano())
	})
	v.tasks = v.tasks[:min(len(v.tasks), tasksShown)]
	return nil
}

// readLog takes the last lines of the newest stopped task.
func (r *reconciler) readLog(ctx context.Context, v *verdict) error {
	if len(v.tasks) == 0 || len(v.tasks[0].Containers) == 0 {
		return nil
	}
	stream := strings.Join([]string{r.settings.LogStreamPrefix, aws.ToString(v.tasks[0].Containers[0].Name), taskID(v.tasks[0])}, "/")
	answer, err := r.logs.GetLogEvents(ctx, &cloudwatchlogs.GetLogEventsInput{
		LogGroupName: &r.settings.LogGroup, LogStreamName: &stream,
		Limit: aws.Int32(linesShown), StartFromHead: aws.Bool(false),
	})
	if err != nil {
		return err
	}
	for _, event := range answer.Events {
		v.log = append(v.log, redact(oneLine(aws.ToString(event.Message), lineLength)))
	}
	return nil
}

// subject is one line of plain ASCII, as SNS wants it.
func (v verdict) subject() string {
	return oneLine(fmt.Sprintf("%s %s: image %s was turned back", v.settings.Project, v.settings.Environment, short(v.image)), subjectLength)
}

func (v verdict) body() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	tag := v.settings.Repository + ":" + v.settings.Tag

	line("A release was turned back. The service went on with the image before it.\n")
	line("Image        %s", v.image)
	line("Why          %s", redact(cmp.Or(v.failed.reason, "ECS gave no reason")))
	if v.failedTasks > 0 {
		line("Failed tasks %d", v.failedTasks)
	}
	if len(v.alarms) > 0 {
		line("Alarms       %s", strings.Join(v.alarms, ", "))
	}
	line("Runs now     %s", cmp.Or(v.running, "nothing that has worked"))
	if v.good != "" {
		line("Deploy tag   %s is put back to %s", tag, v.good)
	} else {
		line("Deploy tag   %s stays: no image has worked yet that it could be put back to", tag)
	}
	v.writeTasks(line)
	for _, gap := range v.gaps {
		line("\nNot known: %s", redact(gap))
	}
	v.writeAdvice(line, tag)
	return b.String()
}

func (v verdict) writeTasks(line func(string, ...any)) {
	if len(v.tasks) > 0 {
		line("\nStopped tasks, the newest first:")
	}
	for _, task := range v.tasks {
		line("  %s: %s", taskID(task), redact(cmp.Or(aws.ToString(task.StoppedReason), "no reason given")))
		for _, c := range task.Containers {
			exit := "no exit code"
			if c.ExitCode != nil {
				exit = fmt.Sprintf("exit code %d", *c.ExitCode)
			}
			line("    container %s: %s %s", aws.ToString(c.Name), exit, redact(aws.ToString(c.Reason)))
		}
	}
	if len(v.log) > 0 {
		line("\nThe last lines of its log:")
	}
	for _, text := range v.log {
		line("  %s", text)
	}
}

func (v verdict) writeAdvice(line func(string, ...any), tag string) {
	line("\nTo release a corrected image, push it as %s.", tag)
	line("To try this one again as it is, give it the tag again:\n")
	// One answer has both, so that the media type is that of the manifest: ECR refuses
	// an OCI manifest that does not name its own. The commands are for any sh.
	// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
	line("  image=$(aws ecr batch-get-image --repository-name %s --image-ids imageDigest=%s \\", v.settings.Repository, v.image)
	line("    --accepted-media-types %s \\", strings.Join(manifestTypes, " "))
	line("    --query \"images[].join(' ', [imageManifestMediaType, imageManifest]) | [0]\" --output text)")
	line("  aws ecr put-image --repository-name %s --image-tag %s --image-digest %s \\", v.settings.Repository, v.settings.Tag, v.image)
	line("    --image-manifest-media-type \"${image%%%% *}\" --image-manifest \"${image#* }\"")
	console, region := consoleOf(v.failed.arn)
	if console == "" {
		return
	}
	line("\nDeployments  https://%s.%s/ecs/v2/clusters/%s/services/%s/deployments?region=%s", region, console, v.settings.Cluster, v.settings.Service, region)
	// The console encodes the name twice, with $ for %.
	group := strings.ReplaceAll(url.QueryEscape(url.QueryEscape(v.settings.LogGroup)), "%", "$")
	line("Logs         https://%s.%s/cloudwatch/home?region=%s#logsV2:log-groups/log-group/%s", region, console, region, group)
}

// consoles are the hosts of the AWS console, by partition.
var consoles = map[string]string{
	"aws":        "console.aws.amazon.com",
	"aws-cn":     "console.amazonaws.cn",
	"aws-us-gov": "console.amazonaws-us-gov.com",
}

// consoleOf is the console's host and the region of an ARN.
func consoleOf(arn string) (console, region string) {
	parts := strings.SplitN(arn, ":", 5)
	if len(parts) < 5 {
		return "", ""
	}
	return consoles[parts[1]], parts[3]
}

func taskID(task ecstypes.Task) string {
	arn := aws.ToString(task.TaskArn)
	return arn[strings.LastIndex(arn, "/")+1:]
}

// oneLine is a text in printable ASCII, cut to a length.
func oneLine(text string, length int) string {
	text = strings.Map(func(c rune) rune {
		switch {
		case c == '\t' || c == '\n' || c == '\r':
			return ' '
		case c < ' ' || c > '~':
			return '?'
		}
		return c
	}, text)
	if len(text) > length {
		text = text[:length-3] + "..."
	}
	return text
}

// secrets are what a log line may give away: a value after a telling name, the
// password in a URL, and AWS's own keys.
var secrets = []struct {
	pattern *regexp.Regexp
	with    string
}{
	{regexp.MustCompile(`(?i)((?:password|passwd|pwd|secret|token|credential|api[-_]?key|authorization|cookie)[\w-]*["']?\s*[=:]\s*)("[^"]*"|'[^']*'|(?:bearer |basic )?[^\s,;&"']+)`), "$1***"},
	{regexp.MustCompile(`(://[^/\s:@]*:)[^/\s@]+@`), "$1***@"},
	{regexp.MustCompile(`\b(?:AKIA|ASIA)[A-Z0-9]{16}\b`), "***"},
}

func redact(text string) string {
	for _, s := range secrets {
		text = s.pattern.ReplaceAllString(text, s.with)
	}
	return text
}
