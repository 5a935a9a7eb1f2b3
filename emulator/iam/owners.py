"""Which resource of a template each policy comes from, for the record.

CloudFormation's handlers of what carries a policy say it when they are called.
"""

from ministack.services import lambda_svc, secretsmanager, sqs

from ..cloudformation import handlers, resource
from . import record

_owners = {}  # a policy's stack and logical id, by what the account knows of it


def of_role_policy(role, policy):
    return _owners.get(("role", role, policy), ("", policy))


def of_trust(role):
    return _owners.get(("trust", role), ("", role))


def of_resource(arn):
    return _owners.get(("resource", arn), ("", arn))


def of_permission(sid):
    return _owners.get(("permission", sid), ("", sid))


def _role(physical_id, properties):
    yield ("trust", physical_id), properties["AssumeRolePolicyDocument"]
    for policy in properties.get("Policies", []):
        yield ("role", physical_id, policy["PolicyName"]), policy["PolicyDocument"]


def _role_policy(physical_id, properties):
    for role in properties["Roles"]:
        yield ("role", role, properties["PolicyName"]), properties["PolicyDocument"]


def _permission(physical_id, properties):
    function = lambda_svc._functions[properties["FunctionName"].rpartition(":")[2]]
    statement = next(s for s in function["policy"]["Statement"] if s["Sid"] == physical_id)
    yield ("permission", physical_id), {"Statement": [statement]}


def _topics(physical_id, properties):
    for topic in properties["Topics"]:
        yield ("resource", topic), properties["PolicyDocument"]


def _queues(physical_id, properties):
    for url in properties["Queues"]:
        yield ("resource", sqs._queues[url]["attributes"]["QueueArn"]), properties["PolicyDocument"]


def _bucket(physical_id, properties):
    yield ("resource", f"arn:aws:s3:::{properties['Bucket']}"), properties["PolicyDocument"]


def _secret(physical_id, properties):
    yield ("resource", properties["SecretId"]), properties["ResourcePolicy"]


CARRIERS = {
    "AWS::IAM::Policy": _role_policy,
    "AWS::IAM::Role": _role,
    "AWS::Lambda::Permission": _permission,
    "AWS::S3::BucketPolicy": _bucket,
    "AWS::SNS::TopicPolicy": _topics,
    "AWS::SQS::QueuePolicy": _queues,
    "AWS::SecretsManager::ResourcePolicy": _secret,
}


def noting(type_name):
    """Have the handlers of a type tell whose the policies are that they write."""
    original = dict(handlers(type_name))

    def note(logical_id, physical_id, properties, stack_name):
        for key, document in CARRIERS[type_name](physical_id, properties):
            _owners[key] = (stack_name, logical_id)
            record.written(stack_name, logical_id, document)

    def create(logical_id, properties, stack_name):
        physical_id, attributes = original["create"](logical_id, properties, stack_name)
        note(logical_id, physical_id, properties, stack_name)
        return physical_id, attributes

    def update(physical_id, old, new, stack_name, logical_id):
        named = (logical_id,) if original.get("update_with_logical_id") else ()
        physical_id, attributes = original["update"](physical_id, old, new, stack_name, *named)
        note(logical_id, physical_id, new, stack_name)
        return physical_id, attributes

    handlers(type_name).update(create=create, update=update, update_with_logical_id=True)


def put_secret_policy(logical_id, properties, stack_name):
    secretsmanager._resource_policies[properties["SecretId"]] = properties["ResourcePolicy"]
    return properties["SecretId"], {}


def delete_secret_policy(physical_id, properties):
    secretsmanager._resource_policies.pop(physical_id, None)


resource("AWS::SecretsManager::ResourcePolicy", put_secret_policy, delete_secret_policy)
for carrier in CARRIERS:
    noting(carrier)
