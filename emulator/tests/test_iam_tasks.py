"""ECS: tasks whose roles lack what their start needs."""

import json
import re

import pytest

from .account import NUMBER, REGION, eventually

TRUST = {"Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}


def statements(account, secret):
    logs = f"arn:aws:logs:{REGION}:{NUMBER}:log-group:{account.name}:*"
    return {
        "token": {"Action": "ecr:GetAuthorizationToken", "Resource": "*"},
        "image": {
            "Action": ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            "Resource": f"arn:aws:ecr:{REGION}:{NUMBER}:repository/{account.name}",
        },
        "secret": {"Action": "secretsmanager:GetSecretValue", "Resource": secret},
        "log": {"Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": logs},
    }


def document(*found):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **s} for s in found]})


def deploy(account, secret, allowed, trust=TRUST):
    """The newest deployment of a service whose execution role may do some things."""
    iam, ecs = account.aws("iam"), account.aws("ecs")
    role = iam.create_role(RoleName=account.name, AssumeRolePolicyDocument=document(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=account.name, PolicyName="own", PolicyDocument=document(*allowed.values()))
    container = {
        "name": "api",
        "image": f"{NUMBER}.dkr.ecr.{REGION}.amazonaws.com/{account.name}:latest",
        "secrets": [{"name": "PASSWORD", "valueFrom": f"{secret}:password::"}],
        "logConfiguration": {
            "logDriver": "awslogs",
            "options": {"awslogs-group": account.name, "awslogs-stream-prefix": "tasks"},
        },
    }
    ecs.register_task_definition(family=account.name, executionRoleArn=role, containerDefinitions=[container])
    ecs.create_cluster(clusterName=account.name)
    ecs.create_service(cluster=account.name, serviceName="api", taskDefinition=account.name, desiredCount=1)
    eventually(lambda: newest(account)["status"] not in ("IN_PROGRESS", "ROLLBACK_IN_PROGRESS"))
    return newest(account)


def newest(account):
    return account.aws("ecs").list_service_deployments(cluster=account.name, service="api")["serviceDeployments"][0]


@pytest.fixture
def secret(account):
    account.repository()
    account.push("latest")
    account.aws("logs").create_log_group(logGroupName=account.name)
    return account.aws("secretsmanager").create_secret(Name=account.name, SecretString='{"password": "x"}')["ARN"]


def test_a_task_starts_with_the_documented_permissions(account, secret):
    assert deploy(account, secret, statements(account, secret))["status"] == "SUCCESSFUL"


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("token", "ResourceInitializationError: .* ecr:GetAuthorizationToken"),
        ("secret", "ResourceInitializationError: .* secretsmanager:GetSecretValue"),
        ("image", "CannotPullContainerError: .* ecr:BatchCheckLayerAvailability"),
        ("log", "ResourceInitializationError: .* logs:CreateLogStream"),
    ],
)
def test_a_task_without_a_permission_does_not_start(account, secret, missing, reason):
    allowed = statements(account, secret)
    del allowed[missing]
    assert deploy(account, secret, allowed)["status"].startswith("ROLLBACK")
    ecs = account.aws("ecs")
    tasks = ecs.list_tasks(cluster=account.name, desiredStatus="STOPPED")["taskArns"]
    [stopped] = ecs.describe_tasks(cluster=account.name, tasks=tasks)["tasks"]
    assert stopped["stopCode"] == "TaskFailedToStart"
    assert re.search(reason, stopped["stoppedReason"])


def test_a_task_whose_role_trusts_another_service_does_not_start(account, secret):
    trust = {"Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    assert deploy(account, secret, statements(account, secret), trust)["status"].startswith("ROLLBACK")
