import pytest

from emulator.iam import actions
from emulator.iam.evaluator import EvaluationError, evaluate

ACCOUNT = "000000000000"
CLUSTER, SERVICE = "a-cluster", "a-service"
ROLE = f"arn:aws:sts::{ACCOUNT}:assumed-role/a-role/a-session"


def ecs(resource):
    return actions.arn("ecs", resource)


IMAGE = {"repositoryName": "my-api"}
STREAM = {"logGroupName": "a-group", "logStreamName": "api/1"}
BALANCER = actions.arn("elasticloadbalancing", "loadbalancer/app/a/1")
# A call of each operation in the table.
CALLS = {
    **{name: IMAGE for name in actions.ROWS if name.startswith("ecr:")},
    **{name: STREAM for name in actions.ROWS if name.startswith("logs:")},
    **{name: {"SecretId": "a-secret-123456"} for name in actions.ROWS if name.startswith("secretsmanager:")},
    **{name: {"LoadBalancerArn": BALANCER} for name in actions.ROWS if name.startswith("elasticloadbalancing:")},
    **{name: {"DBClusterIdentifier": "a-cluster"} for name in actions.ROWS if name.startswith("rds:")},
    "ecs:DescribeServiceDeployments": {"serviceDeploymentArns": [ecs(f"service-deployment/{CLUSTER}/{SERVICE}/1")]},
    "ecs:DescribeServiceRevisions": {"serviceRevisionArns": [ecs(f"service-revision/{CLUSTER}/{SERVICE}/1")]},
    "ecs:DescribeServices": {"cluster": CLUSTER, "services": [SERVICE]},
    "ecs:DescribeTasks": {"cluster": CLUSTER, "tasks": ["1"]},
    "ecs:ListServiceDeployments": {"cluster": CLUSTER, "service": SERVICE},
    "ecs:ListTasks": {"cluster": CLUSTER, "serviceName": SERVICE},
    "ecs:StopServiceDeployment": {"serviceDeploymentArn": ecs(f"service-deployment/{CLUSTER}/{SERVICE}/1")},
    "ecs:UpdateService": {"cluster": ecs(f"cluster/{CLUSTER}"), "service": ecs(f"service/{CLUSTER}/{SERVICE}")},
    "sns:Publish": {"TopicArn": actions.arn("sns", "a-topic")},
    "sqs:SendMessage": {"QueueUrl": f"http://localhost/{ACCOUNT}/a-queue"},
    "sts:GetCallerIdentity": {},
}


def allows(requirement, **statement):
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]}
    request = {"principal": ROLE, "action": requirement.action, "resource": requirement.resource, "account": ACCOUNT}
    answer = evaluate({**request, "context": requirement.context, "identity": [policy]})
    return answer["result"] == "Allowed"


@pytest.mark.parametrize("operation", actions.ROWS)
def test_what_a_row_requires_is_known_to_iam(operation):
    for requirement in actions.required(operation, CALLS[operation]):
        assert allows(requirement, Action=requirement.action, Resource=requirement.resource)
        assert not allows(requirement, Action="s3:GetObject", Resource="*")


def test_a_call_that_is_missing_in_the_table_is_named():
    with pytest.raises(LookupError, match="no row for ecr:DeleteRepository"):
        actions.required("ecr:DeleteRepository", IMAGE)
    with pytest.raises(LookupError, match="no row for DELETE of a registry's manifest"):
        actions.required_of_registry("DELETE", "manifest", "my-api")


def test_an_action_that_iam_does_not_know_is_an_error():
    with pytest.raises(EvaluationError, match="ecr:EatImage"):
        allows(actions.Requirement("ecr:EatImage", actions.arn("ecr", "repository/my-api")), Action="*", Resource="*")


@pytest.mark.parametrize(
    "operation", ["ecs:DescribeServiceDeployments", "ecs:DescribeServiceRevisions", "ecs:StopServiceDeployment"]
)
def test_a_deployment_is_authorized_on_its_service_too(operation):
    resources = {r.resource for r in actions.required(operation, CALLS[operation])}
    assert ecs(f"service/{CLUSTER}/{SERVICE}") in resources
    assert len(resources) == 2


def test_tasks_are_listed_in_the_cluster_of_the_condition_only():
    [listing] = actions.required("ecs:ListTasks", CALLS["ecs:ListTasks"])
    for cluster, allowed in ((CLUSTER, True), ("another", False)):
        condition = {"ArnEquals": {"ecs:cluster": ecs(f"cluster/{cluster}")}}
        assert allows(listing, Action="ecs:ListTasks", Resource="*", Condition=condition) == allowed
    assert not allows(listing, Action="ecs:ListTasks", Resource=ecs(f"cluster/{CLUSTER}"))


def test_a_token_for_the_registry_has_no_resource():
    [token] = actions.required("ecr:GetAuthorizationToken", {})
    assert not allows(token, Action=token.action, Resource=actions.arn("ecr", "repository/my-api"))
