package firstdeploy

import (
	"context"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// reportSnapshots names the snapshots that the deletion of the stack's database left, and
// how to delete them. CloudFormation takes one whenever it deletes a cluster whose
// DeletionPolicy is Snapshot, also when it rolls its creation back. Nothing is deleted here:
// a snapshot costs cents, and stands in nobody's way.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
func (c Cleaner) reportSnapshots(ctx context.Context, p *Plan, w io.Writer) error {
	for _, cluster := range p.clusters {
		pages := rds.NewDescribeDBClusterSnapshotsPaginator(c.databases, &rds.DescribeDBClusterSnapshotsInput{
			DBClusterIdentifier: &cluster, SnapshotType: aws.String("manual"),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return fmt.Errorf("list the snapshots of database cluster %s: %w", cluster, err)
			}
			for _, snapshot := range page.DBClusterSnapshots {
				fmt.Fprintf(w, "The database left a snapshot, as it does whenever it is deleted. If you do not need it:\n"+
					"  aws rds delete-db-cluster-snapshot --db-cluster-snapshot-identifier %s\n", aws.ToString(snapshot.DBClusterSnapshotIdentifier))
			}
		}
	}
	return nil
}
