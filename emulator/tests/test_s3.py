from .account import failing

BUCKET = {"Type": "AWS::S3::Bucket"}


def put(account, key="one"):
    account.aws("s3").put_object(Bucket=account.physical("Bucket"), Key=key, Body=b"text")


def test_cloudformation_does_not_delete_a_bucket_that_holds_objects(account):
    assert account.create({"Bucket": BUCKET}) == "CREATE_COMPLETE"
    put(account)
    assert account.delete() == "DELETE_FAILED"
    assert "The bucket you tried to delete is not empty (Service: S3, Status Code: 409" in account.failures()["Bucket"]
    account.aws("s3").delete_object(Bucket=account.physical("Bucket"), Key="one")
    assert account.delete() == "DELETE_COMPLETE"


def test_cloudformation_does_not_delete_a_bucket_that_holds_versions(account):
    versioned = {**BUCKET, "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}}
    assert account.create({"Bucket": versioned}) == "CREATE_COMPLETE"
    put(account)
    account.aws("s3").delete_object(Bucket=account.physical("Bucket"), Key="one")
    assert account.delete() == "DELETE_FAILED"


def test_the_helper_of_the_cdk_empties_its_bucket(account):
    versioned = {**BUCKET, "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}}
    helper = {"Type": "Custom::S3AutoDeleteObjects", "Properties": {"BucketName": {"Ref": "Bucket"}}}
    assert account.create({"Bucket": versioned, "Helper": helper}) == "CREATE_COMPLETE"
    put(account)
    put(account)
    assert account.delete() == "DELETE_COMPLETE"


def test_a_retained_bucket_stays_but_not_after_a_create_that_is_rolled_back(account):
    kept = {**BUCKET, "DeletionPolicy": "RetainExceptOnCreate"}
    names = lambda: {b["Name"] for b in account.aws("s3").list_buckets().get("Buckets", [])}  # noqa: E731
    before = names()
    assert account.create({"Bucket": kept, "Fails": failing("Bucket")}) == "ROLLBACK_COMPLETE"
    assert names() == before
    assert account.delete() == "DELETE_COMPLETE"
    assert account.create({"Bucket": kept}) == "CREATE_COMPLETE"
    bucket = account.physical("Bucket")
    assert account.delete() == "DELETE_COMPLETE"
    assert names() == before | {bucket}
