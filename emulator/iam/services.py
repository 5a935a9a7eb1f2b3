"""Services that act for a resource of the stack: alarms, access logs, flow logs, and the
CDK's own helpers, whose work the emulator does."""

from ministack.core.responses import get_account_id
from ministack.services import cloudwatch, lambda_svc

from .. import ec2, s3  # noqa: F401
from ..cloudformation import handlers
from ..core import wrapped
from .access import Refused, require, require_trust
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
    except Refused as refusal:
        cloudwatch.logger.error("CloudWatch: %s", refusal)
        return False
    return True


LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"


def deliver_access_logs(balancer, properties):
    """A balancer writes an object when its access logs are switched on:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html"""
    attributes = {a["Key"]: a["Value"] for a in properties.get("LoadBalancerAttributes", [])}
    if attributes.get("access_logs.s3.enabled") != "true":
        return
    bucket, prefix = attributes["access_logs.s3.bucket"], attributes.get("access_logs.s3.prefix", "")
    key = "/".join(filter(None, (prefix, "AWSLogs", get_account_id(), "ELBAccessLogTestFile")))
    try:
        require(Service(LOG_DELIVERY, balancer), "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
    except Refused as refusal:
        raise ValueError(f"Access Denied for bucket: {bucket}. Please check S3bucket permission") from refusal


def log_balancers():
    balancer = handlers("AWS::ElasticLoadBalancingV2::LoadBalancer")
    create, update = balancer["create"], balancer["update"]

    def created(logical_id, properties, stack_name):
        physical_id, attributes = create(logical_id, properties, stack_name)
        deliver_access_logs(physical_id, properties)
        return physical_id, attributes

    def updated(physical_id, old, new, *rest):
        deliver_access_logs(physical_id, new)
        return update(physical_id, old, new, *rest)

    balancer.update(create=created, update=updated)


FLOW_LOGS = Service("vpc-flow-logs.amazonaws.com")


def deliver_flow_log(properties):
    """https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html"""
    role = properties["DeliverLogsPermissionArn"]
    require_trust(FLOW_LOGS, role)
    session, group = Session(role.rpartition("/")[2], "flow-log"), properties["LogGroupName"]
    require(session, "logs:DescribeLogStreams", arn("logs", f"log-group:{group}"))
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        require(session, action, stream_arn(group, "eni"))


def log_flows():
    flow_log = handlers("AWS::EC2::FlowLog")
    create = flow_log["create"]

    def created(logical_id, properties, stack_name):
        deliver_flow_log(properties)
        return create(logical_id, properties, stack_name)

    flow_log["create"] = created


def helper_of(properties):
    """The session of the function that a custom resource names."""
    config = lambda_svc._functions[properties["ServiceToken"].rpartition(":")[2]]["config"]
    require_trust(LAMBDA, config["Role"])
    return session_of(config)


# What the CDK's helpers call, in packages/@aws-cdk/custom-resource-handlers of aws/aws-cdk.
GROUP_RULES = {
    "create": ("ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"),
    "delete": ("ec2:AuthorizeSecurityGroupIngress", "ec2:AuthorizeSecurityGroupEgress"),
}
EMPTYING = ("s3:GetBucketTagging", "s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:ListBucketVersions")
EMPTYING_OBJECTS = ("s3:DeleteObject", "s3:DeleteObjectVersion")


def change_default_group(properties, when):
    for action in GROUP_RULES[when]:
        require(helper_of(properties), action, arn("ec2", f"security-group/{properties['DefaultSecurityGroupId']}"))


def empty_bucket(properties):
    bucket = f"arn:aws:s3:::{properties['BucketName']}"
    for action in EMPTYING:
        require(helper_of(properties), action, bucket)
    for action in EMPTYING_OBJECTS:
        require(helper_of(properties), action, f"{bucket}/object")


def act_as_helpers():
    group, bucket = handlers("Custom::VpcRestrictDefaultSG"), handlers("Custom::S3AutoDeleteObjects")
    create, delete, empty = group["create"], group["delete"], bucket["delete"]

    def created(logical_id, properties, stack_name):
        change_default_group(properties, "create")
        return create(logical_id, properties, stack_name)

    def deleted(physical_id, properties):
        change_default_group(properties, "delete")
        delete(physical_id, properties)

    def emptied(physical_id, properties):
        empty_bucket(properties)
        empty(physical_id, properties)

    group.update(create=created, delete=deleted)
    bucket.update(delete=emptied)


log_balancers()
log_flows()
act_as_helpers()
