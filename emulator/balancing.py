"""Elastic Load Balancing: protected load balancers."""

from ministack.services import alb

from .cloudformation import refuse_delete


def protected_balancer(physical_id):
    if {"Key": "deletion_protection.enabled", "Value": "true"} in alb._lb_attrs.get(physical_id, []):
        return f"Load balancer '{physical_id}' cannot be deleted because deletion protection is enabled"
    return None


refuse_delete("AWS::ElasticLoadBalancingV2::LoadBalancer", protected_balancer)
