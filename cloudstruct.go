// CloudStruct is one AWS CDK app that makes one CloudFormation stack: a platform
// for one containerized web API.
//
//	cdk deploy -c environment=production   # reads config/production.yaml
//	cdk deploy -c config=PATH              # reads another file
package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

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
	if err := synthesize(app, cfg); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", cmp.Or(contextValue(app, "config"), filepath.Join("config", cfg.Environment+".yaml")), err)
		os.Exit(1)
	}
	jsii.Close()
}

// synthesize makes the stack. The CDK panics with what it refuses, and with what
// its own rules find at the end: both become an error of one line.
func synthesize(app awscdk.App, cfg config.Config) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			err = errors.New(oneLine(fmt.Sprint(failure)))
		}
	}()
	// The CDK runs the app in the folder of cdk.json.
	lib.NewStack(app, lib.StackProps{Config: cfg, ProjectRoot: "."})
	app.Synth(nil)
	return nil
}

// oneLine joins the lines of a message, without the trace of JavaScript below it.
func oneLine(message string) string {
	var lines []string
	for line := range strings.Lines(message) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "at ") {
			break
		}
		if line != "" {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// load reads the configuration that the context names.
func load(app awscdk.App) (config.Config, error) {
	return config.Choose("config", contextValue(app, "environment"), contextValue(app, "config"))
}

func contextValue(app awscdk.App, key string) string {
	value, _ := app.Node().TryGetContext(&key).(string)
	return value
}
