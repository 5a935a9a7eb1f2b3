"""Elastic Load Balancing: protected load balancers, and the check of where access logs go.

Rules and target groups are in balancing_rules.py, requests in balancing_requests.py.
"""

from ministack.core.responses import get_account_id
from ministack.services import alb, s3
from ministack.services.cloudformation import provisioners

from .cloudformation import check, handlers, refusal
from .core import ok, wrapped_action
from .iam.access import RefusedError, require
from .iam.principals import Service

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
SERVICE = "ElasticLoadBalancingV2"
LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com"


def protection(arn):
    """Why a load balancer can't be deleted."""
    if alb._lb_attr(arn, "deletion_protection.enabled", "false") == "true":
        return f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    return None


def refuse_protected(physical_id, properties):
    if reason := protection(physical_id):
        raise refusal(reason, SERVICE)


@wrapped_action(alb, "DeleteLoadBalancer")
def delete_load_balancer(original, parameters):
    """Its listeners and rules go with it, as on AWS."""
    arn = alb._p(parameters, "LoadBalancerArn")
    if reason := protection(arn):
        return alb._error("OperationNotPermitted", reason)
    provisioners._elbv2_load_balancer_delete(arn, {})
    return original(parameters)


def logging(attributes):
    """The bucket and the prefix of access logs, if they are on."""
    if str(attributes.get("access_logs.s3.enabled")).lower() != "true":
        return None
    return attributes.get("access_logs.s3.bucket", ""), attributes.get("access_logs.s3.prefix", "")


def may_log(arn, bucket, key):
    try:
        require(Service(LOG_DELIVERY, arn), "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}")
    except RefusedError:
        return False
    return True


def switch_logs(arn, attributes):
    """Write the test object of access logs that are now on, or return why they stay off.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
    """
    before = {a["Key"]: a["Value"] for a in alb._lb_attrs.get(arn, [])}
    wanted = logging({**before, **attributes})
    if not wanted or wanted == logging(before):
        return None
    bucket, prefix = wanted
    key = "/".join(filter(None, (prefix, "AWSLogs", get_account_id(), "ELBAccessLogTestFile")))
    if bucket not in s3._buckets or not may_log(arn, bucket, key):
        return f"Access Denied for bucket: {bucket}. Please check S3bucket permission"
    ok(s3._put_object(bucket, key, f"Enable AccessLog for ELB: {arn}".encode(), {}))
    return None


def requested(parameters):
    """The attributes of a request that modifies them."""
    attributes, number = {}, 1
    while key := alb._p(parameters, f"Attributes.member.{number}.Key"):
        attributes[key] = alb._p(parameters, f"Attributes.member.{number}.Value")
        number += 1
    return attributes


@wrapped_action(alb, "ModifyLoadBalancerAttributes")
def modify_load_balancer_attributes(original, parameters):
    arn = alb._p(parameters, "LoadBalancerArn")
    if arn in alb._lbs and (reason := switch_logs(arn, requested(parameters))):
        return alb._error("InvalidConfigurationRequest", reason)
    return original(parameters)


def declared(properties, kind="LoadBalancerAttributes"):
    """The attributes of a template."""
    return {a["Key"]: a["Value"] for a in properties.get(kind) or []}


def create(original):
    """Its attributes are set once it exists; it is deleted again if they are refused."""

    def handler(logical_id, properties, stack_name):
        bare = {k: v for k, v in properties.items() if k != "LoadBalancerAttributes"}
        arn, attributes = original(logical_id, bare, stack_name)
        if reason := switch_logs(arn, declared(properties)):
            provisioners._elbv2_load_balancer_delete(arn, {})
            raise refusal(reason, SERVICE, code="InvalidRequest")
        provisioners._elbv2_merge_attributes(alb._lb_attrs[arn], properties.get("LoadBalancerAttributes"))
        return arn, attributes

    return handler


def refuse_update(physical_id, old, new, *rest):
    if reason := switch_logs(physical_id, declared(new)):
        raise refusal(reason, SERVICE, code="InvalidRequest")


handlers(BALANCER)["create"] = create(handlers(BALANCER)["create"])
check(BALANCER, update=refuse_update, delete=refuse_protected)
