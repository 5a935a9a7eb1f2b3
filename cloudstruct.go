// CloudStruct is one AWS CDK app that makes one CloudFormation stack: a platform
// for one containerized web API.
//
//	cdk deploy -c environment=production   # reads config/production.yaml
//	cdk deploy -c config=PATH              # reads another file
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
	"cloudstruct/lib"
)

func main() {
	err := synthesize()
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func synthesize() error {
	app := awscdk.NewApp(nil)
	context, _ := app.Node().GetAllContext(nil).(map[string]any)
	cfg, err := config.FromContext("config", context)
	if err != nil {
		return err
	}
	// The CDK runs the app in the folder of cdk.json.
	lib.NewStack(app, lib.StackProps{Config: cfg, ProjectRoot: "."})
	app.Synth(nil)
	return nil
}
