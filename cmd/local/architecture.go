package main

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"

	"github.com/goccy/go-yaml"

	"cloudstruct/config"
)

// suitMachine changes the configuration for a machine of the other architecture. The
// emulator starts the functions as processes of this machine, so that here they and
// the images are built for it.
func (t *tour) suitMachine(read string) error {
	machine := map[string]config.Architecture{"amd64": config.X86, "arm64": config.ARM}[runtime.GOARCH]
	if runtime.GOOS != "linux" || machine == "" {
		return fmt.Errorf("make local needs Linux on x86_64 or arm64, where the functions can run; this is %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	wanted := t.config.Service.Architecture
	if wanted == machine {
		return nil
	}
	copied := filepath.Join(t.folder, t.config.Environment+"-"+string(machine)+".yaml")
	adapted := t.config
	adapted.Service.Architecture = machine
	if err := writeWithArchitecture(copied, read, machine); err != nil {
		return err
	}
	reread, err := config.Load(copied)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(reread, adapted) {
		return fmt.Errorf("%s differs from %s in more than service.architecture", copied, read)
	}
	t.config, t.file = adapted, copied
	t.detail("service.architecture is %s, and this machine is %s: here the functions and images", wanted, machine)
	t.detail("are built for %s, everything else is as configured. AWS gets %s.", machine, wanted)
	return nil
}

// writeWithArchitecture copies a configuration file with another architecture.
func writeWithArchitecture(to, from string, architecture config.Architecture) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	var keys map[string]any
	if err := yaml.Unmarshal(data, &keys); err != nil {
		return err
	}
	service, _ := keys["service"].(map[string]any)
	if service == nil {
		service = map[string]any{}
	}
	service["architecture"] = string(architecture)
	keys["service"] = service
	data, err = yaml.Marshal(keys)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o644)
}
