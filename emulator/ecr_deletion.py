"""ECR: what BatchDeleteImage deletes."""

import json

from ministack.core.responses import error_response_json, json_response
from ministack.services import ecr

from .core import wrapped


def image_ids(image):
    """The ids of an image: one a tag, or the digest alone."""
    digest = {"imageDigest": image["imageDigest"]}
    return [{**digest, "imageTag": tag} for tag in image.get("imageTags", [])] or [digest]


def indexes_of(name, digest):
    """The indexes that name an image as one of their manifests."""
    return [
        i["imageDigest"]
        for i in ecr._images[name]
        if any(m["digest"] == digest for m in json.loads(i["imageManifest"]).get("manifests", []))
    ]


@wrapped(ecr, "_batch_delete_image")
def batch_delete_image(original, data):
    name = data.get("repositoryName", "")
    if name not in ecr._repositories:
        return original(data)
    deleted, failures = [], []
    for image_id in data.get("imageIds", []):
        image = ecr._find_image(name, image_id)
        if not image:
            failures.append(failure(image_id, "ImageNotFound", "Requested image not found"))
            continue
        remaining = [t for t in image["imageTags"] if image_id.get("imageTag") not in (None, t)]
        indexes = indexes_of(name, image["imageDigest"])
        if not remaining and indexes:
            text = f"Requested image referenced by manifest list: [{', '.join(indexes)}]"
            failures.append(failure(image_id, "ImageReferencedByManifestList", text))
            continue
        deleted += [i for i in image_ids(image) if i.get("imageTag") not in remaining]
        remove(name, image, remaining)
    return json_response({"imageIds": deleted, "failures": failures})


def failure(image_id, code, reason):
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}


def remove(name, image, remaining):
    """Leave an image under its remaining tags, or none of it."""
    image["imageTags"][:] = remaining
    if not remaining:
        ecr._images[name].remove(image)
        ecr._manifest_blobs.get(name, {}).pop(image["imageDigest"], None)


def not_empty(name):
    text = f"The repository with name '{name}' in registry with id '{ecr._registry_id()}'"
    return f"{text} cannot be deleted because it still contains images"


@wrapped(ecr, "_delete_repository")
def delete_repository(original, data):
    name = data.get("repositoryName", "")
    if ecr._images.get(name) and not data.get("force"):
        return error_response_json("RepositoryNotEmptyException", not_empty(name), 400)
    response = original(data)
    if response[0] < 400:
        for store in (ecr._layer_blobs, ecr._manifest_blobs, ecr._uploads):
            store.pop(name, None)
    return response
