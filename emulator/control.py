"""What tests bring about in the emulator, beyond AWS's own API.

POST /_emulator/clock   {"seconds": 600} makes all that ECS, ECR and Secrets Manager
                        remember so much older, and starts schedules that are due then
POST /_emulator/event   {"source", "detail_type", "detail", "resources"} is an event of a
                        service of AWS
"""

import json
import time

from ministack import app
from ministack.services import ecr, eventbridge, secretsmanager

from . import ecs_deployments
from .core import wrapped
from .events import put_event

# What ECS keeps of a service's deployments:
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-deployment.html
REMEMBERED = 90 * 24 * 60 * 60
ECS_TIMES = ("createdAt", "startedAt", "updatedAt", "finishedAt")


def age(record, keys, seconds):
    for key in keys:
        if record.get(key):
            record[key] -= seconds


def advance(seconds):
    with ecs_deployments.lock:
        for deployment in ecs_deployments.deployments.values():
            age(deployment, ECS_TIMES, seconds)
        forget()
    for images in ecr._images.values():
        for image in images:
            age(image, ("imagePushedAt",), seconds)
    for secret in secretsmanager._secrets.values():
        age(secret, ("LastRotatedDate", "LastChangedDate"), seconds)
    for key, rule in eventbridge._rules._data.items():
        eventbridge._rule_last_fired.setdefault(key, rule.get("CreationTime", time.time()))
        eventbridge._rule_last_fired[key] -= seconds
    eventbridge._tick_scheduled_rules()


def forget():
    oldest = time.time() - REMEMBERED
    for arn, deployment in list(ecs_deployments.deployments.items()):
        if deployment.get("finishedAt", oldest) < oldest:
            del ecs_deployments.deployments[arn]


@wrapped(app, "_handle_admin_config_request")
async def handle_admin_config_request(original, path, method, body):
    if method == "POST" and path in CONTROLS:
        CONTROLS[path](**json.loads(body))
        return 200, {}, b""
    return await original(path, method, body)


CONTROLS = {"/_emulator/clock": advance, "/_emulator/event": put_event}
