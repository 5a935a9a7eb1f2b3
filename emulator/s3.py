"""S3: buckets that are not empty, and the emptying of buckets that the CDK's own helper does on AWS."""

from ministack.services import s3

from .cloudformation import check, only_recorded, refusal, resource


def refuse_not_empty(physical_id, properties):
    if s3._buckets.get(physical_id, {}).get("objects") or s3._bucket_has_versions(physical_id):
        raise refusal("The bucket you tried to delete is not empty", "S3", 409)


def empty_bucket(physical_id, properties):
    bucket = properties["BucketName"]
    s3._buckets.get(bucket, {}).get("objects", {}).clear()
    for name, key in list(s3._object_versions):
        if name == bucket:
            del s3._object_versions[name, key]


check("AWS::S3::Bucket", delete=refuse_not_empty)
# The CDK's own helper is a Node function that needs the AWS SDK of the Lambda
# runtime: its work is done here.
resource("Custom::S3AutoDeleteObjects", only_recorded, empty_bucket)
