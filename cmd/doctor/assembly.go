package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
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
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct{ EngineVersion any }
		}
	}
	if err := readJSON(filepath.Join(dir, "manifest.json"), &manifest); err != nil {
		return assembly{}, err
	}
	if err := readJSON(filepath.Join(dir, stack+".template.json"), &template); err != nil {
		return assembly{}, err
	}
	artifact := manifest.Artifacts[stack].Properties
	a := assembly{Bootstrap: artifact.RequiresBootstrapStackVersion, BootstrapParameter: artifact.BootstrapStackVersionSSMParameter}
	for _, r := range template.Resources {
		switch r.Type {
		case "AWS::EC2::EIP":
			a.Addresses++
		case "AWS::RDS::DBCluster":
			a.EngineVersion, _ = r.Properties.EngineVersion.(string)
		}
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
