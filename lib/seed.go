package lib

import (
	"time"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/constructs-go/constructs/v10"
)

// ImageSeedProps configures NewImageSeed.
type ImageSeedProps struct {
	FunctionSettings
	Registry   Registry
	Port       int
	HealthPath string
	// Project and Environment name the stack on the placeholder's page.
	Project, Environment string
}

// ImageSeed is the custom resource that gives the service something to run
// before the first push.
type ImageSeed struct {
	Resource awscdk.CustomResource
}

// NewImageSeed makes the function, and has it push a placeholder when nothing is
// under the deploy tag. The placeholder is the function's own binary, so both
// have the service's architecture.
func NewImageSeed(scope constructs.Construct, id string, props ImageSeedProps) ImageSeed {
	c := constructs.NewConstruct(scope, &id)
	timeout := 2 * time.Minute
	function := newFunction(c, functionProps{
		FunctionSettings: props.FunctionSettings,
		Name:             "image-seed",
		Description:      "Pushes a placeholder image when the deploy tag has none",
		Timeout:          timeout,
		// It packs its own binary in memory.
		MemoryMiB: 512,
	})
	props.Registry.GrantRelease(function)
	props.Registry.GrantUnseed(function)
	excuseWildcards(function.Role(), "ecr:GetAuthorizationToken has no finer resource.", "\\*")
	return ImageSeed{newCustomResource(c, "Custom::ImageSeed", function, timeout, map[string]any{
		"RepositoryUri": props.Registry.Repository.RepositoryUri(),
		"Tag":           props.Registry.Tag,
		"Port":          props.Port,
		"HealthPath":    props.HealthPath,
		"Project":       props.Project,
		"Environment":   props.Environment,
	})}
}
