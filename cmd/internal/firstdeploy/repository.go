package firstdeploy

import (
	"context"
	"errors"
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
	digests := map[string]bool{}
	for _, image := range images {
		digests[aws.ToString(image.ImageDigest)] = true
		if tag := aws.ToString(image.ImageTag); tag != "" {
			tags = append(tags, tag)
		}
	}
	what := fmt.Sprintf("delete ECR repository %s, which is empty", name)
	if len(digests) > 0 {
		what = fmt.Sprintf("delete ECR repository %s with its %d images (tags: %s)", name, len(digests), strings.Join(tags, ", "))
	}
	return []step{{what: what,
		do: func(ctx context.Context) error { return c.emptyRepository(ctx, name) },
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

// emptyRepository deletes by digest: without its tags an image would still be
// there. An index goes before the images that it names, which ECR refuses to
// delete while it exists; so a second round takes what the first one left.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageFailure.html
func (c Cleaner) emptyRepository(ctx context.Context, name string) error {
	for range 3 {
		images, err := c.images(ctx, name)
		if err != nil || len(images) == 0 {
			return err
		}
		for batch := range slices.Chunk(byDigest(images), 100) { // the API's limit
			if _, err := c.repositories.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: batch}); err != nil {
				return err
			}
		}
	}
	if images, err := c.images(ctx, name); err != nil || len(images) > 0 {
		return errors.Join(err, fmt.Errorf("%d images of ECR repository %s could not be deleted", len(images), name))
	}
	return nil
}

func byDigest(images []ecrtypes.ImageIdentifier) []ecrtypes.ImageIdentifier {
	var unique []ecrtypes.ImageIdentifier
	seen := map[string]bool{}
	for _, image := range images {
		if digest := aws.ToString(image.ImageDigest); !seen[digest] {
			seen[digest] = true
			unique = append(unique, ecrtypes.ImageIdentifier{ImageDigest: image.ImageDigest})
		}
	}
	return unique
}
