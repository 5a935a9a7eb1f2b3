package lib

import (
	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecr"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsecs"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsevents"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"

	"cloudstruct/config"
)

// RegistryProps configures NewRegistry.
type RegistryProps struct {
	config.Image
	// Retain keeps the images when the stack is deleted.
	Retain bool
}

// Registry is the repository that releases are pushed to.
type Registry struct {
	Repository awsecr.Repository
	// Tag is the deploy tag.
	Tag string
}

// NewRegistry makes the repository, with tags that cannot be moved but for the
// two that say what should run and what last worked.
func NewRegistry(scope constructs.Construct, id string, props RegistryProps) Registry {
	c := constructs.NewConstruct(scope, &id)
	removal := awscdk.RemovalPolicy_DESTROY
	if props.Retain {
		// What the roll-back of a failed first deploy would otherwise leave behind
		// is an empty repository that stands in the way of the second.
		removal = awscdk.RemovalPolicy_RETAIN_ON_UPDATE_OR_DELETE
	}
	repository := awsecr.NewRepository(c, jsii.String("Repository"), &awsecr.RepositoryProps{
		// People and pipelines push to it by name.
		RepositoryName:     &props.Repository,
		ImageScanOnPush:    jsii.Bool(true),
		Encryption:         awsecr.RepositoryEncryption_AES_256(),
		ImageTagMutability: awsecr.TagMutability_IMMUTABLE_WITH_EXCLUSION,
		ImageTagMutabilityExclusionFilters: &[]awsecr.ImageTagMutabilityExclusionFilter{
			awsecr.ImageTagMutabilityExclusionFilter_Wildcard(&props.Tag),
			awsecr.ImageTagMutabilityExclusionFilter_Wildcard(jsii.String(config.LastGood)),
		},
		LifecycleRules: lifecycle(props),
		RemovalPolicy:  removal,
		EmptyOnDelete:  jsii.Bool(!props.Retain),
	})
	return Registry{Repository: repository, Tag: props.Tag}
}

// entriesPerRelease is how many images ECR counts for one release: the index, its image
// and its attestation, which docker buildx pushes for one platform. An index can't be
// removed in part, so fewer entries would be fewer releases than image.keep says.
// https://docs.docker.com/build/metadata/attestations/attestation-storage/
const entriesPerRelease = 3

// lifecycle keeps the newest images. An image that matches a rule can't be
// expired by a later one, and no tag is on more than one image: the first two
// rules expire nothing, they protect.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
func lifecycle(props RegistryProps) *[]*awsecr.LifecycleRule {
	protect := func(priority int, tag, why string) *awsecr.LifecycleRule {
		return &awsecr.LifecycleRule{
			RulePriority:   jsii.Number(priority),
			Description:    &why,
			TagStatus:      awsecr.TagStatus_TAGGED,
			TagPatternList: jsii.Strings(tag),
			MaxImageCount:  jsii.Number(1),
		}
	}
	return &[]*awsecr.LifecycleRule{
		protect(1, config.LastGood, "Protect the image that last worked"),
		protect(2, props.Tag, "Protect the image that should run"),
		{
			RulePriority:  jsii.Number(3),
			Description:   jsii.String("Keep the newest images"),
			TagStatus:     awsecr.TagStatus_ANY,
			MaxImageCount: jsii.Number(props.Keep * entriesPerRelease),
		},
	}
}

// DeployImage is the image that the service runs: whatever the deploy tag named
// when its deployment began.
func (r Registry) DeployImage() awsecs.ContainerImage {
	return awsecs.ContainerImage_FromEcrRepository(r.Repository, &r.Tag)
}

// PushPattern matches the event of a successful push of the deploy tag.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
func (r Registry) PushPattern() *awsevents.EventPattern {
	return &awsevents.EventPattern{
		Source:     jsii.Strings("aws.ecr"),
		DetailType: jsii.Strings("ECR Image Action"),
		Detail: &map[string]any{
			"action-type":     []string{"PUSH"},
			"result":          []string{"SUCCESS"},
			"repository-name": []*string{r.Repository.RepositoryName()},
			"image-tag":       []string{r.Tag},
		},
	}
}

// GrantUnseed allows to remove an image that was pushed by a digest.
func (r Registry) GrantUnseed(grantee awsiam.IGrantable) {
	r.Repository.Grant(grantee, jsii.String("ecr:BatchDeleteImage"))
}

// GrantRelease allows to look for a tag, and to push what it should name.
func (r Registry) GrantRelease(grantee awsiam.IGrantable) {
	r.Repository.GrantPush(grantee)
	// A look at a tag by the registry protocol is this action.
	r.Repository.Grant(grantee, jsii.String("ecr:BatchGetImage"))
}

// GrantReconcile allows to read which image a tag names, and to move the two tags
// that can be moved.
func (r Registry) GrantReconcile(grantee awsiam.IGrantable) {
	r.Repository.Grant(grantee, jsii.String("ecr:BatchGetImage"), jsii.String("ecr:DescribeImages"), jsii.String("ecr:PutImage"))
}
