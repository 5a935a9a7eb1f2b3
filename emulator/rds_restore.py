"""Restore of an Aurora cluster, and other names for it, which MiniStack lacks.

A restored cluster takes over the settings of its source that AWS takes over, has no
instances and the password of the backup. Identifiers are refused as RDS refuses
them. No data is in it: MiniStack runs no database.
"""

import copy
import functools
import re

from ministack.services import rds

# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterToPointInTime.html
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterSnapshot.html
CLUSTER, INSTANCE, SNAPSHOT = (
    ("DBClusterIdentifier", 63),
    ("DBInstanceIdentifier", 63),
    ("DBClusterSnapshotIdentifier", 63),
)
# The parameter of each action that names something new.
NEW_NAMES = {
    "CreateDBCluster": [CLUSTER],
    "CreateDBInstance": [INSTANCE],
    "CreateDBClusterSnapshot": [SNAPSHOT],
    "DeleteDBCluster": [("FinalDBSnapshotIdentifier", 255)],
    "ModifyDBCluster": [("NewDBClusterIdentifier", 63)],
    "ModifyDBInstance": [("NewDBInstanceIdentifier", 63)],
    "RestoreDBClusterFromSnapshot": [CLUSTER],
    "RestoreDBClusterToPointInTime": [CLUSTER],
}
NAME = re.compile(r"[a-z](-?[a-z0-9])*", re.IGNORECASE)

ADDRESSES = {}  # of clusters that were renamed: whoever gets the name gets the address


def named_as_aws_allows(action, original, parameters):
    for parameter, longest in NEW_NAMES[action]:
        name = rds._p(parameters, parameter)
        if len(name) > longest:
            return rds._error(
                "InvalidParameterValue",
                f"{parameter}: {name} has {len(name)} characters, at most {longest} are allowed.",
                400,
            )
        if name and not NAME.fullmatch(name):
            return rds._error(
                "InvalidParameterValue",
                f"The parameter {parameter} is not a valid identifier. Identifiers must begin with a letter; must "
                "contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two "
                "consecutive hyphens.",
                400,
            )
    return original(parameters)


def point_in_time(parameters):
    source = rds._p(parameters, "SourceDBClusterIdentifier")
    if source not in rds._clusters:
        return rds._error("DBClusterNotFoundFault", f"DBCluster {source} not found.", 404)
    latest = rds._p(parameters, "UseLatestRestorableTime") == "true"
    if latest == bool(rds._p(parameters, "RestoreToTime")):
        return rds._error(
            "InvalidParameterCombination", "Specify either RestoreToTime or UseLatestRestorableTime.", 400
        )
    return restore("RestoreDBClusterToPointInTime", parameters, rds._clusters[source])


def from_snapshot(parameters):
    name = rds._p(parameters, "SnapshotIdentifier")
    if name not in rds._db_cluster_snapshots:
        return rds._error("DBClusterSnapshotNotFoundFault", f"DBClusterSnapshot not found: {name}", 404)
    return restore("RestoreDBClusterFromSnapshot", parameters, rds._db_cluster_snapshots[name])


def restore(action, parameters, source):
    given = {**parameters, "Engine": [source["Engine"]], "MasterUsername": [source["MasterUsername"]]}
    if not rds._p(given, "EngineVersion"):
        given["EngineVersion"] = [source["EngineVersion"]]
    status, headers, body = rds._create_db_cluster(given)
    if status < 400:
        rds._clusters[rds._p(parameters, "DBClusterIdentifier")]["StorageEncrypted"] = source["StorageEncrypted"]
        body = body.replace(b"CreateDBCluster", action.encode())
    return status, headers, body


def renamed(store, identifier, new_parameter, rename, original, parameters):
    """Change what original changes, then the name."""
    new, old = rds._p(parameters, new_parameter), rds._p(parameters, identifier)
    if new and new in store:
        kind = identifier.removesuffix("Identifier")
        return rds._error(f"{kind}AlreadyExistsFault", f"{kind} {new} already exists.", 400)
    answer = original(parameters)
    if new and answer[0] < 400:
        record = store[new] = copy.copy(store[old])
        del store[old]
        record[identifier] = new
        rename(record, old, new)
    return answer


def rename_cluster(cluster, old, new):
    ADDRESSES[old] = {key: cluster[key] for key in ("Endpoint", "ReaderEndpoint")}
    for key, address in ADDRESSES[old].items():
        cluster[key] = ADDRESSES.get(new, {}).get(key) or address.replace(old, new, 1)
    arn = cluster["DBClusterArn"]
    cluster["DBClusterArn"] = arn.replace(f":{old}", f":{new}")
    rds._tags[cluster["DBClusterArn"]] = rds._tags.pop(arn, [])
    for instance in rds._instances.values():
        if instance.get("DBClusterIdentifier") == old:
            instance["DBClusterIdentifier"] = new


def rename_instance(instance, old, new):
    instance["DBInstanceArn"] = instance["DBInstanceArn"].replace(f":{old}", f":{new}")
    for cluster in rds._clusters.values():
        for member in cluster["DBClusterMembers"]:
            if member["DBInstanceIdentifier"] == old:
                member["DBInstanceIdentifier"] = new


def final_snapshot(original, parameters):
    """Make the snapshot that MiniStack accepts and forgets."""
    cluster, name = (
        rds._clusters.get(rds._p(parameters, "DBClusterIdentifier")),
        rds._p(parameters, "FinalDBSnapshotIdentifier"),
    )
    if cluster and not name and rds._p(parameters, "SkipFinalSnapshot") != "true":
        return rds._error(
            "InvalidParameterCombination",
            "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.",
            400,
        )
    answer = original(parameters)
    if answer[0] < 400 and name:
        rds._create_cluster_snapshot_internal(name, cluster)
    return answer


def add_restore():
    actions = rds._ACTION_MAP
    actions["RestoreDBClusterToPointInTime"] = point_in_time
    actions["RestoreDBClusterFromSnapshot"] = from_snapshot
    actions["DeleteDBCluster"] = functools.partial(final_snapshot, actions["DeleteDBCluster"])
    actions["ModifyDBCluster"] = functools.partial(
        renamed,
        rds._clusters,
        "DBClusterIdentifier",
        "NewDBClusterIdentifier",
        rename_cluster,
        actions["ModifyDBCluster"],
    )
    actions["ModifyDBInstance"] = functools.partial(
        renamed,
        rds._instances,
        "DBInstanceIdentifier",
        "NewDBInstanceIdentifier",
        rename_instance,
        actions["ModifyDBInstance"],
    )
    # The address of an instance that was made since would replace the cluster's own.
    rds._sync_cluster_endpoints = lambda cluster: None
    for action in NEW_NAMES:
        actions[action] = functools.partial(named_as_aws_allows, action, actions[action])


add_restore()
