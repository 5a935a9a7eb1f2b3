package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// unseed removes the placeholder, and no other image: the same binary and the same
// properties give the same digest. CloudFormation deletes a repository only when it is
// empty, also when it rolls a first deploy back.
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_DeleteRepository.html
func (s *seeder) unseed(ctx context.Context, p properties) error {
	image, err := placeholder(s.executable, p)
	if err != nil {
		return fmt.Errorf("build placeholder image: %w", err)
	}
	digest, err := image.Digest()
	if err != nil {
		return fmt.Errorf("build placeholder image: %w", err)
	}
	_, repository, _ := strings.Cut(p.RepositoryURI, "/")
	answer, err := s.ecr.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{
		RepositoryName: &repository, ImageIds: []types.ImageIdentifier{{ImageDigest: aws.String(digest.String())}},
	})
	var gone *types.RepositoryNotFoundException
	if errors.As(err, &gone) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("remove placeholder image %s from %s: %w", digest, repository, err)
	}
	for _, failure := range answer.Failures {
		if failure.FailureCode != types.ImageFailureCodeImageNotFound {
			return fmt.Errorf("remove placeholder image %s from %s: %s: %s", digest, repository, failure.FailureCode, aws.ToString(failure.FailureReason))
		}
	}
	slog.Info("placeholder removed", "repository", repository, "digest", digest.String(), "images", len(answer.ImageIds))
	return nil
}
