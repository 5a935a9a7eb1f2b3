// Command safeguards is a CloudFormation custom resource that switches on what would
// stand in the way of a rollback: deletion protection of the load balancer and of the
// database, and access logs, which put an object into their bucket at once. It is the
// last resource of a stack, so a first deploy that fails is rolled back to nothing.
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
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// callTime is how long a call may take.
const callTime = 20 * time.Second

func main() {
	slog.SetDefault(lambdacontext.NewLogger())
	aws, err := config.LoadDefaultConfig(context.Background(), config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(callTime)))
	if err != nil {
		slog.Error("no AWS configuration", "error", err)
		os.Exit(1)
	}
	g := &guard{
		balancers: elasticloadbalancingv2.NewFromConfig(aws),
		databases: rds.NewFromConfig(aws),
		pause:     5 * time.Second,
	}
	lambda.Start(cfn.LambdaWrap(g.handle))
}
