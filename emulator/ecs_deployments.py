"""ECS service deployments and revisions: how one begins, succeeds, fails and is rolled back."""

import threading
import time
import uuid

from ministack.services import ecs

from . import ecs_targets, ecs_tasks
from .core import after
from .ecs_images import resolve
from .events import put_event
from .iam.tasks import refusal_of_start

SETTLE_SECONDS = 0.5  # how long each phase of a deployment lasts
# AWS documents no circuit breaker for these: their tasks are started again and again.
# https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
WITHOUT_BREAKER = ("CANARY", "LINEAR")
UNDER_WAY = ("PENDING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS")

deployments = {}  # arn: service deployment, oldest first
revisions = {}  # arn: service revision
lock = threading.RLock()


def begin(service):
    """What ECS does when a service is created, or changed so that tasks must be replaced."""
    images = resolve_images(service["taskDefinition"])
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
            "loadBalancers": service["loadBalancers"],
            "containerImages": [described(*image) for image in images],
            "createdAt": now,
            "_healthPaths": {container["name"]: image.health_paths for container, image in images},
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
    if not any(image.stalls for _, image in images):
        failure = missing_permission(service["taskDefinition"]) or first_failure(images)
        after(SETTLE_SECONDS, settle, service, arn, failure)


def resolve_images(task_definition):
    """The containers of a task definition, each with what its image is now."""
    definition = ecs._task_defs[ecs._resolve_td_key(task_definition)]
    return [(container, resolve(container["image"])) for container in definition["containerDefinitions"]]


def described(container, image):
    found = {"containerName": container["name"], "image": container["image"]}
    return {**found, "imageDigest": image.digest} if image.digest else found


def missing_permission(task_definition):
    """Why its tasks can't start with the roles that they have, if they can't."""
    reason = refusal_of_start(ecs._task_defs[ecs._resolve_td_key(task_definition)])
    return reason and ecs_tasks.Failure(reason, "TaskFailedToStart")


def first_failure(images):
    """What the tasks log before they end, if they do."""
    for container, image in images:
        variables = {v["name"]: v["value"] for v in container.get("environment", [])}
        if text := image.failure or variables.get("EMULATOR_FAILS"):
            return ecs_tasks.Failure("Essential container in task exited", "EssentialContainerExited", text)
    return None


def of_service(service_arn):
    return [d for d in deployments.values() if d["serviceArn"] == service_arn]


def newest(service_arn):
    return of_service(service_arn)[-1]


def forget(service_arn):
    """Drop the deployments of a service that is deleted, so that none of its name goes back to them."""
    with lock:
        for deployment in of_service(service_arn):
            del deployments[deployment["serviceDeploymentArn"]]


def scale(service):
    """Scaling changes the tasks of the revision that last succeeded."""
    good = next((d for d in reversed(of_service(service["serviceArn"])) if d["status"] == "SUCCESSFUL"), None)
    if good:
        ecs_targets.scale(service, revisions[good["targetServiceRevision"]["arn"]])


def supersede(previous, now):
    for old in previous:
        if old["status"] in UNDER_WAY:
            old.update(status="STOPPED", finishedAt=now, statusReason="Superseded by a newer deployment.")


def settle(service, arn, failure):
    """Complete a deployment, or have the circuit breaker roll it back."""
    with lock:
        deployment = deployments.get(arn)
        if not deployment or deployment["status"] != "IN_PROGRESS":
            return
        revision = revisions[deployment["targetServiceRevision"]["arn"]]
        failure = failure or unhealthy(service, revision)
        if not failure:
            ecs_targets.keep_only(service["serviceArn"], revision["serviceRevisionArn"])
            finish(deployment, "SUCCESSFUL", None)
            run(service, deployment)
            send_state(deployment, "SERVICE_DEPLOYMENT_COMPLETED", "ECS deployment completed.")
            return
    ecs_tasks.stop_failed(revision, failure)
    configuration = service.get("deploymentConfiguration", {})
    if configuration.get("strategy") in WITHOUT_BREAKER:
        return  # until somebody stops it
    breaker = configuration.get("deploymentCircuitBreaker", {})
    threshold = breaker.get("thresholdConfiguration", {}).get("value", 3)
    deployment["deploymentCircuitBreaker"] = {"status": "TRIGGERED", "failureCount": threshold, "threshold": threshold}
    roll_back(service, deployment, "Service deployment rolled back because the circuit breaker threshold was exceeded.")


def run(service, deployment):
    """The service itself says which revision runs, also when its deployment is forgotten."""
    target, count = deployment["targetServiceRevision"]["arn"], service["desiredCount"]
    service["currentServiceRevisions"] = [
        {"arn": target, "requestedTaskCount": count, "runningTaskCount": count, "pendingTaskCount": 0}
    ]


def unhealthy(service, revision):
    """Start the tasks of a revision behind its load balancers, and withdraw them if they fail the health checks."""
    group = ecs_targets.start(service, revision)
    if not group:
        return None
    ecs_targets.withdraw(service, revision)
    return ecs_tasks.Failure(f"Task failed ELB health checks in (target-group {group})", "ServiceSchedulerInitiated")


def roll_back(service, deployment, reason):
    """Return a service to the revision before, whose tasks are still there."""
    now = time.time()
    with lock:
        rollback = {"reason": reason, "startedAt": now}
        deployment.update(status="ROLLBACK_IN_PROGRESS", statusReason=reason, updatedAt=now, rollback=rollback)
        target = next(iter(deployment["sourceServiceRevisions"]), None)
        if target:
            rollback["serviceRevisionArn"] = target["arn"]
            before = revisions[target["arn"]]
            service.update(taskDefinition=before["taskDefinition"], loadBalancers=before["loadBalancers"])
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
