"""Elastic Load Balancing: protected load balancers."""

from ministack.services import alb

from .cloudformation import check


def refuse_protected(physical_id, properties):
    if {"Key": "deletion_protection.enabled", "Value": "true"} in alb._lb_attrs.get(physical_id, []):
        raise ValueError(f"Load balancer '{physical_id}' cannot be deleted because deletion protection is enabled")


check("AWS::ElasticLoadBalancingV2::LoadBalancer", delete=refuse_protected)
