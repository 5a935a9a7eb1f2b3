"""Services that act for a resource of the stack: alarms, flow logs, and the CDK's own
helpers, whose work the emulator does."""

import contextlib

from ministack.services import cloudformation, cloudwatch, iam, lambda_svc

from .. import ec2, s3  # noqa: F401
from ..cloudformation import check
from ..core import after, wrapped
from .access import RefusedError, require, require_trust
from .actions import arn, stream_arn
from .functions import LAMBDA, session_of
from .principals import Service, Session


@wrapped(cloudwatch, "_dispatch_alarm_actions")
def dispatch_alarm_actions(original, alarm, old_state, new_state, reason):
    """An alarm whose topic refuses it tells nobody."""
    alarms = Service("cloudwatch.amazonaws.com", arn("cloudwatch", f"alarm:{alarm['AlarmName']}"))
    allowed = dict(alarm)
    for key in ("AlarmActions", "OKActions", "InsufficientDataActions"):
        allowed[key] = [topic for topic in alarm.get(key) or [] if may_publish(alarms, topic)]
    original(allowed, old_state, new_state, reason)


def may_publish(alarms, topic):
    try:
        require(alarms, "sns:Publish", topic)
    except RefusedError as refusal:
        cloudwatch.logger.error("CloudWatch: %s", refusal)
        return False
    return True


FLOW_LOGS = Service("vpc-flow-logs.amazonaws.com")


def when_complete(stack_name, role, action, *args):
    """Do something as a role once the stack is complete, unless the role is gone then."""
    if cloudformation._stacks[stack_name]["StackStatus"].endswith("IN_PROGRESS"):
        after(1, when_complete, stack_name, role, action, *args)
    elif role in iam._roles:
        with contextlib.suppress(RefusedError):  # what can't be written is lost, and on record
            action(*args)


def create_flow_log(logical_id, properties, stack_name):
    if "DeliverLogsPermissionArn" not in properties:
        return
    require_trust(FLOW_LOGS, properties["DeliverLogsPermissionArn"])
    session = Session(properties["DeliverLogsPermissionArn"].rpartition("/")[2], "flow-log")
    when_complete(stack_name, session.role, deliver_flow_log, session, properties["LogGroupName"])


def deliver_flow_log(session, group):
    """The first records come minutes later:
    https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"""
    # What AWS's own error names has nothing after log-stream.
    require(session, "logs:DescribeLogStreams", stream_arn(group, ""))
    require_log(session, group)


def require_log(session, group):
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        require(session, action, stream_arn(group, "stream"))


def helper_of(properties):
    """The function that a custom resource names."""
    return lambda_svc._functions[properties["ServiceToken"].rpartition(":")[2]]["config"]


# What the CDK's helpers call, in packages/@aws-cdk/custom-resource-handlers of aws/aws-cdk.
CLOSE_GROUP = ("ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress")
OPEN_GROUP = ("ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress")
EMPTY_BUCKET = ("s3:GetBucketTagging", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:ListBucketVersions")
EMPTY_OBJECTS = ("s3:DeleteObject", "s3:DeleteObjectVersion")


def require_of_helper(properties, actions, resource):
    if "ServiceToken" not in properties:  # which AWS insists on, and a test may leave out
        return
    require_trust(LAMBDA, helper_of(properties)["Role"])
    for action in actions:
        require(session_of(helper_of(properties)), action, resource)


def log_helper(properties, stack_name):
    """Its permission to log may come after it, and the custom resource does not wait."""
    if "ServiceToken" in properties and (group := helper_of(properties).get("LoggingConfig", {}).get("LogGroup")):
        session = session_of(helper_of(properties))
        when_complete(stack_name, session.role, require_log, session, group)


def group_of(properties):
    return arn("ec2", f"security-group/{properties['DefaultSecurityGroupId']}")


def create_closed_group(logical_id, properties, stack_name):
    require_of_helper(properties, CLOSE_GROUP, group_of(properties))
    log_helper(properties, stack_name)


def delete_closed_group(physical_id, properties):
    require_of_helper(properties, OPEN_GROUP, group_of(properties))


def create_emptied_bucket(logical_id, properties, stack_name):
    log_helper(properties, stack_name)


def delete_emptied_bucket(physical_id, properties):
    bucket = f"arn:aws:s3:::{properties['BucketName']}"
    require_of_helper(properties, EMPTY_BUCKET, bucket)
    require_of_helper(properties, EMPTY_OBJECTS, f"{bucket}/object")


check("AWS::EC2::FlowLog", create=create_flow_log)
check("Custom::VpcRestrictDefaultSG", create=create_closed_group, delete=delete_closed_group)
check("Custom::S3AutoDeleteObjects", create=create_emptied_bucket, delete=delete_emptied_bucket)
