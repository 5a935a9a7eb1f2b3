package main

import (
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"cloudstruct/config"
)

// TestTheOtherArchitectureIsBuiltForThisMachine reads configurations for the other
// one: whole, nearly empty, and without the block that it belongs in.
func TestTheOtherArchitectureIsBuiltForThisMachine(t *testing.T) {
	here, other := config.X86, config.ARM
	if runtime.GOARCH == "arm64" {
		here, other = other, here
	}
	bare := filepath.Join(t.TempDir(), "bare.yaml")
	if err := os.WriteFile(bare, []byte("environment: bare\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"config/production.yaml", "config/development.yaml", "config/testdata/everything.yaml", bare} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "other.yaml")
			if err := writeWithArchitecture(file, path, other); err != nil {
				t.Fatal(err)
			}
			want, err := config.Load(path)
			if err != nil {
				t.Fatal(err)
			}
			want.Service.Architecture = here
			tour := &tour{file: file, folder: t.TempDir()}
			if _, err := tour.readConfiguration(t.Context()); err != nil {
				t.Fatal(err)
			}
			read, err := config.Load(tour.file)
			if err != nil || !reflect.DeepEqual(read, want) || !reflect.DeepEqual(tour.config, want) {
				t.Errorf("synth reads %+v, %v\nthe tour %+v\nwant %+v", read, err, tour.config, want)
			}
			if told := strings.Join(tour.details, " "); !strings.Contains(told, "service.architecture is "+string(other)) {
				t.Errorf("told %q", told)
			}
			if data, err := os.ReadFile(file); err != nil || !strings.Contains(string(data), string(other)) {
				t.Errorf("the configuration itself was changed: %s, %v", data, err)
			}
		})
	}
}
