"""Load balancers: protection, access logs, and stickiness against weights."""

import pytest

from .account import NUMBER, REGION, failing, message, refused

BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"
NOT_ON_THE_RULE = (
    "You must enable group stickiness on a rule if you enabled target stickiness on one of its target groups"
)
NOT_BEFORE_THE_RULE = "You must enable group stickiness before enabling target stickiness"
STICKY = [{"Key": "stickiness.enabled", "Value": "true"}]


def balancer(account, *attributes):
    pairs = [{"Key": key, "Value": value} for key, value in attributes]
    return {"Type": BALANCER, "Properties": {"Name": account.name, "LoadBalancerAttributes": pairs}}


def made(account):
    answer = account.aws("elbv2").create_load_balancer(Name=account.name)
    return answer["LoadBalancers"][0]["LoadBalancerArn"]


def group(account, name):
    answer = account.aws("elbv2").create_target_group(Name=f"{account.name}-{name}", Protocol="HTTP", Port=80)
    return answer["TargetGroups"][0]["TargetGroupArn"]


def set_sticky(account, arn):
    account.aws("elbv2").modify_target_group_attributes(TargetGroupArn=arn, Attributes=STICKY)


def weighted(groups, sticky=False):
    config = {"TargetGroups": [{"TargetGroupArn": arn, "Weight": 50} for arn in groups]}
    if sticky:
        config["TargetGroupStickinessConfig"] = {"Enabled": True, "DurationSeconds": 60}
    return [{"Type": "forward", "ForwardConfig": config}]


def test_a_protected_balancer_is_deleted_neither_by_cloudformation_nor_by_the_api(account):
    elb = account.aws("elbv2")
    protected = balancer(account, ("deletion_protection.enabled", "true"))
    assert account.create({"Balancer": protected, "Fails": failing("Balancer")}) == "ROLLBACK_FAILED"
    arn = account.physical("Balancer")
    wanted = f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled"
    assert wanted in account.failures()["Balancer"]
    with refused("OperationNotPermitted") as error:
        elb.delete_load_balancer(LoadBalancerArn=arn)
    assert message(error) == wanted
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=off)
    assert account.delete() == "DELETE_COMPLETE"
    with refused("LoadBalancerNotFound"):
        elb.describe_load_balancers(LoadBalancerArns=[arn])


