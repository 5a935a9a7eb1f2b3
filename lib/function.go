package lib

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslambda"
	"github.com/aws/aws-cdk-go/awscdklambdagoalpha/v2"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// FunctionSettings are what all functions of the stack have in common.
type FunctionSettings struct {
	// ProjectRoot is the folder of go.mod and functions/.
	ProjectRoot      string
	Architecture     config.Architecture
	LogRetentionDays int
}

type functionProps struct {
	FunctionSettings
	// Name is the function's folder below functions/.
	Name        string
	Description string
	Environment map[string]*string
	Timeout     time.Duration
	MemoryMiB   int
}

// newFunction builds a function from Go source, with a role that may write its
// own log and nothing else.
func newFunction(scope constructs.Construct, props functionProps) awscdklambdagoalpha.GoFunction {
	logs := newLogGroup(scope, "Logs", props.LogRetentionDays)
	role := awsiam.NewRole(scope, jsii.String("Role"), &awsiam.RoleProps{
		AssumedBy: awsiam.NewServicePrincipal(jsii.String("lambda.amazonaws.com"), nil),
	})
	logs.GrantWrite(role)
	return awscdklambdagoalpha.NewGoFunction(scope, jsii.String("Function"), &awscdklambdagoalpha.GoFunctionProps{
		Description:   &props.Description,
		Entry:         jsii.String(filepath.Join(props.ProjectRoot, "functions", props.Name)),
		ModuleDir:     jsii.String(filepath.Join(props.ProjectRoot, "go.mod")),
		Runtime:       awslambda.Runtime_PROVIDED_AL2023(),
		Architecture:  lambdaArchitecture(props.Architecture),
		Bundling:      reproducible(props),
		Environment:   &props.Environment,
		Timeout:       seconds(props.Timeout),
		MemorySize:    jsii.Number(props.MemoryMiB),
		Role:          role,
		LogGroup:      logs,
		LoggingFormat: awslambda.LoggingFormat_JSON,
	})
}

// newCustomResource calls a function when the resource is created, when its properties
// change, and when it is deleted.
func newCustomResource(scope constructs.Construct, resourceType string, function awslambda.IFunction, timeout time.Duration, properties map[string]any) awscdk.CustomResource {
	return awscdk.NewCustomResource(scope, jsii.String("Resource"), &awscdk.CustomResourceProps{
		ResourceType: &resourceType,
		ServiceToken: function.FunctionArn(),
		// CloudFormation would wait an hour for a function that never answers.
		ServiceTimeout: seconds(timeout + 30*time.Second),
		Properties:     &properties,
	})
}

// reproducible builds the same bytes in any folder and under any settings of
// the person who builds, so that an unchanged function is an unchanged asset.
// The flags are given by GOFLAGS, which also takes the place of the person's.
func reproducible(props functionProps) *awscdklambdagoalpha.BundlingOptions {
	environment := map[string]string{
		// No paths, no commit, no symbols, no RPC mode that Lambda has left behind.
		"GOFLAGS":      "-trimpath -buildvcs=false -ldflags=-s -tags=lambda.norpc",
		"GOWORK":       "off",
		"GOAMD64":      "v1",
		"GOARM64":      "v8.0",
		"GOEXPERIMENT": "",
	}
	values := map[string]*string{}
	for key, value := range environment {
		values[key] = &value
	}
	return &awscdklambdagoalpha.BundlingOptions{
		Environment:   &values,
		AssetHashType: awscdk.AssetHashType_CUSTOM,
		AssetHash:     jsii.String(sourceHash(props, environment)),
	}
}

// sourceHash is a hash of all that a function is built from, so that it is built
// only when that has changed. Its dependencies are pinned by go.mod and go.sum;
// functions import nothing else of this module.
func sourceHash(props functionProps, environment map[string]string) string {
	hash := sha256.New()
	fmt.Fprintln(hash, runtime.Version(), props.Architecture, environment)
	root := os.DirFS(props.ProjectRoot)
	add := func(name string) {
		content, err := fs.ReadFile(root, name)
		if err != nil {
			panic(fmt.Sprintf("function %s: %v", props.Name, err))
		}
		fmt.Fprintf(hash, "%s %d\n%s\n", name, len(content), content)
	}
	add("go.mod")
	add("go.sum")
	entries, err := fs.ReadDir(root, path.Join("functions", props.Name))
	if err != nil {
		panic(fmt.Sprintf("function %s: %v", props.Name, err))
	}
	for _, entry := range entries {
		if !entry.IsDir() && !strings.HasSuffix(entry.Name(), "_test.go") {
			add(path.Join("functions", props.Name, entry.Name()))
		}
	}
	return hex.EncodeToString(hash.Sum(nil))
}

func lambdaArchitecture(a config.Architecture) awslambda.Architecture {
	if a == config.ARM {
		return awslambda.Architecture_ARM_64()
	}
	return awslambda.Architecture_X86_64()
}
