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
	err := run()
	jsii.Close()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() (err error) {
	defer recoverTo(&err)
	app := awscdk.NewApp(nil)
	context, _ := app.Node().GetAllContext(nil).(map[string]any)
	cfg, err := config.FromContext("config", context)
	if err != nil {
		return err
	}
	if err := synthesize(app, cfg); err != nil {
		file, _ := context["config"].(string)
		return fmt.Errorf("%s: %w", cmp.Or(file, filepath.Join("config", cfg.Environment+".yaml")), err)
	}
	return nil
}

// synthesize makes the stack. The CDK panics with what it refuses, and with what its own
// rules find at the end: both become an error of one line.
func synthesize(app awscdk.App, cfg config.Config) (err error) {
	defer recoverTo(&err)
	// The CDK runs the app in the folder of cdk.json.
	lib.NewStack(app, lib.StackProps{Config: cfg, ProjectRoot: "."})
	app.Synth(nil)
	return nil
}

// recoverTo turns a panic into an error of one line. It must be deferred.
func recoverTo(err *error) {
	if failure := recover(); failure != nil {
		*err = errors.New(oneLine(fmt.Sprint(failure)))
	}
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
