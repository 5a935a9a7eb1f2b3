"""ECR: push events, and a registry that is this server.

The registry can't be reached while the file that EMULATOR_REGISTRY_DOWN names exists.
"""

import json
import os

from ministack.services import ecr

from .cloudformation import read_drift
from .core import ORIGIN, after, wrapped
from .events import put_event


@wrapped(ecr, "_get_authorization_token")
def get_authorization_token(original, data):
    status, headers, body = original(data)
    answer = json.loads(body)
    down = os.path.exists(os.environ.get("EMULATOR_REGISTRY_DOWN", ""))
    # Nothing listens on port 1.
    endpoint = "http://localhost:1" if down else ORIGIN.replace("127.0.0.1", "localhost")
    answer["authorizationData"][0]["proxyEndpoint"] = endpoint
    return status, headers, json.dumps(answer).encode()


def send_push(repository, tag, digest):
    detail = {"result": "SUCCESS", "repository-name": repository, "image-digest": digest, "action-type": "PUSH"}
    if tag:
        detail["image-tag"] = tag
    put_event("aws.ecr", "ECR Image Action", detail, [])


@wrapped(ecr, "_v2_put_manifest")
def v2_put_manifest(original, name, ref, headers, body):
    response = original(name, ref, headers, body)
    if response[0] < 400:
        digest = ecr._content_digest(body)
        after(0, send_push, name, "" if ref.startswith("sha256:") else ref, digest)
    return response


@wrapped(ecr, "_put_image")
def put_image(original, data):
    response = original(data)
    if response[0] < 400:
        image = json.loads(response[2])["image"]["imageId"]
        after(0, send_push, data["repositoryName"], data.get("imageTag", ""), image["imageDigest"])
    return response


@wrapped(ecr, "_batch_get_image")
def batch_get_image(original, data):
    """An image is returned under the tag of the request, not under its newest."""
    status, headers, body = original(data)
    answer = json.loads(body)
    failures = [f["imageId"] for f in answer.get("failures", [])]
    found = [i for i in data.get("imageIds", []) if i not in failures]
    for image, image_id in zip(answer.get("images", []), found, strict=False):
        image["imageId"] = {**image["imageId"], **image_id}
    return status, headers, json.dumps(answer).encode()


def current_repository(physical_id, properties):
    repository = ecr._repositories.get(physical_id)
    return repository and {
        "RepositoryName": repository["repositoryName"],
        "ImageTagMutability": repository["imageTagMutability"],
    }


# The release loop moves tags.
read_drift("AWS::ECR::Repository", current_repository, ("RepositoryName", "ImageTagMutability"))
