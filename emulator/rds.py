"""RDS: protected clusters."""

from ministack.services import rds

from .cloudformation import refuse_delete


def protected_cluster(physical_id):
    if rds._clusters.get(physical_id, {}).get("DeletionProtection"):
        return "Cannot delete protected Cluster, please disable deletion protection and try again."
    return None


refuse_delete("AWS::RDS::DBCluster", protected_cluster)
