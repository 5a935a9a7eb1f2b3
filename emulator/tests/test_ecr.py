import json

import pytest

from .account import NUMBER, OCI_MANIFEST, eventually, failing, message, refused

MUTABLE = {"imageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}
MUTABLE["imageTagMutabilityExclusionFilters"] = [{"filterType": "WILDCARD", "filter": "live*"}]
UNNAMED = json.dumps({"schemaVersion": 2, "config": {"digest": "sha256:1", "size": 1}, "layers": []})


def test_a_manifest_that_names_no_media_type_needs_one_in_the_request(account):
    ecr, name = account.aws("ecr"), account.repository()
    with refused("InvalidParameterException") as error:
        ecr.put_image(repositoryName=name, imageTag="one", imageManifest=UNNAMED)
    assert message(error) == "Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'"
    ecr.put_image(repositoryName=name, imageTag="one", imageManifest=UNNAMED, imageManifestMediaType=OCI_MANIFEST)
    image = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "one"}])["images"][0]
    assert image["imageManifestMediaType"] == OCI_MANIFEST


def test_a_manifest_that_names_its_media_type_keeps_it(account):
    ecr, name = account.aws("ecr"), account.repository()
    manifest = json.dumps({**json.loads(UNNAMED), "mediaType": OCI_MANIFEST})
    image = ecr.put_image(repositoryName=name, imageTag="one", imageManifest=manifest)["image"]
    assert image["imageManifestMediaType"] == OCI_MANIFEST
    status, body = account.http("GET", f"/v2/{name}/manifests/{image['imageId']['imageDigest']}")
    assert (status, body.decode()) == (200, manifest)


@pytest.mark.parametrize("by", ["PutImage", "registry"])
def test_an_immutable_tag_is_not_moved(account, by):
    ecr, name = account.aws("ecr"), account.repository(**MUTABLE)
    first = account.push("v1")
    manifest = {**json.loads(UNNAMED), "mediaType": OCI_MANIFEST}
    wanted = (
        f"The image tag 'v1' already exists in the '{name}' repository"
        " and cannot be overwritten because the repository is immutable."
    )
    if by == "PutImage":
        with refused("ImageTagAlreadyExistsException") as error:
            ecr.put_image(repositoryName=name, imageTag="v1", imageManifest=json.dumps(manifest))
        assert message(error) == wanted
    else:
        status, body = account.put_manifest("v1", manifest)
        error = json.loads(body)["errors"][0]
        assert (status, error["code"], error["message"]) == (400, "TAG_INVALID", wanted)
    assert (
        ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "v1"}])["imageDetails"][0]["imageDigest"]
        == first
    )


def test_a_tag_that_an_exclusion_filter_names_is_moved(account):
    ecr, name = account.aws("ecr"), account.repository(**MUTABLE)
    account.push("live-1")
    second = account.push("live-1", salt="second")
    image = ecr.describe_images(repositoryName=name, imageIds=[{"imageTag": "live-1"}])["imageDetails"][0]
    assert image["imageDigest"] == second
    described = ecr.describe_repositories(repositoryNames=[name])["repositories"][0]
    assert described["imageTagMutabilityExclusionFilters"] == MUTABLE["imageTagMutabilityExclusionFilters"]


def test_exclusion_filters_come_and_go_with_the_template(account):
    def repository(tag):
        filters = [{"ImageTagMutabilityExclusionFilterType": "WILDCARD", "ImageTagMutabilityExclusionFilterValue": tag}]
        properties = {
            "RepositoryName": account.name,
            "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "ImageTagMutabilityExclusionFilters": filters,
            "EmptyOnDelete": True,
        }
        return {"Repository": {"Type": "AWS::ECR::Repository", "Properties": properties}}

    assert account.create(repository("one")) == "CREATE_COMPLETE"
    account.push("one")
    account.push("one", salt="again")
    assert account.update(repository("two")) == "UPDATE_COMPLETE"
    with pytest.raises(AssertionError, match="cannot be overwritten"):
        account.push("one", salt="once more")


def test_an_image_that_has_the_tag_is_not_put_again(account):
    ecr, name = account.aws("ecr"), account.repository()
    pushed = account.push("one")
    image = ecr.batch_get_image(repositoryName=name, imageIds=[{"imageTag": "one"}])["images"][0]
    with refused("ImageAlreadyExistsException") as error:
        ecr.put_image(repositoryName=name, imageTag="one", imageManifest=image["imageManifest"])
    assert message(error) == (
        f"Image with digest '{pushed}' and tag 'one' already exists in the repository"
        f" with name '{name}' in registry with id '{NUMBER}'"
    )


def test_deleting_a_tag_leaves_the_image_under_its_others(account):
    ecr, name = account.aws("ecr"), account.repository()
    pushed = account.push("one")
    assert account.push("two") == pushed
    answer = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "one"}])
    assert answer["imageIds"] == [{"imageDigest": pushed, "imageTag": "one"}]
    assert ecr.list_images(repositoryName=name)["imageIds"] == [{"imageDigest": pushed, "imageTag": "two"}]
    ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageTag": "two"}])
    assert ecr.list_images(repositoryName=name)["imageIds"] == []
    assert account.http("GET", f"/v2/{name}/manifests/{pushed}")[0] == 404


