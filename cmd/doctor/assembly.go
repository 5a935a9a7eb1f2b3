package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"cloudstruct/cmd/internal/template"
)

// assembly is what the synthesized stack needs of its account.
type assembly struct {
	// Bootstrap is the version of the CDK's bootstrap that it needs at least, and
	// the parameter that has the account's.
	Bootstrap          int
	BootstrapParameter string
	// Addresses are those of its NAT gateways.
	Addresses     int
	EngineVersion string
	// Host is the name of its record, without a final dot; empty without a domain.
	Host     string
	Template template.Template
}

// readAssembly reads it from what `cdk synth` wrote.
func readAssembly(dir, stack string) (assembly, error) {
	var manifest struct {
		Artifacts map[string]struct {
			Properties struct {
				RequiresBootstrapStackVersion     int
				BootstrapStackVersionSSMParameter string
			}
		}
	}
	if err := readJSON(filepath.Join(dir, "manifest.json"), &manifest); err != nil {
		return assembly{}, err
	}
	a := assembly{}
	if err := readJSON(filepath.Join(dir, stack+".template.json"), &a.Template); err != nil {
		return assembly{}, err
	}
	artifact := manifest.Artifacts[stack].Properties
	a.Bootstrap, a.BootstrapParameter = artifact.RequiresBootstrapStackVersion, artifact.BootstrapStackVersionSSMParameter
	a.Addresses = a.Template.Count("AWS::EC2::EIP")
	for _, id := range a.Template.IDs("AWS::RDS::DBCluster") {
		a.EngineVersion = a.Template.Resources[id].Text("EngineVersion")
	}
	for _, id := range a.Template.IDs("AWS::Route53::RecordSet") {
		a.Host = strings.TrimSuffix(a.Template.Resources[id].Text("Name"), ".")
	}
	if a.BootstrapParameter == "" || a.EngineVersion == "" {
		return a, fmt.Errorf("%s is not about %s", dir, stack)
	}
	return a, nil
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
