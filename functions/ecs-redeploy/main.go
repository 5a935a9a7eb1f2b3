// Command ecs-redeploy keeps three things the same: the image under the deploy
// tag, the image under last-good, and the image that runs. It deploys what is
// pushed, and puts the tag back when ECS turns the deployment back.
//
// It has no state of its own. Whatever wakes it, it reads the tags from ECR and
// the deployments from ECS, decides, and acts.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func main() {
	// One event at a time needs one processor and a small heap: `make bench` tells
	// what they save.
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(50)
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := settingsFromEnvironment(os.Getenv)
	if err != nil {
		slog.Error("environment is incomplete", "error", err)
		os.Exit(1)
	}
	cfg, err := awsFromEnvironment(os.Getenv)
	if err != nil {
		slog.Error("no AWS configuration", "error", err)
		os.Exit(1)
	}
	r := &reconciler{
		settings: settings,
		ecr:      ecr.NewFromConfig(cfg),
		ecs:      ecs.NewFromConfig(cfg),
		sns:      sns.NewFromConfig(cfg),
		logs:     cloudwatchlogs.NewFromConfig(cfg),
		now:      time.Now,
		together: atOnce,
		decide:   decide,
	}
	if settings.SecretARN != "" {
		r.secrets = secretsmanager.NewFromConfig(cfg)
	}
	lambda.Start(r.handle)
}

// settings are what the stack tells the function.
type settings struct {
	Cluster    string
	Service    string
	Repository string
	Tag        string        // the deploy tag
	TopicARN   string        // where people hear why a release was turned back
	Deadline   time.Duration // for a deployment that could not start a task
	Limit      time.Duration // for one that started some and does not end; 0 for none
	// LogGroup and LogStreamPrefix are where the tasks log.
	LogGroup        string
	LogStreamPrefix string
	Project         string
	Environment     string
	// SecretARN is the secret of a password that changes by itself; empty for none.
	SecretARN string
}

// settingsFromEnvironment names every variable that is missing or wrong.
func settingsFromEnvironment(getenv func(string) string) (settings, error) {
	var problems []error
	required := func(name string) string {
		value := getenv(name)
		if value == "" {
			problems = append(problems, fmt.Errorf("environment variable %s: is required", name))
		}
		return value
	}
	s := settings{
		Cluster:         required("ECS_CLUSTER"),
		Service:         required("ECS_SERVICE"),
		Repository:      required("ECR_REPOSITORY"),
		Tag:             required("DEPLOY_TAG"),
		TopicARN:        required("ALARM_TOPIC_ARN"),
		LogGroup:        required("LOG_GROUP"),
		LogStreamPrefix: required("LOG_STREAM_PREFIX"),
		Project:         required("PROJECT"),
		Environment:     required("ENVIRONMENT"),
		SecretARN:       getenv("DATABASE_SECRET_ARN"),
	}
	duration := func(name string, least time.Duration) time.Duration {
		value := required(name)
		d, err := time.ParseDuration(value)
		if value != "" && (err != nil || d < least) {
			problems = append(problems, fmt.Errorf("environment variable %s: must be a duration such as 20m, got %q", name, value))
		}
		return d
	}
	s.Deadline = duration("DEPLOYMENT_DEADLINE", time.Second)
	s.Limit = duration("DEPLOYMENT_LIMIT", 0)
	return s, errors.Join(problems...)
}

// awsFromEnvironment takes region, credentials and endpoints from the variables
// that Lambda sets. The SDK's own package for that looks into files and at other
// services too: a third of a cold start, and of the memory.
func awsFromEnvironment(getenv func(string) string) (aws.Config, error) {
	value := aws.Credentials{
		AccessKeyID: getenv("AWS_ACCESS_KEY_ID"), SecretAccessKey: getenv("AWS_SECRET_ACCESS_KEY"), SessionToken: getenv("AWS_SESSION_TOKEN"),
	}
	cfg := aws.Config{
		Region:        getenv("AWS_REGION"),
		Credentials:   credentials.StaticCredentialsProvider{Value: value},
		ConfigSources: []any{endpoints{getenv}},
		// Three tries of five seconds, and the pauses between, leave room in the
		// function's thirty.
		HTTPClient: awshttp.NewBuildableClient().WithTimeout(5 * time.Second),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 3
				o.MaxBackoff = 2 * time.Second
			})
		},
	}
	if cfg.Region == "" || !value.HasKeys() {
		return cfg, errors.New("environment variables AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: are required")
	}
	if url := getenv("AWS_ENDPOINT_URL"); url != "" {
		cfg.BaseEndpoint = &url
	}
	return cfg, nil
}

// endpoints are those of single services, such as AWS_ENDPOINT_URL_ECS.
// https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
type endpoints struct{ getenv func(string) string }

// GetServiceBaseEndpoint is what the SDK's clients ask.
func (e endpoints) GetServiceBaseEndpoint(_ context.Context, service string) (string, bool, error) {
	url := e.getenv("AWS_ENDPOINT_URL_" + strings.ToUpper(strings.ReplaceAll(service, " ", "_")))
	return url, url != "", nil
}
