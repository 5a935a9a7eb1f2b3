// Command diagram draws docs/architecture.svg from the synthesized template: what
// `make diagram` runs.
package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/aws/jsii-runtime-go"
)

func main() {
	if err := run("."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	jsii.Close()
}

func run(root string) error {
	s, err := synthesized(root)
	if err != nil {
		return err
	}
	svg, err := picture(root, s)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(root, "docs", "architecture.svg"), svg, 0o644)
}

// picture is the diagram of a stack, drawn with the packages of a root.
func picture(root string, s stack) ([]byte, error) {
	svg, err := layOut(root, planned(s).dot())
	if err != nil {
		return nil, err
	}
	return []byte(finish(svg)), nil
}

// layOut has Graphviz place the boxes and lead the arrows.
func layOut(root, dot string) (string, error) {
	var stderr bytes.Buffer
	node := exec.Command("node", filepath.Join(root, "cmd", "diagram", "layout.mjs"))
	node.Stdin, node.Stderr = strings.NewReader(dot), &stderr
	svg, err := node.Output()
	if err != nil {
		return "", fmt.Errorf("lay out the diagram with the packages of npm ci: %w\n%s", err, stderr.String())
	}
	return string(svg), nil
}
