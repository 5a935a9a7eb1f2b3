package firstdeploy

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// repository can't be deleted by CloudFormation while it has an image, whoever
// pushed it.
func (c Cleaner) repository(ctx context.Context, name string) ([]step, error) {
	images, err := c.images(ctx, name)
	if err != nil {
		return nil, err
	}
	var tags []string
	for _, image := range images {
		if tag := aws.ToString(image.ImageTag); tag != "" {
			tags = append(tags, tag)
		}
	}
	shown := digests(images)
	what := fmt.Sprintf("delete ECR repository %s, which is empty", name)
	if len(shown) > 0 {
		what = fmt.Sprintf("delete ECR repository %s with its %d images (tags: %s)", name, len(shown), strings.Join(tags, ", "))
	}
	return []step{{what: what,
		do: func(ctx context.Context) error { return c.emptyRepository(ctx, name, shown) },
		after: func(ctx context.Context) error {
			// Not by force: what was pushed since the list was shown stays.
			_, err := c.repositories.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: &name})
			return err
		},
	}}, nil
}

func (c Cleaner) images(ctx context.Context, repository string) ([]ecrtypes.ImageIdentifier, error) {
	var images []ecrtypes.ImageIdentifier
	pages := ecr.NewListImagesPaginator(c.repositories, &ecr.ListImagesInput{RepositoryName: &repository})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		images = append(images, page.ImageIds...)
	}
	return images, nil
}

// emptyRepository deletes the images that the plan has shown, and no other: the answer
// to a question can take a day, in which somebody may push. It deletes by digest:
// without its tags an image would still be there. An index goes before the images that
// it names, which ECR refuses to delete while it exists; so a second round takes what
// the first one left.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html
func (c Cleaner) emptyRepository(ctx context.Context, name string, shown []string) error {
	for range 3 {
		left, err := c.imagesShown(ctx, name, shown)
		if err != nil || len(left) == 0 {
			return err
		}
		for batch := range slices.Chunk(left, 100) { // the API's limit
			if _, err := c.repositories.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: identifiers(batch)}); err != nil {
				return err
			}
		}
	}
	left, err := c.imagesShown(ctx, name, shown)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%d images of ECR repository %s could not be deleted", len(left), name)
	}
	return err
}

// imagesShown returns the digests that the repository has, and an error if the plan has
// not shown all of them.
func (c Cleaner) imagesShown(ctx context.Context, name string, shown []string) ([]string, error) {
	images, err := c.images(ctx, name)
	if err != nil {
		return nil, err
	}
	found := digests(images)
	pushed := slices.DeleteFunc(slices.Clone(found), func(digest string) bool { return slices.Contains(shown, digest) })
	if len(pushed) > 0 {
		return nil, fmt.Errorf("%s: pushed since the list was shown: nothing of it was deleted; run it again", strings.Join(pushed, ", "))
	}
	return found, nil
}

// digests returns each once: an image is listed once for every tag.
func digests(images []ecrtypes.ImageIdentifier) []string {
	var all []string
	for _, image := range images {
		all = append(all, aws.ToString(image.ImageDigest))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func identifiers(digests []string) []ecrtypes.ImageIdentifier {
	var ids []ecrtypes.ImageIdentifier
	for _, digest := range digests {
		ids = append(ids, ecrtypes.ImageIdentifier{ImageDigest: &digest})
	}
	return ids
}
