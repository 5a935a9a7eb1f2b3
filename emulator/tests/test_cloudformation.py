from .account import failing


def protected(account, **attributes):
    pairs = [{"Key": "deletion_protection.enabled", "Value": "true"}]
    properties = {"Name": account.name, "LoadBalancerAttributes": pairs}
    return {"Type": "AWS::ElasticLoadBalancingV2::LoadBalancer", "Properties": properties, **attributes}


def test_what_does_not_depend_on_a_failure_exists_by_then(account):
    assert account.create({"AFails": failing(), "ZBalancer": protected(account)}) == "ROLLBACK_FAILED"
    assert "deletion protection is enabled" in account.failures()["ZBalancer"]


def test_what_depends_on_a_failure_is_never_created(account):
    assert (
        account.create({"AFails": failing(), "ZBalancer": protected(account, DependsOn="AFails")})
        == "ROLLBACK_COMPLETE"
    )


def test_a_failed_roll_back_is_finished_by_deleting_the_stack(account):
    assert account.create({"AFails": failing(), "ZBalancer": protected(account)}) == "ROLLBACK_FAILED"
    assert account.stack()["StackStatusReason"] == "The following resource(s) failed to delete: [ZBalancer]."
    assert account.delete() == "DELETE_FAILED"
    off = [{"Key": "deletion_protection.enabled", "Value": "false"}]
    arn = account.physical("ZBalancer")
    account.aws("elbv2").modify_load_balancer_attributes(LoadBalancerArn=arn, Attributes=off)
    assert account.delete() == "DELETE_COMPLETE"
    found = account.aws("elbv2").describe_load_balancers()["LoadBalancers"]
    assert arn not in [b["LoadBalancerArn"] for b in found]
