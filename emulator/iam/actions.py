"""What AWS requires for each call: actions, resources and context keys.

From the tables of https://docs.aws.amazon.com/service-authorization/latest/reference/
reference_policies_actions-resources-contextkeys.html. A call that is not here is refused,
with a message that says so: add its row.
"""

import dataclasses

from ministack.core.responses import get_account_id, get_region
from ministack.services import secretsmanager


@dataclasses.dataclass
class Requirement:
    action: str
    resource: str = "*"
    context: dict = dataclasses.field(default_factory=dict)


def arn(service, resource):
    return f"arn:aws:{service}:{get_region()}:{get_account_id()}:{resource}"


def last(name_or_arn, default="default"):
    """The name in an ARN, or the name itself."""
    return (name_or_arn or default).rpartition("/")[2]


def anywhere(action):
    """An action without resources: policies can only name *."""
    return lambda call: [Requirement(action)]


def repository(*actions):
    return lambda call: [Requirement(a, arn("ecr", f"repository/{call['repositoryName']}")) for a in actions]


def cluster_of(call):
    return {"ecs:cluster": arn("ecs", f"cluster/{last(call.get('cluster'))}")}


def service(action, key="service", context=lambda call: {}):
    """One service or several, of a cluster."""

    def requirements(call):
        names = call[key] if isinstance(call[key], list) else [call[key]]
        cluster = last(call.get("cluster"))
        return [Requirement(action, arn("ecs", f"service/{cluster}/{last(n)}"), context(call)) for n in names]

    return requirements


def of_service(action, key):
    """A deployment or a revision of a service, and the service itself: the table has both
    as required resources."""

    def requirements(call):
        for child in call[key] if isinstance(call[key], list) else [call[key]]:
            cluster, name = child.split("/")[1:3]
            yield Requirement(action, child)
            yield Requirement(action, arn("ecs", f"service/{cluster}/{name}"))

    return requirements


def tasks(call):
    cluster = last(call.get("cluster"))
    for task in call["tasks"]:
        yield Requirement("ecs:DescribeTasks", arn("ecs", f"task/{cluster}/{last(task)}"), cluster_of(call))


def list_tasks(call):
    """Its only resource is a container instance, which Fargate has none of: the condition
    is what limits it. https://docs.aws.amazon.com/AmazonECS/latest/developerguide/security_iam_id-based-policy-examples.html"""
    return [Requirement("ecs:ListTasks", "*", cluster_of(call))]


def log_stream(action):
    return lambda call: [Requirement(action, stream_arn(call["logGroupName"], call["logStreamName"]))]


def stream_arn(group, stream):
    return arn("logs", f"log-group:{group}:log-stream:{stream}")


def secret(action):
    def requirements(call):
        _, found = secretsmanager._resolve(call["SecretId"])
        return [Requirement(action, found["ARN"] if found else arn("secretsmanager", f"secret:{call['SecretId']}"))]

    return requirements


def queue(call):
    return [Requirement("sqs:SendMessage", arn("sqs", last(call["QueueUrl"])))]


def balancer(action):
    return lambda call: [Requirement(action, call["LoadBalancerArn"])]


def database_cluster(action):
    def requirements(call):
        name = call.get("DBClusterIdentifier", "*")
        return [Requirement(action, name if name.startswith("arn:") else arn("rds", f"cluster:{name}"))]

    return requirements


def topic(call):
    return [Requirement("sns:Publish", call["TopicArn"])]


# By IAM's prefix of the service and the name of the operation.
ROWS = {
    "ecr:BatchCheckLayerAvailability": repository("ecr:BatchCheckLayerAvailability"),
    "ecr:BatchDeleteImage": repository("ecr:BatchDeleteImage"),
    "ecr:BatchGetImage": repository("ecr:BatchGetImage"),
    "ecr:CompleteLayerUpload": repository("ecr:CompleteLayerUpload"),
    "ecr:DescribeImages": repository("ecr:DescribeImages"),
    "ecr:GetAuthorizationToken": anywhere("ecr:GetAuthorizationToken"),
    "ecr:GetDownloadUrlForLayer": repository("ecr:GetDownloadUrlForLayer"),
    "ecr:InitiateLayerUpload": repository("ecr:InitiateLayerUpload"),
    "ecr:PutImage": repository("ecr:PutImage"),
    "ecr:UploadLayerPart": repository("ecr:UploadLayerPart"),
    "ecs:DescribeServiceDeployments": of_service("ecs:DescribeServiceDeployments", "serviceDeploymentArns"),
    "ecs:DescribeServiceRevisions": of_service("ecs:DescribeServiceRevisions", "serviceRevisionArns"),
    "ecs:DescribeServices": service("ecs:DescribeServices", "services", cluster_of),
    "ecs:DescribeTasks": tasks,
    "ecs:ListServiceDeployments": service("ecs:ListServiceDeployments"),
    "ecs:ListTasks": list_tasks,
    "ecs:StopServiceDeployment": of_service("ecs:StopServiceDeployment", "serviceDeploymentArn"),
    "ecs:UpdateService": service("ecs:UpdateService"),
    "elasticloadbalancing:DescribeLoadBalancerAttributes": anywhere(
        "elasticloadbalancing:DescribeLoadBalancerAttributes"
    ),
    "elasticloadbalancing:DescribeLoadBalancers": anywhere("elasticloadbalancing:DescribeLoadBalancers"),
    "elasticloadbalancing:ModifyLoadBalancerAttributes": balancer("elasticloadbalancing:ModifyLoadBalancerAttributes"),
    "logs:CreateLogStream": log_stream("logs:CreateLogStream"),
    "logs:GetLogEvents": log_stream("logs:GetLogEvents"),
    "logs:PutLogEvents": log_stream("logs:PutLogEvents"),
    "rds:DescribeDBClusters": database_cluster("rds:DescribeDBClusters"),
    "rds:ModifyDBCluster": database_cluster("rds:ModifyDBCluster"),
    "secretsmanager:DescribeSecret": secret("secretsmanager:DescribeSecret"),
    "secretsmanager:GetSecretValue": secret("secretsmanager:GetSecretValue"),
    "sns:Publish": topic,
    "sqs:SendMessage": queue,
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    "sts:GetCallerIdentity": lambda call: [],
}

# Requests of the registry protocol, which ECR authorizes as its API's actions:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/security_iam_id-based-policy-examples.html
REGISTRY = {
    ("GET", "ping"): None,
    ("HEAD", "ping"): None,
    ("HEAD", "manifest"): "ecr:BatchGetImage",
    ("GET", "manifest"): "ecr:BatchGetImage",
    ("PUT", "manifest"): "ecr:PutImage",
    ("HEAD", "blob"): "ecr:BatchCheckLayerAvailability",
    ("GET", "blob"): "ecr:GetDownloadUrlForLayer",
    ("POST", "blob_uploads"): "ecr:InitiateLayerUpload",
    ("PATCH", "blob_upload_session"): "ecr:UploadLayerPart",
    ("PUT", "blob_upload_session"): "ecr:CompleteLayerUpload",
}


def required(operation, call):
    if operation not in ROWS:
        raise LookupError(f"emulator/iam/actions.py has no row for {operation}")
    return list(ROWS[operation](call))


def required_of_registry(method, verb, name):
    if (method, verb) not in REGISTRY:
        raise LookupError(f"emulator/iam/actions.py has no row for {method} of a registry's {verb}")
    action = REGISTRY[method, verb]
    return [Requirement(action, arn("ecr", f"repository/{name}"))] if action else []
