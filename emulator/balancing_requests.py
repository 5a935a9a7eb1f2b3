"""Elastic Load Balancing: requests through a listener, and the health of its targets.

A target that a module registered as a backend is answered for here: no container
listens at its address. Its health check asks the backend and takes no time. A
request to any other target goes to its address, and such a target counts as healthy.
"""

import dataclasses
import random

from ministack.services import alb

from .balancing_rules import rules_of, weights
from .core import wrapped, wrapped_action

UNAVAILABLE = b"""<html>\r
<head><title>503 Service Temporarily Unavailable</title></head>\r
<body>\r
<center><h1>503 Service Temporarily Unavailable</h1></center>\r
</body>\r
</html>\r
"""


@dataclasses.dataclass(frozen=True)
class Backend:
    """What answers at an address: every request with its image's digest, a health check on its health paths."""

    digest: str
    health_paths: tuple[str, ...] | None  # None: on every path

    def healthy(self, path):
        return self.health_paths is None or path in self.health_paths

    def answer(self):
        return 200, {"Content-Type": "text/plain"}, self.digest.encode()


backends = {}  # (address, port): Backend


def backend(target, group):
    return backends.get((target["Id"], int(target.get("Port") or group["Port"])))


def healthy(target, group):
    found = backend(target, group)
    return not found or found.healthy(group["HealthCheckPath"])


@wrapped(alb, "_execute_action")
async def execute_action(original, action, *request):
    """Forward to one of several target groups by their weights."""
    groups = weights(action)
    if len(groups) > 1:
        if not any(groups.values()):
            return unavailable()
        chosen = random.choices(list(groups), list(groups.values()))[0]
        action = {**action, "TargetGroupArn": chosen}
    return await original(action, *request)


def unavailable():
    return 503, {"Content-Type": "text/html"}, UNAVAILABLE


@wrapped(alb, "_forward_to_tg")
async def forward_to_group(original, arn, *request):
    """A group whose targets are all unhealthy fails open.

    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
    """
    group, targets = alb._tgs.get(arn), list(alb._targets.get(arn, []))
    if not group:
        return await original(arn, *request)
    if not targets:
        return unavailable()
    target = random.choice([t for t in targets if healthy(t, group)] or targets)
    if found := backend(target, group):
        return found.answer()
    if group["TargetType"] == "lambda":
        return await original(arn, *request)
    method, path, headers, body, query, raw_query, raw_path = request
    return await alb._proxy_http_target(target, group, method, raw_path or path, headers, body, query, raw_query)


def state(target, group):
    """The state of a target, with the reason and the description that AWS gives."""
    if not rules_of(group["TargetGroupArn"]):
        return "unused", "Target.NotInUse", "Target group is not configured to receive traffic from the load balancer"
    if not healthy(target, group):
        return "unhealthy", "Target.ResponseCodeMismatch", "Health checks failed with these codes: [404]"
    return "healthy", "", ""


@wrapped_action(alb, "DescribeTargetHealth")
def describe_target_health(original, parameters):
    arn = alb._p(parameters, "TargetGroupArn")
    group = alb._tgs.get(arn)
    if not group:
        return original(parameters)
    asked = alb._parse_targets_param(parameters)
    members = "".join(
        health_xml(target, group)
        for target in alb._targets.get(arn, [])
        if not asked or any(matches(target, group, one) for one in asked)
    )
    xml = f"<TargetHealthDescriptions>{members}</TargetHealthDescriptions>"
    return alb._xml(200, "DescribeTargetHealth", xml)


def health_xml(target, group):
    name, reason, description = state(target, group)
    inner = f"<State>{name}</State>"
    if reason:
        inner += f"<Reason>{reason}</Reason><Description>{description}</Description>"
    port = target.get("Port", group["Port"])
    address = f"<Target><Id>{target['Id']}</Id><Port>{port}</Port></Target>"
    return f"<member>{address}<HealthCheckPort>{port}</HealthCheckPort><TargetHealth>{inner}</TargetHealth></member>"


def matches(target, group, asked):
    """Whether a request that names an address, with or without a port, means a target."""
    same_port = target.get("Port", group["Port"]) == asked.get("Port", target.get("Port", group["Port"]))
    return target["Id"] == asked["Id"] and same_port


def register(arn, targets):
    group, registered = alb._tgs[arn], alb._targets.setdefault(arn, [])
    for target in targets:
        target = {"Port": group["Port"], **target}
        if target not in registered:
            registered.append(target)


def deregister(arn, targets):
    """A target group that is gone took its targets with it."""
    if group := alb._tgs.get(arn):
        remaining = [t for t in alb._targets.get(arn, []) if not any(matches(t, group, asked) for asked in targets)]
        alb._targets[arn] = remaining


def by_address_and_port(action, change):
    """A target is an address and a port: MiniStack tells targets apart by their address alone."""

    @wrapped_action(alb, action)
    def handle(original, parameters):
        arn = alb._p(parameters, "TargetGroupArn")
        if arn not in alb._tgs:
            return original(parameters)
        change(arn, alb._parse_targets_param(parameters))
        return alb._empty(action)


by_address_and_port("RegisterTargets", register)
by_address_and_port("DeregisterTargets", deregister)
