package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"cloudstruct/cmd/internal/template"
	"cloudstruct/config"
	"cloudstruct/lib"
)

// synthesized is the stack of production as it is shipped, with each part that
// its file leaves to the reader: a domain, an address for alarms, a repository.
func synthesized(root string) (stack, error) {
	cfg, err := config.LoadEnvironment(filepath.Join(root, "config"), "production")
	if err != nil {
		return stack{}, err
	}
	cfg.Domain = &config.Domain{Name: "example.com", HostedZoneID: "Z0123456789EXAMPLE", Record: "api"}
	cfg.Alarms.Email = "you@example.com"
	cfg.GitHub.Repository = "you/your-api"
	context, err := contextOf(root)
	if err != nil {
		return stack{}, err
	}
	out, err := os.MkdirTemp("", "diagram")
	if err != nil {
		return stack{}, err
	}
	app := awscdk.NewApp(&awscdk.AppProps{Context: &context, Outdir: &out})
	made := lib.NewStack(app, lib.StackProps{Config: cfg, ProjectRoot: root})
	data, err := json.Marshal(app.Synth(nil).GetStackArtifact(made.ArtifactId()).Template())
	if err := errors.Join(err, os.RemoveAll(out)); err != nil {
		return stack{}, err
	}
	t, err := template.Parse(data)
	return stack{t}, err
}

// contextOf is what the CDK CLI gives the app: the feature flags of cdk.json, and
// that each resource tells its path. The functions are not built: no one sees
// them in the picture.
func contextOf(root string) (map[string]any, error) {
	data, err := os.ReadFile(filepath.Join(root, "cdk.json"))
	if err != nil {
		return nil, err
	}
	var file struct {
		Context map[string]any `json:"context"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, err
	}
	file.Context["aws:cdk:enable-path-metadata"] = true
	file.Context["aws:cdk:bundling-stacks"] = []string{}
	return file.Context, nil
}
