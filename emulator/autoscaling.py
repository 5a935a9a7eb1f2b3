"""Application Auto Scaling: scalable targets. Policies are recorded and never act."""

from ministack.services import ecs

from .cloudformation import only_recorded, resource
from .core import ok


def register_scalable_target(logical_id, properties, stack_name):
    """An active service below the minimum is lifted to it at once, as on AWS."""
    _, cluster, service = properties["ResourceId"].split("/")
    current = ecs._services[f"{cluster}/{service}"]["desiredCount"]
    bounded = min(max(current, int(properties["MinCapacity"])), int(properties["MaxCapacity"]))
    if bounded != current:
        ok(ecs._update_service({"cluster": cluster, "service": service, "desiredCount": bounded}))
    return f"{properties['ResourceId']}|{properties['ScalableDimension']}|ecs", {}


resource("AWS::ApplicationAutoScaling::ScalableTarget", register_scalable_target)
resource("AWS::ApplicationAutoScaling::ScalingPolicy", only_recorded)
