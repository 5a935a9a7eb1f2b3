from .conftest import ZONE


def record(name, address):
    properties = {"HostedZoneId": ZONE, "Name": name, "Type": "A", "TTL": "60", "ResourceRecords": [address]}
    return {"Type": "AWS::Route53::RecordSet", "Properties": properties}


def put(account, name, address):
    value = {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": address}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": value}]}
    account.aws("route53").change_resource_record_sets(HostedZoneId=ZONE, ChangeBatch=batch)


def addresses(account, name):
    records = account.aws("route53").list_resource_record_sets(HostedZoneId=ZONE)["ResourceRecordSets"]
    return [r["ResourceRecords"][0]["Value"] for r in records if r["Name"] == name]


def test_cloudformation_does_not_take_over_a_record_that_exists(account):
    name = f"{account.name}.example.com."
    put(account, name, "192.0.2.1")
    assert account.create({"Record": record(name.rstrip("."), "192.0.2.2")}) == "ROLLBACK_COMPLETE"
    wanted = f"[Tried to create resource record set [name='{name}', type='A'] but it already exists]"
    assert wanted in account.failures()["Record"]
    assert addresses(account, name) == ["192.0.2.1"]


def test_an_identical_record_is_adopted(account):
    name = f"{account.name}.example.com."
    put(account, name, "192.0.2.1")
    assert account.create({"Record": record(name, "192.0.2.1")}) == "CREATE_COMPLETE"
    assert account.delete() == "DELETE_COMPLETE"
    assert addresses(account, name) == []
