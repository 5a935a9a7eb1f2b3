package main

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"path"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// binary is where the image has the placeholder.
const binary = "/placeholder"

// user is nobody's: the task lets every user listen on any port.
const user = "65532:65532"

// placeholder is an image of nothing but an executable, the same one each time.
// It writes no file.
func placeholder(executable string, p properties) (v1.Image, error) {
	content, err := os.ReadFile(executable)
	if err != nil {
		return nil, err
	}
	architecture, err := architectureOf(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", executable, err)
	}
	files, err := archive(content)
	if err != nil {
		return nil, err
	}
	layer, err := tarball.LayerFromOpener(
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(files)), nil },
		tarball.WithCompressedCaching)
	if err != nil {
		return nil, err
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		return nil, err
	}
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture = "linux", architecture
	config.Config.Entrypoint = []string{binary}
	config.Config.User = user
	config.Config.ExposedPorts = map[string]struct{}{strconv.Itoa(p.Port) + "/tcp": {}}
	config.Config.Env = settings{
		Project: p.Project, Environment: p.Environment, Port: p.Port, HealthPath: p.HealthPath, Tag: p.Tag, Architecture: architecture,
	}.environment()
	return mutate.ConfigFile(image, config)
}

func archive(content []byte) ([]byte, error) {
	var files bytes.Buffer
	w := tar.NewWriter(&files)
	// No time and no owner: the same binary gives the same image.
	if err := w.WriteHeader(&tar.Header{Name: path.Base(binary), Mode: 0o755, Size: int64(len(content))}); err != nil {
		return nil, err
	}
	if _, err := w.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return files.Bytes(), nil
}

// architectureOf is the platform name of the processor that a binary is for.
func architectureOf(content []byte) (string, error) {
	file, err := elf.NewFile(bytes.NewReader(content))
	if err != nil {
		return "", err
	}
	switch file.Machine {
	case elf.EM_X86_64:
		return "amd64", nil
	case elf.EM_AARCH64:
		return "arm64", nil
	}
	return "", fmt.Errorf("is for %s, which Fargate does not run", file.Machine)
}
