"""ECR: its registry is this server, which can't be reached while the file that EMULATOR_REGISTRY_DOWN names exists.

Repositories are in ecr_repositories.py, the deletion of images in ecr_deletion.py.
"""

import json
import os

from ministack.core.responses import error_response_json
from ministack.services import ecr

from . import ecr_deletion
from .core import ORIGIN, after, wrapped
from .ecr_repositories import immutable
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


def tagged(name, tag):
    """The digest that a tag names."""
    return next((i["imageDigest"] for i in ecr._images.get(name, []) if tag in i.get("imageTags", [])), None)


def tag_exists(name, tag):
    text = f"The image tag '{tag}' already exists in the '{name}' repository"
    return f"{text} and cannot be overwritten because the repository is immutable."


@wrapped(ecr, "_v2_put_manifest")
def v2_put_manifest(original, name, ref, headers, body):
    digest = ecr._content_digest(body or b"")
    tag = "" if ref.startswith("sha256:") else ref
    if tag and immutable(name, tag) and tagged(name, tag) not in (None, digest):
        return ecr._registry_error(400, "TAG_INVALID", tag_exists(name, tag))
    response = original(name, ref, headers, body)
    if response[0] < 400:
        after(0, send_push, name, tag, digest)
    return response


@wrapped(ecr, "_put_image")
def put_image(original, data):
    name, tag = data.get("repositoryName", ""), data.get("imageTag", "")
    try:
        media_type = data.get("imageManifestMediaType") or json.loads(data["imageManifest"])["mediaType"]
    except (ValueError, KeyError):
        # https://github.com/aws/aws-cli/issues/6745
        text = "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
        return error_response_json("InvalidParameterException", text, 400)
    digest = data.get("imageDigest") or ecr._image_digest(data["imageManifest"])
    if tag and tagged(name, tag) == digest:
        text = f"Image with digest '{digest}' and tag '{tag}' already exists in the repository with name '{name}'"
        text += f" in registry with id '{ecr._registry_id()}'"
        return error_response_json("ImageAlreadyExistsException", text, 400)
    if tag and immutable(name, tag) and tagged(name, tag):
        return error_response_json("ImageTagAlreadyExistsException", tag_exists(name, tag), 400)
    response = original({**data, "imageManifestMediaType": media_type})
    if response[0] < 400:
        ecr._manifest_blobs.setdefault(name, {}).setdefault(digest, data["imageManifest"].encode())
        after(0, send_push, name, tag, digest)
    return response


@wrapped(ecr, "_batch_get_image")
def batch_get_image(original, data):
    """An image is returned under the tag of the request, not under its newest."""
    status, headers, body = original(data)
    answer = json.loads(body)
    failures = [f["imageId"] for f in answer.get("failures", [])]
    found = [i for i in data.get("imageIds", []) if i not in failures]
    for image, image_id in zip(answer.get("images", []), found, strict=False):
        image["imageId"] = {"imageDigest": image["imageId"]["imageDigest"], **image_id}
    return status, headers, json.dumps(answer).encode()


@wrapped(ecr, "_list_images")
def list_images(original, data):
    """Each tag of an image is an entry of its own."""
    response = original(data)
    if response[0] >= 400:
        return response
    found = {i["imageDigest"] for i in json.loads(response[2])["imageIds"]}
    images = [i for i in ecr._images[data["repositoryName"]] if i["imageDigest"] in found]
    ids = [image_id for image in images for image_id in ecr_deletion.image_ids(image)]
    return ecr.json_response({"imageIds": ids})


@wrapped(ecr, "_describe_images")
def describe_images(original, data):
    name = data.get("repositoryName", "")
    for image_id in data.get("imageIds") or []:
        if name in ecr._repositories and not ecr._find_image(name, image_id):
            digest, tag = image_id.get("imageDigest", "null"), image_id.get("imageTag", "null")
            text = f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not exist"
            text += f" within the repository with name '{name}' in the registry with id '{ecr._registry_id()}'"
            return error_response_json("ImageNotFoundException", text, 400)
    return original(data)
