"""RDS: protected clusters, and what CloudFormation does not change of a cluster.

https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds has the texts of its handlers.
"""

from ministack.services import rds

from .cloudformation import check, rolling_back
from .core import wrapped_action


def refuse_protected(physical_id, properties):
    if rds._clusters.get(physical_id, {}).get("DeletionProtection"):
        raise ValueError(
            f"Cannot delete protected Cluster {physical_id}, please disable deletion protection and try again"
        )


def refuse_change(physical_id, old, new, *rest):
    """A roll-back is exempt, as in the handler."""
    key = "EngineLifecycleSupport"
    if old.get(key) != new.get(key) and rolling_back.get() is None:
        raise ValueError(f"{key} cannot be modified.")


@wrapped_action(rds, "DeleteDBCluster")
def delete_db_cluster(original, parameters):
    cluster = rds._clusters.get(rds._p(parameters, "DBClusterIdentifier"), {})
    if cluster.get("DeletionProtection"):
        text = "Cannot delete protected DB Cluster, please disable deletion protection and try again."
        return rds._error("InvalidParameterCombination", text, 400)
    return original(parameters)


check("AWS::RDS::DBCluster", update=refuse_change, delete=refuse_protected, snapshot=refuse_protected)
