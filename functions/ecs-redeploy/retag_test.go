package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// awsCLI stands for the AWS CLI: it answers with a manifest, and takes one only with
// the media type that it gave with it.
const awsCLI = `#!/bin/sh
case "$2" in
batch-get-image)
  case "$*" in *"--accepted-media-types application/vnd.oci.image.index.v1+json "*) ;; *) exit 1 ;; esac
  printf '%s %s\n' application/vnd.oci.image.manifest.v1+json "$MANIFEST" ;;
put-image)
  test "$3 $4 $5 $6 $7 $8" = "--repository-name my-api --image-tag jellybean --image-digest $DIGEST" &&
    test "$9 ${10}" = "--image-manifest-media-type application/vnd.oci.image.manifest.v1+json" &&
    test "${11}" = --image-manifest && test "${12}" = "$MANIFEST" && echo tagged ;;
*) exit 1 ;;
esac
`

func TestCommandsOfTheMessageGiveTheTagToAnImageThatDoesNotNameItsMediaType(t *testing.T) {
	_, body := (&evidence{partition: "aws"}).told(t, img(goodDigest))
	_, commands, ok := strings.Cut(body, "\n  image=")
	if !ok {
		t.Fatalf("message has no command:\n%s", body)
	}
	commands, _, _ = strings.Cut("image="+commands, "\n\n")
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "aws"), []byte(awsCLI), 0o755); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-euc", commands)
	cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "DIGEST="+badDigest,
		"MANIFEST={\n   \"schemaVersion\": 2,\n   \"layers\": [ \"100% * $HOME\" ]\n}")
	if output, err := cmd.CombinedOutput(); err != nil || string(output) != "tagged\n" {
		t.Errorf("%v, %q from:\n%s", err, output, commands)
	}
}
