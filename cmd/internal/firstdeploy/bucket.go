package firstdeploy

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// bucket deletes whatever is there when it is done, unlike repository, which keeps what
// the plan has not shown: AWS alone writes here, access logs of the load balancer that
// goes too, and may deliver another one at any time.
func (c Cleaner) bucket(ctx context.Context, name string) ([]step, error) {
	count := 0
	err := c.versions(ctx, name, func(objects []s3types.ObjectIdentifier) error {
		count += len(objects)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return []step{{
		what: fmt.Sprintf("delete bucket %s with its %d objects, versions included", name, count),
		do:   func(ctx context.Context) error { return c.emptyBucket(ctx, name) },
		after: func(ctx context.Context) error {
			// A log that was under way may have arrived while the stack was deleted.
			if err := c.emptyBucket(ctx, name); err != nil {
				return err
			}
			_, err := c.buckets.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &name})
			return err
		},
	}}, nil
}

func (c Cleaner) emptyBucket(ctx context.Context, name string) error {
	return c.versions(ctx, name, func(objects []s3types.ObjectIdentifier) error {
		deleted, err := c.buckets.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &name, Delete: &s3types.Delete{Objects: objects, Quiet: aws.Bool(true)}})
		if err != nil {
			return err
		}
		if len(deleted.Errors) > 0 {
			first := deleted.Errors[0]
			return fmt.Errorf("delete %d objects of bucket %s, such as %s: %s", len(deleted.Errors), name, aws.ToString(first.Key), aws.ToString(first.Message))
		}
		return nil
	})
}

// versions goes through all versions and delete markers, a page at a time: at most
// 1000, which is also the most that one call deletes.
func (c Cleaner) versions(ctx context.Context, bucket string, each func([]s3types.ObjectIdentifier) error) error {
	pages := s3.NewListObjectVersionsPaginator(c.buckets, &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		var objects []s3types.ObjectIdentifier
		for _, version := range page.Versions {
			objects = append(objects, s3types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
		}
		for _, marker := range page.DeleteMarkers {
			objects = append(objects, s3types.ObjectIdentifier{Key: marker.Key, VersionId: marker.VersionId})
		}
		if len(objects) == 0 {
			continue
		}
		if err := each(objects); err != nil {
			return err
		}
	}
	return nil
}
