"""What an image in the emulator's registry says about the tasks that run it."""

import dataclasses
import json

from ministack.services import ecr


@dataclasses.dataclass(frozen=True)
class Image:
    digest: str | None
    failure: str | None = None  # why its tasks end
    health_paths: tuple[str, ...] | None = None  # None: it answers every health check
    stalls: bool = False  # its tasks never start, nor fail to


def resolve(reference):
    """What an image reference names now."""
    repository, _, tag = reference.partition("/")[2].rpartition(":")
    found = next((i for i in ecr._images.get(repository, []) if tag in i.get("imageTags", [])), None)
    if not found:
        return Image(None, f"CannotPullContainerError: {reference}: not found")
    said = labels(repository, found)
    if "cloudstruct.emulator.stalls" in said:
        return Image(None, stalls=True)
    health = said.get("cloudstruct.emulator.health")
    paths = None if health is None else tuple(path.strip() for path in health.split(","))
    return Image(found["imageDigest"], said.get("cloudstruct.emulator.fails"), paths)


def labels(repository, image):
    manifest = json.loads(image["imageManifest"])
    if "manifests" in manifest:  # an index: its first child speaks for all
        manifest = json.loads(ecr._manifest_blobs[repository][manifest["manifests"][0]["digest"]])
    config = ecr._layer_blobs.get(repository, {}).get(manifest["config"]["digest"], b"{}")
    return json.loads(config).get("config", {}).get("Labels") or {}
