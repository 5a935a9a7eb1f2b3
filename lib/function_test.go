package lib

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"cloudstruct/config"
)

// TestFunctionsAreBuiltFromWhatTheirHashCovers wants no function to import
// another package of this module: its asset would not change with that package.
func TestFunctionsAreBuiltFromWhatTheirHashCovers(t *testing.T) {
	for _, name := range []string{"ecs-redeploy", "image-seed", "safeguards"} {
		output, err := exec.Command("go", "list", "-deps", "../functions/"+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, dependency := range strings.Fields(string(output)) {
			if strings.HasPrefix(dependency, "cloudstruct/") && dependency != "cloudstruct/functions/"+name {
				t.Errorf("%s imports %s", name, dependency)
			}
		}
	}
}

// TestAssetChangesWithItsSources: a function whose hash stays is not built again.
func TestAssetChangesWithItsSources(t *testing.T) {
	root := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum", "functions/f/main.go", "functions/f/page.html", "functions/f/main_test.go"} {
		write(name, "as it was")
	}
	hash := func() string {
		return *reproducible(functionProps{Name: "f", FunctionSettings: FunctionSettings{ProjectRoot: root}}).AssetHash
	}
	for name, want := range map[string]bool{
		"go.mod": true, "go.sum": true, "functions/f/main.go": true, "functions/f/page.html": true, "functions/f/new.go": true, "functions/f/main_test.go": false,
	} {
		before := hash()
		write(name, "changed")
		if changed := hash() != before; changed != want {
			t.Errorf("the asset changes with %s: %v, want %v", name, changed, want)
		}
	}
}

func TestAssetChangesWithWhatItIsBuiltFor(t *testing.T) {
	hash := func(props functionProps) string {
		props.ProjectRoot = ".."
		return *reproducible(props).AssetHash
	}
	x86 := functionProps{Name: "ecs-redeploy", FunctionSettings: FunctionSettings{Architecture: config.X86}}
	arm := functionProps{Name: "ecs-redeploy", FunctionSettings: FunctionSettings{Architecture: config.ARM}}
	other := functionProps{Name: "image-seed", FunctionSettings: FunctionSettings{Architecture: config.X86}}
	if first, second := hash(x86), hash(x86); first != second {
		t.Error("the same function has two hashes")
	}
	if hash(x86) == hash(arm) || hash(x86) == hash(other) {
		t.Error("two functions have the same hash")
	}
}
