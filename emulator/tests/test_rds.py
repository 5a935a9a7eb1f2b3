from .account import failing, message, refused


def cluster(protected, **attributes):
    properties = {"Engine": "aurora-mysql", "MasterUsername": "admin", "MasterUserPassword": "secret-1"}
    return {
        "Type": "AWS::RDS::DBCluster",
        "Properties": {**properties, "DeletionProtection": protected},
        "DeletionPolicy": "Delete",
        **attributes,
    }


def snapshots(account):
    found = account.aws("rds").describe_db_cluster_snapshots()["DBClusterSnapshots"]
    return [s["DBClusterIdentifier"] for s in found if s["DBClusterIdentifier"].startswith(account.name)]


def test_a_protected_cluster_is_deleted_neither_by_cloudformation_nor_by_the_api(account):
    rds = account.aws("rds")
    assert account.create({"Cluster": cluster(True)}) == "CREATE_COMPLETE"
    name = account.physical("Cluster")
    assert account.delete() == "DELETE_FAILED"
    wanted = f"Cannot delete protected Cluster {name}, please disable deletion protection and try again"
    assert wanted in account.failures()["Cluster"]
    with refused("InvalidParameterCombination") as error:
        rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True)
    assert message(error) == "Cannot delete protected DB Cluster, please disable deletion protection and try again."
    rds.modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=False)
    assert account.delete() == "DELETE_COMPLETE"


def test_protection_from_the_start_fails_the_rollback_of_a_create(account):
    assert account.create({"Cluster": cluster(True), "Fails": failing("Cluster")}) == "ROLLBACK_FAILED"
    assert "Cannot delete protected Cluster" in account.failures()["Cluster"]
    account.aws("rds").modify_db_cluster(DBClusterIdentifier=account.physical("Cluster"), DeletionProtection=False)
    assert account.delete() == "DELETE_COMPLETE"


def test_protection_that_the_template_does_not_name_survives_its_updates(account):
    unnamed = cluster(False)
    del unnamed["Properties"]["DeletionProtection"]
    assert account.create({"Cluster": unnamed}) == "CREATE_COMPLETE"
    name = account.physical("Cluster")
    account.aws("rds").modify_db_cluster(DBClusterIdentifier=name, DeletionProtection=True)
    changed = {**unnamed, "Properties": {**unnamed["Properties"], "BackupRetentionPeriod": 7}}
    assert account.update({"Cluster": changed}) == "UPDATE_COMPLETE"
    found = account.aws("rds").describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0]
    assert found["DeletionProtection"]


def test_a_snapshot_is_taken_when_a_create_is_rolled_back_too(account):
    kept = cluster(False, DeletionPolicy="Snapshot")
    assert account.create({"Cluster": kept, "Fails": failing("Cluster")}) == "ROLLBACK_COMPLETE"
    assert len(snapshots(account)) == 1


def test_extended_support_of_a_cluster_is_not_changed(account):
    before = cluster(False)
    assert account.create({"Cluster": before}) == "CREATE_COMPLETE"
    support = {"EngineLifecycleSupport": "open-source-rds-extended-support-disabled"}
    after = {**before, "Properties": {**before["Properties"], **support}}
    assert account.update({"Cluster": after}) == "UPDATE_ROLLBACK_COMPLETE"
    assert "EngineLifecycleSupport cannot be modified." in account.failures()["Cluster"]
