"""What an image in the emulator's registry says about the tasks that run it."""

import json

from ministack.services import ecr

STALLED = "the deployment never starts a task"


def resolve(image):
    """The digest that an image reference names now, and why its tasks would fail."""
    repository, _, tag = image.partition("/")[2].rpartition(":")
    found = next((i for i in ecr._images.get(repository, []) if tag in i.get("imageTags", [])), None)
    if not found:
        return None, f"CannotPullContainerError: {image}: not found"
    said = labels(repository, found)
    if "cloudstruct.emulator.stalls" in said:
        return None, STALLED
    return found["imageDigest"], said.get("cloudstruct.emulator.fails")


def labels(repository, image):
    manifest = json.loads(image["imageManifest"])
    if "manifests" in manifest:  # an index: its first child speaks for all
        manifest = json.loads(ecr._manifest_blobs[repository][manifest["manifests"][0]["digest"]])
    config = ecr._layer_blobs.get(repository, {}).get(manifest["config"]["digest"], b"{}")
    return json.loads(config).get("config", {}).get("Labels") or {}