def test_deleting_by_digest_takes_all_tags_and_the_manifest(account):
    ecr, name = account.aws("ecr"), account.repository()
    pushed = account.push("one")
    account.push("two")
    answer = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": pushed}])
    assert answer["imageIds"] == [{"imageDigest": pushed, "imageTag": tag} for tag in ("one", "two")]
    for reference in ("one", "two", pushed):
        assert account.http("GET", f"/v2/{name}/manifests/{reference}")[0] == 404
    assert json.loads(account.http("GET", f"/v2/{name}/tags/list")[1])["tags"] == []


def test_a_child_is_not_deleted_before_its_index(account):
    ecr, name = account.aws("ecr"), account.repository()
    child = account.push("child")
    index = account.push_index("both", [child])
    failure = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": child}])["failures"][0]
    assert failure["failureCode"] == "ImageReferencedByManifestList"
    assert failure["failureReason"] == f"Requested image referenced by manifest list: [{index}]"
    answer = ecr.batch_delete_image(repositoryName=name, imageIds=[{"imageDigest": index}, {"imageDigest": child}])
    assert not answer["failures"]


def test_an_image_that_is_not_there_can_not_be_described(account):
    name = account.repository()
    with refused("ImageNotFoundException") as error:
        account.aws("ecr").describe_images(repositoryName=name, imageIds=[{"imageTag": "gone"}])
    assert message(error) == (
        "The image with imageId {imageDigest:'null', imageTag:'gone'} does not exist within the repository"
        f" with name '{name}' in the registry with id '{NUMBER}'"
    )


def repository(account, **properties):
    return {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": account.name, **properties}}


def not_empty(account):
    return (
        f"The repository with name '{account.name}' in registry with id '{NUMBER}'"
        " cannot be deleted because it still contains images"
    )


def test_cloudformation_does_not_delete_a_repository_that_holds_images(account):
    assert account.create({"Repository": repository(account)}) == "CREATE_COMPLETE"
    pushed = account.push("one")
    assert account.delete() == "DELETE_FAILED"
    assert not_empty(account) in account.failures()["Repository"]
    account.aws("ecr").batch_delete_image(repositoryName=account.name, imageIds=[{"imageDigest": pushed}])
    assert account.delete() == "DELETE_COMPLETE"


def test_a_repository_that_stayed_is_imported_with_its_images(account):
    name, cloudformation = account.repository(), account.aws("cloudformation")
    pushed = account.push("one")
    resources = {"Repository": {**repository(account), "DeletionPolicy": "RetainExceptOnCreate"}}
    arguments = {"StackName": account.name, "ChangeSetName": "import"}
    cloudformation.create_change_set(
        **arguments,
        ChangeSetType="CREATE",
        ImportExistingResources=True,
        TemplateBody=json.dumps({"Resources": resources}),
    )
    cloudformation.get_waiter("change_set_create_complete").wait(**arguments, WaiterConfig={"Delay": 1})
    cloudformation.execute_change_set(**arguments)
    assert account.settled() == "CREATE_COMPLETE"
    images = account.aws("ecr").describe_images(repositoryName=name)["imageDetails"]
    assert [image["imageDigest"] for image in images] == [pushed]


def test_empty_on_delete_empties_the_repository(account):
    assert account.create({"Repository": repository(account, EmptyOnDelete=True)}) == "CREATE_COMPLETE"
    pushed = account.push("one")
    assert account.delete() == "DELETE_COMPLETE"
    account.repository()
    assert account.http("GET", f"/v2/{account.name}/manifests/{pushed}")[0] == 404


def test_cloudformation_does_not_take_over_a_repository_that_exists(account):
    account.repository()
    assert account.create({"Repository": repository(account)}) == "ROLLBACK_COMPLETE"
    assert f"The repository with name '{account.name}' already exists" in account.failures()["Repository"]
    assert account.aws("ecr").describe_repositories(repositoryNames=[account.name])["repositories"]


@pytest.mark.parametrize("start", ["create_stack", "create_by_change_set"])
def test_a_create_that_is_rolled_back_fails_at_a_repository_that_holds_images(account, start):
    """RetainExceptOnCreate deletes it then, and retains it when the stack is deleted."""
    pusher = {"Type": "AWS::CloudFormation::WaitConditionHandle", "DependsOn": "Repository"}
    waiting = {
        "Type": "AWS::CloudFormation::WaitCondition",
        "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "4"},
        "DependsOn": "Repository",
    }
    kept = {**repository(account), "DeletionPolicy": "RetainExceptOnCreate"}
    template = json.dumps({"Resources": {"Repository": kept, "Handle": pusher, "Waiting": waiting}})
    getattr(account, start)(template)
    eventually(lambda: account.push_if_possible("one"))
    assert account.settled() == "ROLLBACK_FAILED"
    assert not_empty(account) in account.failures()["Repository"]
    resources = account.aws("cloudformation").describe_stack_resources(StackName=account.name)["StackResources"]
    assert [(r["LogicalResourceId"], r["ResourceStatus"]) for r in resources] == [("Repository", "DELETE_FAILED")]
    assert account.delete() == "DELETE_COMPLETE"
    assert account.aws("ecr").describe_repositories(repositoryNames=[account.name])["repositories"]


def test_an_empty_repository_is_deleted_when_its_create_is_rolled_back(account):
    kept = {**repository(account), "DeletionPolicy": "RetainExceptOnCreate"}
    assert account.create({"Repository": kept, "Fails": failing("Repository")}) == "ROLLBACK_COMPLETE"
    with refused("RepositoryNotFoundException"):
        account.aws("ecr").describe_repositories(repositoryNames=[account.name])
