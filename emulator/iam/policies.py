"""The policies that apply to a call, as the account has them now, with their owners."""

import dataclasses
import json

from ministack.services import ecr, iam, lambda_svc, s3, secretsmanager, sns, sqs

from . import owners, record


@dataclasses.dataclass
class Policy:
    kind: str  # identity, resource or trust
    document: dict
    owners: list  # stack and logical id, of each statement

    @classmethod
    def of(cls, kind, document, owner):
        return cls(kind, document, [owner] * len(record.statements(document)))


def of_role(name):
    """A role's own policies, and the managed ones."""
    role = iam._roles[name]
    own = [
        Policy.of("identity", json.loads(text), owners.of_role_policy(name, policy))
        for policy, text in role["InlinePolicies"].items()
    ]
    return own + [Policy.of("identity", _managed(arn), ("", arn)) for arn in role["AttachedPolicies"]]


def _managed(arn):
    policy = iam._lookup_policy(arn)
    if policy is None:
        raise LookupError(f"the emulator does not know what the managed policy {arn} allows")
    return json.loads(policy["Versions"][policy["DefaultVersionId"]]["Document"])


def trust_of(role):
    return Policy.of("trust", json.loads(iam._roles[role]["AssumeRolePolicyDocument"]), owners.of_trust(role))


def of_resource(arn):
    """The policy of a resource, or None."""
    service = arn.split(":")[2] if arn != "*" else ""
    if service == "lambda":
        return _of_function(arn)
    document = RESOURCE_POLICIES.get(service, lambda arn: None)(arn)
    if not document:
        return None
    document = json.loads(document) if isinstance(document, str) else document
    bucket_of_object = arn.partition("/")[0] if service == "s3" else arn
    return Policy.of("resource", document, owners.of_resource(bucket_of_object))


def _of_function(arn):
    """Each statement comes from a resource of its own, which its Sid names."""
    function = lambda_svc._functions.get(arn.rpartition(":")[2])
    if not function or not function["policy"]["Statement"]:
        return None
    statements = function["policy"]["Statement"]
    document = {"Version": "2012-10-17", "Statement": [dict(s) for s in statements]}
    return Policy("resource", document, [owners.of_permission(s["Sid"]) for s in statements])


def _bucket(arn):
    return s3._bucket_policies.get(arn.partition(":::")[2].partition("/")[0])


def _queue(arn):
    queue = sqs._queue_by_arn(arn)
    return queue and queue["attributes"].get("Policy")


def _topic(arn):
    return sns._topics.get(arn, {}).get("attributes", {}).get("Policy")


def _repository(arn):
    return ecr._repo_policies.get(arn.partition(":repository/")[2])


# By the service in the resource's ARN. What is not here has no policy of its own.
RESOURCE_POLICIES = {
    "ecr": _repository,
    "s3": _bucket,
    "secretsmanager": secretsmanager._resource_policies.get,
    "sns": _topic,
    "sqs": _queue,
}
