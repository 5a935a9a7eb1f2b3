"""ECS services and load balancers: each task of a service is a target in the service's target groups.

The tasks of a revision are registered when its deployment has started them, and those
of the revision before are deregistered when the deployment is complete.
"""

import dataclasses
import itertools
import threading

from ministack.services import alb, ecs

from . import balancing_requests
from .balancing_requests import Backend, backends
from .balancing_rules import rules_of
from .core import wrapped

addresses = itertools.count(1)
lock = threading.RLock()


@dataclasses.dataclass(frozen=True)
class Target:
    """A container of a task that listens in a target group."""

    revision: str
    group: str
    address: str
    port: int

    def registration(self):
        return {"Id": self.address, "Port": self.port}


serving = {}  # service ARN: its targets


@wrapped(ecs, "_sync_service_targets")
def sync_service_targets(original, cluster_name, service):
    """MiniStack would register the tasks of a service at once; this module does."""


def next_address():
    number = next(addresses)
    return f"10.{number // 62500 % 250}.{number // 250 % 250}.{number % 250 + 4}"


def unattached(load_balancers):
    """Why ECS refuses the target groups of a service."""
    for balancer in load_balancers or []:
        arn = balancer.get("targetGroupArn")
        if arn and not rules_of(arn):
            return f"The target group with targetGroupArn {arn} does not have an associated load balancer."
    return None


def start(service, revision):
    """Register the tasks of a revision, and return the target group in which they are unhealthy."""
    with lock:
        for _ in range(service["desiredCount"]):
            add_task(service["serviceArn"], revision)
    return next((t.group for t in of_revision(service, revision) if not is_healthy(t)), None)


def is_healthy(target):
    return balancing_requests.healthy(target.registration(), alb._tgs[target.group])


def add_task(service_arn, revision):
    address = next_address()
    images = {i["containerName"]: i for i in revision["containerImages"]}
    for balancer in revision["loadBalancers"]:
        if balancer.get("targetGroupArn") not in alb._tgs:
            continue  # deleted since the deployment began
        port, container = int(balancer["containerPort"]), balancer["containerName"]
        target = Target(revision["serviceRevisionArn"], balancer["targetGroupArn"], address, port)
        paths = revision["_healthPaths"][container]
        backends[address, port] = Backend(images[container].get("imageDigest", ""), paths)
        balancing_requests.register(target.group, [target.registration()])
        serving.setdefault(service_arn, []).append(target)


def of_revision(service, revision):
    return [t for t in serving.get(service["serviceArn"], []) if t.revision == revision["serviceRevisionArn"]]


def keep_only(service_arn, revision_arn):
    """Deregister the tasks of all other revisions."""
    with lock:
        remove(service_arn, [t for t in serving.get(service_arn, []) if t.revision != revision_arn])


def withdraw(service, revision):
    with lock:
        remove(service["serviceArn"], of_revision(service, revision))


def remove(service_arn, targets):
    for target in targets:
        balancing_requests.deregister(target.group, [target.registration()])
        backends.pop((target.address, target.port), None)
        serving[service_arn].remove(target)


def scale(service, revision):
    """Give a service as many tasks as it is to have."""
    with lock:
        tasks = list(dict.fromkeys(t.address for t in of_revision(service, revision)))
        for _ in range(service["desiredCount"] - len(tasks)):
            add_task(service["serviceArn"], revision)
        surplus = set(tasks[service["desiredCount"] :])
        remove(service["serviceArn"], [t for t in of_revision(service, revision) if t.address in surplus])