def logging_policy(principal="logdelivery.elasticloadbalancing.amazonaws.com", path="*", **statement):
    resource = {"Fn::Sub": "${Bucket.Arn}/" + path}
    allow = {"Effect": "Allow", "Principal": {"Service": principal}, "Action": "s3:PutObject", "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [{**allow, **statement}]}
    properties = {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": document}
    return {"Type": "AWS::S3::BucketPolicy", "Properties": properties}


def logging_stack(account, policy, *attributes):
    pairs = (("access_logs.s3.enabled", "true"), ("access_logs.s3.bucket", {"Ref": "Bucket"}), *attributes)
    return {
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Policy": policy,
        "Balancer": {**balancer(account, *pairs), "DependsOn": "Policy"},
    }


def objects(account):
    bucket = account.physical("Bucket")
    return [o["Key"] for o in account.aws("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.mark.parametrize(("prefix", "path"), [("", "AWSLogs"), ("web", "web/AWSLogs")])
def test_a_balancer_writes_a_test_object_when_its_access_logs_are_switched_on(account, prefix, path):
    attributes = [("access_logs.s3.prefix", prefix)] if prefix else []
    stack = logging_stack(account, logging_policy(path=f"{path}/{NUMBER}/*"), *attributes)
    assert account.create(stack) == "CREATE_COMPLETE"
    assert objects(account) == [f"{path}/{NUMBER}/ELBAccessLogTestFile"]
    assert account.delete() == "DELETE_FAILED"
    assert "The bucket you tried to delete is not empty" in account.failures()["Bucket"]


@pytest.mark.parametrize(
    "policy",
    [
        logging_policy(principal="delivery.logs.amazonaws.com"),
        logging_policy(path="AWSLogs/111111111111/*"),
        logging_policy(Action="s3:GetObject"),
        logging_policy(Condition={"StringEquals": {"aws:SourceAccount": "111111111111"}}),
    ],
    ids=["another service", "another account's path", "another action", "another source"],
)
def test_a_balancer_that_may_not_write_its_access_logs_is_not_created(account, policy):
    assert account.create(logging_stack(account, policy)) == "ROLLBACK_COMPLETE"
    reason = account.failures()["Balancer"]
    assert "Access Denied for bucket: " in reason
    assert "Please check S3bucket permission" in reason
    with refused("LoadBalancerNotFound"):
        account.aws("elbv2").describe_load_balancers(Names=[account.name])


def test_access_logs_are_switched_on_later_only_with_permission(account):
    elb, bucket = account.aws("elbv2"), f"{account.name}-logs"
    account.aws("s3").create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    on = [{"Key": "access_logs.s3.enabled", "Value": "true"}, {"Key": "access_logs.s3.bucket", "Value": bucket}]
    arn = made(account)
    with refused("InvalidConfigurationRequest") as error:
        elb.modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=on)
    assert message(error) == f"Access Denied for bucket: {bucket}. Please check S3bucket permission"
    attributes = elb.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    assert {"Key": "access_logs.s3.enabled", "Value": "false"} in attributes


def test_cloudformation_switches_access_logs_on_only_with_permission(account):
    stack = logging_stack(account, logging_policy(Action="s3:GetObject"))
    before = {**stack, "Balancer": balancer(account)}
    assert account.create(before) == "CREATE_COMPLETE"
    assert account.update(stack) == "UPDATE_ROLLBACK_COMPLETE"
    assert objects(account) == []
    assert account.update({**stack, "Policy": logging_policy()}) == "UPDATE_COMPLETE"
    assert objects(account) == [f"AWSLogs/{NUMBER}/ELBAccessLogTestFile"]


@pytest.mark.parametrize("by", ["CreateListener", "ModifyListener", "CreateRule", "ModifyRule"])
def test_weights_need_stickiness_on_the_rule_once_a_group_has_it(account, by):
    elb, balancer_arn = account.aws("elbv2"), made(account)
    groups = [group(account, "blue"), group(account, "green")]
    set_sticky(account, groups[1])
    listen = {"LoadBalancerArn": balancer_arn, "Protocol": "HTTP"}
    conditions = [{"Field": "path-pattern", "Values": ["/*"]}]
    single = [{"Type": "forward", "TargetGroupArn": groups[0]}]
    listener = elb.create_listener(**listen, Port=80, DefaultActions=single)["Listeners"][0]["ListenerArn"]
    rule = elb.create_rule(ListenerArn=listener, Priority=1, Conditions=conditions, Actions=single)["Rules"][0][
        "RuleArn"
    ]
    calls = {
        "CreateListener": lambda actions: elb.create_listener(**listen, Port=81, DefaultActions=actions),
        "ModifyListener": lambda actions: elb.modify_listener(ListenerArn=listener, DefaultActions=actions),
        "CreateRule": lambda a: elb.create_rule(ListenerArn=listener, Priority=2, Conditions=conditions, Actions=a),
        "ModifyRule": lambda actions: elb.modify_rule(RuleArn=rule, Actions=actions),
    }
    with refused("InvalidConfigurationRequest") as error:
        calls[by](weighted(groups))
    assert message(error) == NOT_ON_THE_RULE
    calls[by](weighted(groups, sticky=True))
    rules = elb.describe_rules(ListenerArn=listener)["Rules"]
    if by != "CreateListener":
        config = next(a["ForwardConfig"] for r in rules for a in r["Actions"] if "ForwardConfig" in a)
        assert config == weighted(groups, sticky=True)[0]["ForwardConfig"]


def test_a_group_behind_weights_becomes_sticky_only_after_the_rule(account):
    elb, balancer_arn = account.aws("elbv2"), made(account)
    groups = [group(account, "blue"), group(account, "green")]
    listener = elb.create_listener(
        LoadBalancerArn=balancer_arn, Protocol="HTTP", Port=80, DefaultActions=weighted(groups)
    )
    listener = listener["Listeners"][0]["ListenerArn"]
    with refused("InvalidConfigurationRequest") as error:
        set_sticky(account, groups[0])
    assert "This target group appears behind a rule with group stickiness disabled" in message(error)
    assert NOT_BEFORE_THE_RULE in message(error)
    elb.modify_listener(ListenerArn=listener, DefaultActions=weighted(groups, sticky=True))
    set_sticky(account, groups[0])


def stickiness_stack(account, rule, sticky):
    attributes = (
        {"TargetGroupAttributes": STICKY} if sticky else {"TargetGroupAttributes": [{**STICKY[0], "Value": "false"}]}
    )
    forward = [{"Type": "forward", "TargetGroupArn": {"Ref": "Blue"}}]
    two = {
        "TargetGroups": [
            {"TargetGroupArn": {"Ref": "Blue"}, "Weight": 1},
            {"TargetGroupArn": {"Ref": "Green"}, "Weight": 0},
        ]
    }
    actions = [{"Type": "forward", "ForwardConfig": two}] if rule else forward
    target_group = {"Type": "AWS::ElasticLoadBalancingV2::TargetGroup"}
    common = {"Port": 80, "Protocol": "HTTP", "TargetType": "ip"}
    return {
        "Balancer": balancer(account),
        "Blue": {**target_group, "Properties": {**common, **attributes}},
        "Green": {**target_group, "Properties": common},
        "Listener": {
            "Type": "AWS::ElasticLoadBalancingV2::Listener",
            "Properties": {
                "LoadBalancerArn": {"Ref": "Balancer"},
                "Port": 80,
                "Protocol": "HTTP",
                "DefaultActions": forward,
            },
        },
        "Rule": {
            "Type": "AWS::ElasticLoadBalancingV2::ListenerRule",
            "Properties": {
                "ListenerArn": {"Ref": "Listener"},
                "Priority": 1,
                "Conditions": [{"Field": "path-pattern", "Values": ["/*"]}],
                "Actions": actions,
            },
        },
    }


def test_cloudformation_creates_no_weights_over_a_sticky_group(account):
    assert account.create(stickiness_stack(account, rule=True, sticky=True)) == "ROLLBACK_COMPLETE"
    assert NOT_ON_THE_RULE in account.failures()["Rule"]


def test_cloudformation_can_not_go_from_weights_to_a_sticky_group_in_one_update(account):
    """The group is changed while the rule that depends on it still has its weights."""
    assert account.create(stickiness_stack(account, rule=True, sticky=False)) == "CREATE_COMPLETE"
    assert account.update(stickiness_stack(account, rule=False, sticky=True)) == "UPDATE_ROLLBACK_COMPLETE"
    assert NOT_BEFORE_THE_RULE in account.failures()["Blue"]
    assert account.update(stickiness_stack(account, rule=False, sticky=False)) == "UPDATE_COMPLETE"
    assert account.update(stickiness_stack(account, rule=False, sticky=True)) == "UPDATE_COMPLETE"


def test_a_group_that_a_listener_uses_is_not_deleted(account):
    elb, balancer_arn, used = account.aws("elbv2"), made(account), group(account, "used")
    actions = [{"Type": "forward", "TargetGroupArn": used}]
    elb.create_listener(LoadBalancerArn=balancer_arn, Protocol="HTTP", Port=80, DefaultActions=actions)
    with refused("ResourceInUse") as error:
        elb.delete_target_group(TargetGroupArn=used)
    assert message(error) == f"Target group '{used}' is currently in use by a listener or a rule"
    elb.delete_load_balancer(LoadBalancerArn=balancer_arn)
    elb.delete_target_group(TargetGroupArn=used)
