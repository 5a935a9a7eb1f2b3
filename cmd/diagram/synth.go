package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"cloudstruct/cmd/internal/template"
	"cloudstruct/config"
	"cloudstruct/internal/appcontext"
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
	context, err := appcontext.WithoutFunctions(root)
	if err != nil {
		return stack{}, err
	}
	context["aws:cdk:enable-path-metadata"] = true // as the CLI has it
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
