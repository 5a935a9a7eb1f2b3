"""S3: the emptying of buckets that the CDK's own helper does on AWS."""

from ministack.services import s3

from .cloudformation import only_recorded, resource


def empty_bucket(physical_id, properties):
    objects = s3._buckets.get(properties["BucketName"], {}).get("objects", {})
    for key in list(objects):
        del objects[key]


# The CDK's own helper is a Node function that needs the AWS SDK of the Lambda
# runtime: its work is done here.
resource("Custom::S3AutoDeleteObjects", only_recorded, empty_bucket)
