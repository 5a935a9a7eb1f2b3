package firstdeploy

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// failedFirst are all states that a stack can have had when its first deploy
// never was complete. Everything else, such as CREATE_COMPLETE, an update or an
// import, means that the stack may hold what somebody needs.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
var failedFirst = []types.ResourceStatus{
	"REVIEW_IN_PROGRESS",
	types.ResourceStatusCreateInProgress,
	types.ResourceStatusCreateFailed,
	types.ResourceStatusRollbackInProgress,
	types.ResourceStatusRollbackFailed,
	types.ResourceStatusRollbackComplete,
	types.ResourceStatusDeleteInProgress,
	types.ResourceStatusDeleteFailed,
}

// history is what a stack's events prove.
type history struct {
	// created are the physical ids, by logical id, of the resources that this
	// stack itself made.
	created map[string][]string
	// clusters are the physical ids of the database clusters among them.
	clusters []string
}

// read returns the history of a stack that was never complete, or the reason why
// that is not proved.
func (c Cleaner) read(ctx context.Context, stackID string) (history, string, error) {
	h := history{created: map[string][]string{}}
	var states []types.ResourceStatus
	pages := cloudformation.NewDescribeStackEventsPaginator(c.stacks, &cloudformation.DescribeStackEventsInput{StackName: &stackID})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return h, "", err
		}
		for _, event := range page.StackEvents {
			id := aws.ToString(event.PhysicalResourceId)
			switch {
			case id == stackID:
				if !slices.Contains(failedFirst, event.ResourceStatus) {
					return h, fmt.Sprintf("it was %s at %s", event.ResourceStatus, aws.ToTime(event.Timestamp).UTC().Format("2006-01-02 15:04")), nil
				}
				states = append(states, event.ResourceStatus)
			case id != "" && begun(event):
				logical := aws.ToString(event.LogicalResourceId)
				h.created[logical] = append(h.created[logical], id)
				if aws.ToString(event.ResourceType) == "AWS::RDS::DBCluster" && !slices.Contains(h.clusters, id) {
					h.clusters = append(h.clusters, id)
				}
			}
		}
	}
	return h, unproved(states), nil
}

// begun reports whether an event shows that the resource exists because of this
// stack. One whose name is taken fails without "Resource creation Initiated".
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/view-stack-events.html
func begun(event types.StackEvent) bool {
	return event.ResourceStatus == types.ResourceStatusCreateComplete ||
		event.ResourceStatus == types.ResourceStatusCreateInProgress && aws.ToString(event.ResourceStatusReason) == "Resource creation Initiated"
}

// unproved says what is missing from a history. Without the creation, a complete
// deploy may be among the events that are missing.
func unproved(states []types.ResourceStatus) string {
	switch {
	case !slices.Contains(states, types.ResourceStatusCreateInProgress):
		return "its events do not reach back to its creation"
	case !slices.Contains(states, types.ResourceStatusRollbackFailed) && !slices.Contains(states, types.ResourceStatusRollbackComplete):
		return "its events show no rollback of its creation"
	default:
		return ""
	}
}

// made reports whether this stack created the resource: one that existed before
// has failed with "already exists", and belongs to somebody else.
func (h history) made(r types.StackResourceSummary) bool {
	return slices.Contains(h.created[aws.ToString(r.LogicalResourceId)], aws.ToString(r.PhysicalResourceId))
}
