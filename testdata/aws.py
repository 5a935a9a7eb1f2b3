"""An AWS CLI for the test of release-image.yml, with ECR and ECS as they are at a
few moments: the first until the push, then one for each look at the deploy tag.

What it is asked and what it answers must be in AWS's own description of the API,
and its --query and --output are the real ones' as far as the workflow uses them.
"""

import gzip
import json
import os
import pathlib
import sys

import botocore
import jmespath


def main():
    service, operation, *rest = sys.argv[1:]
    given = parse(rest)
    world = json.loads(pathlib.Path(os.environ["WORLD"]).read_text())
    at = pathlib.Path(os.environ["WORLD"] + ".at")
    now = int(at.read_text()) if at.exists() else 0
    if given.get("image-ids", [""])[0].startswith("imageTag="):
        now = min(now + 1, len(world["moments"]) - 1)
    at.write_text(str(now))
    answer = ANSWERS[operation](given, world, world["moments"][now])
    check(service, operation, given, answer)
    for row in rows(jmespath.search(given["query"][0], answer) if "query" in given else answer):
        print(row)


def parse(arguments):
    given = {}
    for argument in arguments:
        if argument.startswith("--"):
            values = given[argument[2:]] = []
        else:
            values.append(argument)
    return given


def check(service, operation, given, answer):
    folder = pathlib.Path(botocore.__file__).parent / "data" / service
    model = json.loads(gzip.decompress((sorted(folder.iterdir())[-1] / "service-2.json.gz").read_bytes()))
    name = operation.title().replace("-", "")
    request = model["shapes"][model["operations"][name]["input"]["shape"]]
    known = {option(member) for member in request["members"]} | {"query", "output", "no-paginate"}
    required = {option(member) for member in request.get("required", [])}
    if not required <= given.keys() <= known:
        sys.exit(f"{operation} takes {known} and needs {required}, got {given.keys()}")
    conforms(model["shapes"], model["operations"][name]["output"]["shape"], answer)


def option(member):
    return botocore.xform_name(member).replace("_", "-")


def conforms(shapes, name, value):
    shape = shapes[name]
    if shape["type"] == "structure":
        for key, inner in value.items():
            conforms(shapes, shape["members"][key]["shape"], inner)
    elif shape["type"] == "list":
        for inner in value:
            conforms(shapes, shape["member"]["shape"], inner)
    elif "enum" in shape and value not in shape["enum"]:
        sys.exit(f"{name} is never {value}")


def rows(value):
    """Text as the CLI prints it: a line for a list of scalars, one each for a list of lists."""
    if not isinstance(value, list):
        return [str(value)]
    if value and all(isinstance(inner, list) for inner in value):
        return [row for inner in value for row in rows(inner)]
    return ["\t".join(str(inner) for inner in value)]


MEDIA_TYPE = "application/vnd.oci.image.index.v1+json"


def batch_get_image(given, world, moment):
    kind, wanted = given["image-ids"][0].split("=")
    if MEDIA_TYPE not in given.get("accepted-media-types", []):
        sys.exit("an index is not among the accepted media types")
    if world["expired"]:
        return {"failures": [{"imageId": {"imageDigest": wanted}, "failureCode": "ImageNotFound"}], "images": []}
    digest = moment["tagged"] if kind == "imageTag" else wanted
    return {"images": [{"imageId": {"imageDigest": digest}, "imageManifest": world["manifest"], "imageManifestMediaType": MEDIA_TYPE}]}


def put_image(given, world, moment):
    if given["image-manifest"] != [world["manifest"]] or given.get("image-manifest-media-type") != [MEDIA_TYPE]:
        sys.exit("An error occurred (InvalidParameterException) when calling the PutImage operation: not the manifest that was read, with its media type")
    if world["refused"]:
        sys.exit(f"An error occurred ({world['refused']}) when calling the PutImage operation")
    return {"image": {}}


def list_service_deployments(given, world, moment):
    return {"serviceDeployments": [
        {"status": d["status"], "serviceDeploymentArn": d["arn"], "targetServiceRevisionArn": "revision/" + d["arn"]}
        for d in moment["deployments"]
    ]}


def describe_service_revisions(given, world, moment):
    # A sidecar of somebody else's, as GuardDuty adds one, comes first.
    revisions = []
    for d in moment["deployments"]:
        own = {"containerName": "api", "image": os.environ["REPOSITORY"] + ":jellybean"}
        if d.get("digest"):
            own["imageDigest"] = d["digest"]
        images = [{"containerName": "sidecar", "image": "elsewhere/sidecar", "imageDigest": "sha256:sidecar"}, own]
        revisions.append({"serviceRevisionArn": "revision/" + d["arn"], "containerImages": images})
    asked = given["service-revision-arns"]
    return {"serviceRevisions": [r for r in revisions if r["serviceRevisionArn"] in asked]}


def describe_service_deployments(given, world, moment):
    return {"serviceDeployments": [dict(world["failure"], serviceDeploymentArn=arn) for arn in given["service-deployment-arns"]]}


def list_tasks(given, world, moment):
    return {"taskArns": [str(i) for i, _ in enumerate(world["tasks"])]}


def describe_tasks(given, world, moment):
    return {"tasks": [world["tasks"][int(i)] for i in given["tasks"]]}


ANSWERS = {f.__name__.replace("_", "-"): f for f in (
    batch_get_image, put_image, list_service_deployments, describe_service_revisions,
    describe_service_deployments, list_tasks, describe_tasks,
)}

main()
