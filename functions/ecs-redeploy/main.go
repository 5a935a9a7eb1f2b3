// Command ecs-redeploy keeps three things the same: the image under the deploy
// tag, the image under last-good, and the image that runs. It deploys what is
// pushed, and puts the tag back when ECS turns the deployment back.
//
// It has no state of its own. Whatever wakes it, it reads the tags from ECR and
// the deployments from ECS, decides, and acts.
package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	settings, err := settingsFromEnvironment(os.Getenv)
	if err != nil {
		slog.Error("environment is incomplete", "error", err)
		os.Exit(1)
	}
	cfg, err := awsFromEnvironment()
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
	// LogGroup and LogStreamPrefix are where the tasks log.
	LogGroup        string
	LogStreamPrefix string
	Project         string
	Environment     string
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
	}
	if deadline := required("DEPLOYMENT_DEADLINE"); deadline != "" {
		var err error
		if s.Deadline, err = time.ParseDuration(deadline); err != nil || s.Deadline <= 0 {
			problems = append(problems, fmt.Errorf("environment variable DEPLOYMENT_DEADLINE: must be a duration such as 20m, got %q", deadline))
		}
	}
	return s, errors.Join(problems...)
}

// awsFromEnvironment takes region, credentials and endpoints from the variables
// that Lambda sets, and AWS_ENDPOINT_URL in all its forms. The SDK's default
// chain would look into files and at other services too: half of a cold start,
// and a third of the memory.
func awsFromEnvironment() (aws.Config, error) {
	env, err := config.NewEnvConfig()
	if err != nil {
		return aws.Config{}, err
	}
	if env.Region == "" || !env.Credentials.HasKeys() {
		return aws.Config{}, errors.New("environment variables AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY: are required")
	}
	cfg := aws.Config{
		Region:        env.Region,
		Credentials:   credentials.StaticCredentialsProvider{Value: env.Credentials},
		ConfigSources: []any{env},
		// Four tries within some six seconds leave room in the function's thirty.
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = 4
				o.MaxBackoff = 3 * time.Second
			})
		},
	}
	if env.BaseEndpoint != "" {
		cfg.BaseEndpoint = &env.BaseEndpoint
	}
	return cfg, nil
}
