"""ECS: what its agent does with the roles of a task before the container starts.

https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
"""

from ministack.services import ecs
from ministack.services.cloudformation import provisioners

from .. import ecs_deployments
from ..core import wrapped
from .access import Refused, require, require_trust
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


@wrapped(ecs_deployments, "resolve_images")
def resolve_images(original, task_definition):
    images, failure = original(task_definition)
    return images, start(ecs._task_defs[ecs._resolve_td_key(task_definition)]) or failure


def start(definition):
    """Why a task of a definition does not start for want of permissions, or None."""
    try:
        for role in ("taskRoleArn", "executionRoleArn"):
            if role in definition:
                require_trust(TASKS, definition[role])
    except Refused as refusal:
        return f"ECS was unable to assume the role '{refusal.resource}' that was provided for this task. Please verify that the role being passed has the proper trust relationship and permissions and that your IAM user has permissions to pass this role."
    session = Session(definition["executionRoleArn"].rpartition("/")[2], "ecs-task")
    for container in definition["containerDefinitions"]:
        if refusal := prepare(session, container):
            return refusal


def prepare(session, container):
    """The secrets, the image and the log of a container, in the order of Fargate."""
    try:
        require(session, "ecr:GetAuthorizationToken", "*")
        for secret in container.get("secrets", []):
            # A seventh colon begins the key in the secret.
            require(session, "secretsmanager:GetSecretValue", ":".join(secret["valueFrom"].split(":")[:7]))
    except Refused as refusal:
        return f"ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: AccessDeniedException: {refusal}"
    try:
        for action in PULL:
            require(session, action, arn("ecr", "repository/" + container["image"].partition("/")[2].partition(":")[0]))
    except Refused as refusal:
        return f"CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to resolve ref {container['image']}: denied: {refusal}"
    try:
        options = container["logConfiguration"]["options"]
        stream = "/".join((options["awslogs-stream-prefix"], container["name"], "id"))
        for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
            require(session, action, stream_arn(options["awslogs-group"], stream))
    except Refused as refusal:
        return f"ResourceInitializationError: failed to validate logger args: create stream has been retried 1 times: failed to create Cloudwatch log stream: AccessDeniedException: {refusal}"
