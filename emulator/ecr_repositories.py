"""ECR repositories: tags that can't be moved, and CloudFormation's view of a repository."""

import json
import re

from ministack.services import ecr
from ministack.services.cloudformation import changesets, provisioners

from .cloudformation import check, handlers, read_drift, refusal
from .core import wrapped
from .ecr_deletion import not_empty

FILTERS = "imageTagMutabilityExclusionFilters"


def immutable(name, tag):
    """Whether an image's tag stays with it: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html"""
    repository = ecr._repositories.get(name, {})
    mode = repository.get("imageTagMutability", "MUTABLE")
    patterns = [re.escape(f["filter"]).replace(r"\*", ".*") for f in repository.get(FILTERS, [])]
    excluded = mode.endswith("_WITH_EXCLUSION") and any(re.fullmatch(p, tag) for p in patterns)
    return mode.startswith("IMMUTABLE") != excluded


@wrapped(ecr, "_create_repository")
def create_repository(original, data):
    response = original(data)
    if response[0] >= 400:
        return response
    return with_filters(response, data["repositoryName"], data)


@wrapped(ecr, "_put_image_tag_mutability")
def put_image_tag_mutability(original, data):
    response = original(data)
    return response if response[0] >= 400 else with_filters(response, data["repositoryName"], data)


def with_filters(response, name, data):
    """Keep the filters of a request, which MiniStack drops, and return them."""
    filters = ecr._repositories[name][FILTERS] = data.get(FILTERS, [])
    answer = json.loads(response[2])
    answer.get("repository", answer)[FILTERS] = filters
    return response[0], response[1], json.dumps(answer).encode()


@wrapped(ecr, "_repo_shape")
def repo_shape(original, repository):
    return {**original(repository), FILTERS: repository.get(FILTERS, [])}


@wrapped(provisioners, "_ecr_cfn_to_api")
def cfn_to_api(original, properties):
    prefix = "ImageTagMutabilityExclusionFilter"
    filters = [
        {"filterType": f[prefix + "Type"], "filter": f[prefix + "Value"]}
        for f in properties.get("ImageTagMutabilityExclusionFilters") or []
    ]
    return {**original(properties), FILTERS: filters}


def refuse_existing(logical_id, properties, stack_name):
    name = properties.get("RepositoryName")
    if name in ecr._repositories:
        text = f"The repository with name '{name}' already exists in the registry with id '{ecr._registry_id()}'"
        raise refusal(text, "Ecr", code="AlreadyExists")


def import_problem(name):
    return None if name in ecr._repositories else f"The repository with name '{name}' does not exist"


def import_existing(identifier):
    """A change set with ImportExistingResources takes over a repository by its name.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/import-resources-automatically.html
    """
    repository = ecr._repositories[identifier["RepositoryName"]]
    return identifier["RepositoryName"], {
        "Arn": repository["repositoryArn"],
        "RepositoryUri": repository["repositoryUri"],
    }


def update_filters(original):
    def update(physical_id, old, new, *rest):
        result = original(physical_id, old, new, *rest)
        ecr._repositories[result[0]][FILTERS] = provisioners._ecr_cfn_to_api(new)[FILTERS]
        return result

    return update


def refuse_not_empty(physical_id, properties):
    if str(properties.get("EmptyOnDelete", False)).lower() != "true" and ecr._images.get(physical_id):
        raise refusal(not_empty(physical_id), "Ecr")


def current(physical_id, properties):
    repository = ecr._repositories.get(physical_id)
    return repository and {
        "RepositoryName": repository["repositoryName"],
        "ImageTagMutability": repository["imageTagMutability"],
    }


check("AWS::ECR::Repository", create=refuse_existing, delete=refuse_not_empty)
repositories = handlers("AWS::ECR::Repository")
repositories["update"] = update_filters(repositories["update"])
repositories["import"] = import_existing
changesets._IMPORT_LOOKUPS["AWS::ECR::Repository"] = (("RepositoryName",), import_problem)
# The release loop moves tags.
read_drift("AWS::ECR::Repository", current, ("RepositoryName", "ImageTagMutability"))
