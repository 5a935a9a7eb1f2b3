"""ECS tasks: what the tasks of a failed deployment leave behind."""

import dataclasses
import json
import time

from ministack.services import cloudwatch_logs, ecs

from .core import ok


@dataclasses.dataclass(frozen=True)
class Failure:
    """Why the tasks of a deployment end."""

    reason: str
    code: str
    log: str | None = None  # what they wrote before


def started_by(revision_arn):
    return "ecs-svc/" + revision_arn.rpartition("/")[2]


def stop_failed(revision, failure):
    """Leave a stopped task of a service revision, and its log."""
    cluster, service = revision["serviceArn"].split("/")[1:]
    request = {
        "cluster": cluster,
        "taskDefinition": revision["taskDefinition"],
        "group": f"service:{service}",
        "startedBy": started_by(revision["serviceRevisionArn"]),
    }
    task = ecs._tasks[json.loads(ok(ecs._run_task(request)))["tasks"][0]["taskArn"]]
    task.update(
        lastStatus="STOPPED",
        desiredStatus="STOPPED",
        stoppedAt=ecs._iso(),
        stoppedReason=failure.reason,
        stopCode=failure.code,
    )
    definition = ecs._task_defs[ecs._resolve_td_key(revision["taskDefinition"])]
    for container, defined in zip(task["containers"], definition["containerDefinitions"], strict=True):
        container.update(lastStatus="STOPPED", exitCode=1)
        if failure.log:
            log(task, defined, failure.log)


def log(task, defined, message):
    options = defined["logConfiguration"]["options"]
    name = "/".join((options["awslogs-stream-prefix"], defined["name"], task["taskArn"].rpartition("/")[2]))
    stream = {"logGroupName": options["awslogs-group"], "logStreamName": name}
    ok(cloudwatch_logs._create_log_stream(stream))
    event = {"timestamp": int(time.time() * 1000), "message": message}
    ok(cloudwatch_logs._put_log_events({**stream, "logEvents": [event]}))
