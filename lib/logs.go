package lib

import (
	"fmt"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awsiam"
	"github.com/aws/aws-cdk-go/awscdk/v2/awslogs"
	"github.com/aws/constructs-go/constructs/v10"
	"github.com/aws/jsii-runtime-go"
)

// newLogGroup makes a log group that goes with the stack: logs are kept for
// their retention, they are not the data that config.Retain is about.
func newLogGroup(scope constructs.Construct, id string, retentionDays int) awslogs.LogGroup {
	return awslogs.NewLogGroup(scope, &id, &awslogs.LogGroupProps{
		Retention:     retention(retentionDays),
		RemovalPolicy: awscdk.RemovalPolicy_DESTROY,
	})
}

// limitHelpers has the functions that the CDK brings along log as all others do, and write
// no other log. Lambda would make groups for them that never expire and outlive the stack,
// and AWS's managed policy lets them write every log of the account. The CDK's
// CustomResourceProvider has no property for either: this overrides its function and role.
func limitHelpers(stack awscdk.Stack, retentionDays int) {
	for _, child := range *stack.Node().Children() {
		if !strings.HasSuffix(*child.Node().Id(), "CustomResourceProvider") {
			continue
		}
		group := newLogGroup(stack, *child.Node().Id()+"Logs", retentionDays)
		function := child.Node().FindChild(jsii.String("Handler")).(awscdk.CfnResource)
		function.AddPropertyOverride(jsii.String("LoggingConfig.LogGroup"), group.LogGroupName())
		role := child.Node().FindChild(jsii.String("Role")).(awscdk.CfnResource)
		role.AddPropertyDeletionOverride(jsii.String("ManagedPolicyArns"))
		group.GrantWrite(awsiam.Role_FromRoleName(group, jsii.String("Helper"), role.Ref(), nil))
	}
}

// retentions are the periods that CloudWatch Logs offers, in days.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
var retentions = map[int]awslogs.RetentionDays{
	1: awslogs.RetentionDays_ONE_DAY, 3: awslogs.RetentionDays_THREE_DAYS, 5: awslogs.RetentionDays_FIVE_DAYS,
	7: awslogs.RetentionDays_ONE_WEEK, 14: awslogs.RetentionDays_TWO_WEEKS, 30: awslogs.RetentionDays_ONE_MONTH,
	60: awslogs.RetentionDays_TWO_MONTHS, 90: awslogs.RetentionDays_THREE_MONTHS, 120: awslogs.RetentionDays_FOUR_MONTHS,
	150: awslogs.RetentionDays_FIVE_MONTHS, 180: awslogs.RetentionDays_SIX_MONTHS, 365: awslogs.RetentionDays_ONE_YEAR,
	400: awslogs.RetentionDays_THIRTEEN_MONTHS, 545: awslogs.RetentionDays_EIGHTEEN_MONTHS, 731: awslogs.RetentionDays_TWO_YEARS,
	1096: awslogs.RetentionDays_THREE_YEARS, 1827: awslogs.RetentionDays_FIVE_YEARS, 2192: awslogs.RetentionDays_SIX_YEARS,
	2557: awslogs.RetentionDays_SEVEN_YEARS, 2922: awslogs.RetentionDays_EIGHT_YEARS, 3288: awslogs.RetentionDays_NINE_YEARS,
	3653: awslogs.RetentionDays_TEN_YEARS,
}

func retention(days int) awslogs.RetentionDays {
	period, ok := retentions[days]
	if !ok {
		panic(fmt.Sprintf("logs.retentionDays: CloudWatch Logs has no period of %d days", days))
	}
	return period
}
