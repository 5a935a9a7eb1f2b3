"""ECS service deployments and revisions: how one begins, succeeds, fails and is rolled back."""

import threading
import time
import uuid

from ministack.services import ecs

from . import ecs_tasks
from .core import after
from .ecs_images import STALLED, resolve
from .events import put_event

SETTLE_SECONDS = 0.5  # how long each phase of a deployment lasts
UNDER_WAY = ("PENDING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS")

deployments = {}  # arn: service deployment, oldest first
revisions = {}  # arn: service revision
lock = threading.RLock()


def begin(service):
    """What ECS does when a service is created, or changed so that tasks must be replaced."""
    images, failure = resolve_images(service["taskDefinition"])
    now = time.time()
    revision = service["serviceArn"].replace(":service/", ":service-revision/") + "/" + str(int(now * 1e6))
    arn = service["serviceArn"].replace(":service/", ":service-deployment/") + "/" + uuid.uuid4().hex[:21]
    owner = {"serviceArn": service["serviceArn"], "clusterArn": service["clusterArn"]}
    with lock:
        previous = of_service(service["serviceArn"])
        supersede(previous, now)
        good = next((d for d in reversed(previous) if d["status"] == "SUCCESSFUL"), None)
        revisions[revision] = {
            **owner,
            "serviceRevisionArn": revision,
            "taskDefinition": service["taskDefinition"],
            "containerImages": images,
            "createdAt": now,
        }
        deployments[arn] = {
            **owner,
            "serviceDeploymentArn": arn,
            "status": "IN_PROGRESS",
            "createdAt": now,
            "startedAt": now,
            "updatedAt": now,
            "targetServiceRevision": {"arn": revision, "requestedTaskCount": service["desiredCount"]},
            "sourceServiceRevisions": [{"arn": good["targetServiceRevision"]["arn"]}] if good else [],
        }
    send_state(deployments[arn], "SERVICE_DEPLOYMENT_IN_PROGRESS", "ECS deployment in progress.")
    if failure != STALLED:
        after(SETTLE_SECONDS, settle, arn, failure)


def resolve_images(task_definition):
    """The images of a task definition with their digests, and why its tasks would fail."""
    images, failure = [], None
    for container in ecs._task_defs[ecs._resolve_td_key(task_definition)]["containerDefinitions"]:
        digest, fails = resolve(container["image"])
        variables = {v["name"]: v["value"] for v in container.get("environment", [])}
        failure = failure or fails or variables.get("EMULATOR_FAILS")
        image = {"containerName": container["name"], "image": container["image"]}
        images.append({**image, "imageDigest": digest} if digest else image)
    return images, failure


def of_service(service_arn):
    return [d for d in deployments.values() if d["serviceArn"] == service_arn]


def newest(service_arn):
    return of_service(service_arn)[-1]


def supersede(previous, now):
    for old in previous:
        if old["status"] in UNDER_WAY:
            old.update(status="STOPPED", finishedAt=now, statusReason="Superseded by a newer deployment.")


def settle(arn, failure):
    deployment = deployments[arn]
    with lock:
        if deployment["status"] != "IN_PROGRESS":
            return
        if not failure:
            finish(deployment, "SUCCESSFUL", None)
            run(deployment)
            send_state(deployment, "SERVICE_DEPLOYMENT_COMPLETED", "ECS deployment completed.")
            return
    revision = revisions[deployment["targetServiceRevision"]["arn"]]
    ecs_tasks.stop_failed(revision, failure)
    deployment["deploymentCircuitBreaker"] = {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    roll_back(arn, "Service deployment rolled back because the circuit breaker threshold was exceeded.")


def run(deployment):
    """The service itself says which revision runs, also when its deployment is forgotten."""
    service = ecs._services[deployment["serviceArn"].split(":service/")[1]]
    target, count = deployment["targetServiceRevision"]["arn"], service["desiredCount"]
    service["currentServiceRevisions"] = [
        {"arn": target, "requestedTaskCount": count, "runningTaskCount": count, "pendingTaskCount": 0}
    ]


def roll_back(arn, reason):
    deployment, now = deployments[arn], time.time()
    with lock:
        rollback = {"reason": reason, "startedAt": now}
        deployment.update(status="ROLLBACK_IN_PROGRESS", statusReason=reason, updatedAt=now, rollback=rollback)
        target = next(iter(deployment["sourceServiceRevisions"]), None)
        if target:
            rollback["serviceRevisionArn"] = target["arn"]
    send_state(deployment, "SERVICE_DEPLOYMENT_FAILED", reason)
    after(SETTLE_SECONDS, rolled_back, deployment, target, reason)


def rolled_back(deployment, target, reason):
    with lock:
        if deployment["status"] == "ROLLBACK_IN_PROGRESS":
            finish(deployment, "ROLLBACK_SUCCESSFUL" if target else "ROLLBACK_FAILED", reason)
    if target:
        send_state(deployment, "SERVICE_DEPLOYMENT_COMPLETED", "ECS deployment completed.")


def finish(deployment, status, reason):
    deployment.update(status=status, finishedAt=time.time(), updatedAt=time.time())
    if reason:
        deployment["statusReason"] = reason


def send_state(deployment, event, reason):
    detail = {
        "eventType": "ERROR" if event.endswith("FAILED") else "INFO",
        "eventName": event,
        "deploymentId": ecs_tasks.started_by(deployment["targetServiceRevision"]["arn"]),
        "updatedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "reason": reason,
    }
    put_event("aws.ecs", "ECS Deployment State Change", detail, [deployment["serviceArn"]])
