"""What the tests do in the emulator's account."""

import hashlib
import json
import time
import urllib.error
import urllib.request

import pytest
from botocore.exceptions import ClientError

REGION = "ap-southeast-2"
NUMBER = "000000000000"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"


class Account:
    def __init__(self, origin, clients, name):
        self.origin, self.aws, self.name = origin, clients, name

    # ---- CloudFormation

    def create(self, resources, **arguments):
        """Create a stack and return the status that it ends in."""
        body = json.dumps({"Resources": resources})
        self.aws("cloudformation").create_stack(StackName=self.name, TemplateBody=body, **arguments)
        return self.settled()

    def create_stack(self, body):
        """Begin to create a stack."""
        self.aws("cloudformation").create_stack(StackName=self.name, TemplateBody=body)

    def create_by_change_set(self, body):
        """Begin to create a stack as the CDK CLI does."""
        names = {"StackName": self.name, "ChangeSetName": "first"}
        self.aws("cloudformation").create_change_set(ChangeSetType="CREATE", TemplateBody=body, **names)
        eventually(lambda: self.aws("cloudformation").describe_change_set(**names)["Status"] == "CREATE_COMPLETE")
        self.aws("cloudformation").execute_change_set(**names)

    def update(self, resources):
        body = json.dumps({"Resources": resources})
        self.aws("cloudformation").update_stack(StackName=self.name, TemplateBody=body)
        return self.settled()

    def delete(self):
        self.stack_id = self.stack()["StackId"]
        self.aws("cloudformation").delete_stack(StackName=self.name)
        return self.settled(self.stack_id)

    def stack(self, name=None):
        return self.aws("cloudformation").describe_stacks(StackName=name or self.name)["Stacks"][0]

    def settled(self, name=None):
        return eventually(lambda: (s := self.stack(name)["StackStatus"]).endswith("_IN_PROGRESS") or s, unlike=True)

    def failures(self, name=None):
        """The reason of each failure in the stack's events, by logical id."""
        events = self.aws("cloudformation").describe_stack_events(StackName=name or self.name)["StackEvents"]
        return {
            e["LogicalResourceId"]: e["ResourceStatusReason"]
            for e in reversed(events)
            if e["ResourceStatus"].endswith("_FAILED") and e["LogicalResourceId"] != self.name
        }

    def physical(self, logical):
        resource = self.aws("cloudformation").describe_stack_resource(StackName=self.name, LogicalResourceId=logical)
        return resource["StackResourceDetail"]["PhysicalResourceId"]

    # ---- ECR

    def repository(self, **arguments):
        self.aws("ecr").create_repository(repositoryName=self.name, **arguments)
        return self.name

    def push(self, tag, labels=None, repository=None, salt=""):
        """Push an image by the registry protocol and return its digest."""
        config = json.dumps({"architecture": "amd64", "config": {"Labels": labels or {}}, "salt": salt}).encode()
        reference = {"mediaType": "application/vnd.oci.image.config.v1+json", **self.blob(config, repository)}
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": reference, "layers": []}
        status, body = self.put_manifest(tag, manifest, repository=repository)
        assert status == 201, body
        return digest(json.dumps(manifest).encode())

    def push_if_possible(self, tag):
        status, _ = self.http("GET", f"/v2/{self.name}/tags/list")
        return status == 200 and self.push(tag)

    def push_index(self, tag, children):
        manifests = [{"mediaType": OCI_MANIFEST, "digest": child, "size": 1} for child in children]
        index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}
        status, body = self.put_manifest(tag, index, OCI_INDEX)
        assert status == 201, body
        return digest(json.dumps(index).encode())

    def blob(self, content, repository=None):
        name, found = repository or self.name, digest(content)
        status, body = self.http("POST", f"/v2/{name}/blobs/uploads/?digest={found}", content)
        assert status == 201, body
        return {"digest": found, "size": len(content)}

    def put_manifest(self, reference, manifest, media_type=OCI_MANIFEST, repository=None):
        path = f"/v2/{repository or self.name}/manifests/{reference}"
        return self.http("PUT", path, json.dumps(manifest).encode(), {"Content-Type": media_type})

    def http(self, method, path, body=None, headers=None):
        headers = headers or {}
        if path.startswith("/v2/") and "Authorization" not in headers:
            answer = self.aws("ecr").get_authorization_token()
            headers = {**headers, "Authorization": "Basic " + answer["authorizationData"][0]["authorizationToken"]}
        request = urllib.request.Request(self.origin + path, body, headers, method=method)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()


def digest(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


def eventually(read, unlike=None, seconds=20):
    """What a function returns once it is true, and not what it must become unlike."""
    end = time.monotonic() + seconds
    while (last := read()) is unlike or not last:
        assert time.monotonic() < end, f"still {last!r}"
        time.sleep(0.05)
    return last


def refused(code):
    """The call inside must be refused with this error code."""
    return pytest.raises(ClientError, check=lambda error: error.response["Error"]["Code"] == code)


def message(error):
    return error.value.response["Error"]["Message"]


# A resource whose create fails after those that it depends on exist.
def failing(*after):
    return {"Type": "AWS::EC2::FlowLog", "Properties": {"ResourceId": "nothing"}, "DependsOn": list(after)}
