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
	app := awscdk.NewApp(nil)
	cfg, err := load(app)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		// Not jsii.Close, which may have something to say about it.
		os.Exit(1)
	}
	// The CDK runs the app in the folder of cdk.json.
	lib.NewStack(app, lib.StackProps{Config: cfg, ProjectRoot: "."})
	app.Synth(nil)
	jsii.Close()
}

// load reads the configuration that the context names.
func load(app awscdk.App) (config.Config, error) {
	return config.Choose("config", contextValue(app, "environment"), contextValue(app, "config"))
}

func contextValue(app awscdk.App, key string) string {
	value, _ := app.Node().TryGetContext(&key).(string)
	return value
}
