// Package appcontext is what the CDK CLI gives the app. Tests and the picture make
// the stack without the CLI: without the feature flags they would make another one.
package appcontext

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// Read is the context in the cdk.json of a folder.
func Read(folder string) (map[string]any, error) {
	data, err := os.ReadFile(filepath.Join(folder, "cdk.json"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Context map[string]any `json:"context"`
	}
	err = json.Unmarshal(data, &file)
	return file.Context, err
}

// WithoutFunctions is the same for a stack whose functions are not built.
func WithoutFunctions(folder string) (map[string]any, error) {
	context, err := Read(folder)
	if err == nil {
		context["aws:cdk:bundling-stacks"] = []string{}
	}
	return context, err
}
