"""ECS: what its agent does with the roles of a task before the container starts.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
"""

from ministack.services.cloudformation import provisioners

from ..core import wrapped
from .access import RefusedError, require, require_trust
from .actions import arn, stream_arn
from .principals import Service, Session

TASKS = Service("ecs-tasks.amazonaws.com")
PULL = ("ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage")


@wrapped(provisioners, "_normalize_container_defs")
def normalize_container_defs(original, definitions):
    """A template's secrets under the names that ECS's API has for them."""
    normal = original(definitions)
    for definition in normal:
        if "secrets" in definition:
            definition["secrets"] = provisioners._pascal_to_camel(definition["secrets"])
    return normal


def refusal_of_start(definition):
    """Why a task of a definition does not start for want of permissions, or None."""
    for role in filter(None, (definition.get("taskRoleArn"), definition.get("executionRoleArn"))):
        try:
            require_trust(TASKS, role)
        except RefusedError:
            return f"ECS was unable to assume the role '{role}' that was provided for this task."
    if not definition.get("executionRoleArn"):  # nothing that needs one
        return None
    session = Session(definition["executionRoleArn"].rpartition("/")[2], "ecs-task")
    refusals = (prepare(session, container) for container in definition["containerDefinitions"])
    return next(filter(None, refusals), None)


def prepare(session, container):
    """Why Fargate can't get a container what it needs, in its order, or None."""
    for reason, needs in (
        ("ResourceInitializationError: unable to pull secrets or registry auth", secrets_of),
        ("CannotPullContainerError: pull image manifest has been retried 5 time(s)", image_of),
        ("ResourceInitializationError: failed to validate logger args", log_of),
    ):
        try:
            for action, resource in needs(container):
                require(session, action, resource)
        except RefusedError as refusal:
            return f"{reason}: AccessDeniedException: {refusal}"
    return None


def secrets_of(container):
    yield "ecr:GetAuthorizationToken", "*"
    for secret in container.get("secrets", []):
        # A seventh colon begins the key in the secret.
        yield "secretsmanager:GetSecretValue", ":".join(secret["valueFrom"].split(":")[:7])


def image_of(container):
    name = container["image"].partition("/")[2].partition(":")[0]
    return [(action, arn("ecr", f"repository/{name}")) for action in PULL]


def log_of(container):
    options = container.get("logConfiguration", {}).get("options", {})
    if "awslogs-group" in options:
        stream = stream_arn(options["awslogs-group"], f"{options['awslogs-stream-prefix']}/{container['name']}/id")
        yield "logs:CreateLogStream", stream
        yield "logs:PutLogEvents", stream
