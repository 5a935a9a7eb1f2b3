package lib

import (
	"os/exec"
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
