"""RDS: protected clusters."""

from ministack.services import rds

from .cloudformation import check
from .core import wrapped_action


def refuse_protected(physical_id, properties):
    if rds._clusters.get(physical_id, {}).get("DeletionProtection"):
        # https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-rds, DeleteHandler.java
        raise ValueError(
            f"Cannot delete protected Cluster {physical_id}, please disable deletion protection and try again"
        )


@wrapped_action(rds, "DeleteDBCluster")
def delete_db_cluster(original, parameters):
    cluster = rds._clusters.get(rds._p(parameters, "DBClusterIdentifier"), {})
    if cluster.get("DeletionProtection"):
        text = "Cannot delete protected DB Cluster, please disable deletion protection and try again."
        return rds._error("InvalidParameterCombination", text, 400)
    return original(parameters)


check("AWS::RDS::DBCluster", delete=refuse_protected, snapshot=refuse_protected)
