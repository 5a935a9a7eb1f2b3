// Command image-seed is a CloudFormation custom resource that pushes a
// placeholder image when nothing is under the deploy tag yet, so that a first
// deploy has something to run. The placeholder is this same binary: started
// inside a container, it serves the health path and a page that says how to push
// the first image.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
)

// callTime is how long a call may take: there is time to try three times.
const callTime = 20 * time.Second

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	if os.Getenv("AWS_LAMBDA_RUNTIME_API") == "" {
		if err := serve(context.Background(), settingsFromEnvironment()); err != nil {
			slog.Error("placeholder ended", "error", err)
			os.Exit(1)
		}
		return
	}
	aws, err := config.LoadDefaultConfig(context.Background(), config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTime)))
	if err != nil {
		slog.Error("no AWS configuration", "error", err)
		os.Exit(1)
	}
	executable, err := os.Executable()
	if err != nil {
		slog.Error("own executable not found", "error", err)
		os.Exit(1)
	}
	seeder := &seeder{
		ecr: ecr.NewFromConfig(aws), transport: newTransport(callTime), executable: executable,
		patience: patience{longest: time.Minute, pause: 5 * time.Second},
	}
	lambda.Start(cfn.LambdaWrap(seeder.handle))
}
