"""ECS: the actions of service deployments, and CloudFormation's view of a service."""

import json
import time

from ministack.core import responses
from ministack.services import ecs
from ministack.services.cloudformation import provisioners, stacks

from . import ecs_deployments, ecs_targets
from .cloudformation import WORKER_TYPES, handlers, read_drift, resource
from .core import ok, wrapped
from .ecs_deployments import deployments, revisions

SERVICE = "AWS::ECS::Service"
BRIEF = {
    "serviceDeploymentArn",
    "serviceArn",
    "clusterArn",
    "startedAt",
    "createdAt",
    "finishedAt",
    "status",
    "statusReason",
}
# The release loop and scaling change a service.
DRIFTING = ("TaskDefinition", "DesiredCount", "LaunchType", "PlatformVersion")


def associate_providers(logical_id, properties, stack_name):
    strategy = provisioners._pascal_to_camel(properties["DefaultCapacityProviderStrategy"])
    request = {
        "cluster": properties["Cluster"],
        "capacityProviders": properties["CapacityProviders"],
        "defaultCapacityProviderStrategy": strategy,
    }
    ok(ecs._put_cluster_capacity_providers(request))
    return properties["Cluster"], {}


def leave_providers(physical_id, properties):
    if any(s["status"] == "ACTIVE" and s["clusterArn"].endswith("/" + physical_id) for s in ecs._services.values()):
        raise ValueError("The specified capacity provider is in use and cannot be removed.")


def service_of(answer):
    return ecs._services[json.loads(answer[2])["service"]["serviceArn"].split(":service/")[1]]


@wrapped(ecs, "_create_service")
def create_service(original, data):
    if reason := ecs_targets.unattached(data.get("loadBalancers")):
        return responses.error_response_json("InvalidParameterException", reason, 400)
    answer = original(data)
    if answer[0] < 400:
        ecs_deployments.begin(service_of(answer))
    return answer


@wrapped(ecs, "_update_service")
def update_service(original, data):
    if reason := ecs_targets.unattached(data.get("loadBalancers")):
        return responses.error_response_json("InvalidParameterException", reason, 400)
    answer = original(data)
    if answer[0] >= 400:
        return answer
    if data.get("forceNewDeployment") or "taskDefinition" in data or "loadBalancers" in data:
        ecs_deployments.begin(service_of(answer))
    if "desiredCount" in data:
        ecs_deployments.scale(service_of(answer))
    return answer


@wrapped(ecs, "_delete_service")
def delete_service(original, data):
    answer = original(data)
    if answer[0] < 400:
        arn = service_of(answer)["serviceArn"]
        ecs_deployments.forget(arn)
        ecs_targets.keep_only(arn, None)
    return answer


def list_service_deployments(data):
    service, wanted = data["service"].rpartition("/")[2], data.get("status")
    found = [
        {
            **{k: v for k, v in d.items() if k in BRIEF},
            "targetServiceRevisionArn": d["targetServiceRevision"]["arn"],
        }
        for d in reversed(deployments.values())
        if d["serviceArn"].endswith("/" + service) and (not wanted or d["status"] in wanted)
    ]
    return responses.json_response({"serviceDeployments": found[: int(data.get("maxResults", 20))]})


def describe(key, store):
    def action(data):
        arns = data[key + "Arns"]
        found = [ecs._sanitize(store[arn]) for arn in arns if arn in store]
        failures = [{"arn": arn, "reason": "MISSING"} for arn in arns if arn not in store]
        return responses.json_response({key + "s": found, "failures": failures})

    return action


def stop_service_deployment(data):
    deployment = deployments.get(data["serviceDeploymentArn"])
    if not deployment:
        return responses.error_response_json("ServiceDeploymentNotFoundException", "Service deployment not found.", 400)
    if deployment["status"] not in ("PENDING", "IN_PROGRESS"):
        return responses.error_response_json("ConflictException", "The deployment can't be stopped any more.", 400)
    service = ecs._services[deployment["serviceArn"].split(":service/")[1]]
    ecs_deployments.roll_back(service, deployment, "Deployment stopped by the user.")
    return responses.json_response({"serviceDeploymentArn": deployment["serviceDeploymentArn"]})


def waiting(original):
    """CloudFormation's create or update of a service is over when its deployment is."""

    def handler(*args):
        arn, attributes = original(*args)
        while (deployment := ecs_deployments.newest(arn))["status"] in ecs_deployments.UNDER_WAY:
            time.sleep(0.05)
        if deployment["status"] not in ("SUCCESSFUL", "STOPPED"):
            if not deployment["sourceServiceRevisions"]:  # a create, which leaves nothing behind
                ok(ecs._delete_service({"cluster": arn.split("/")[1], "service": arn, "force": True}))
            raise ValueError("Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.")
        return arn, attributes

    return handler


@wrapped(stacks, "_sends_back_failed_update")
def sends_back_failed_update(original, resource_type):
    return resource_type == SERVICE or original(resource_type)


def current_service(physical_id, properties):
    service = ecs._services.get(physical_id.split(":service/")[1])
    return service and {key: service.get(key[0].lower() + key[1:]) for key in DRIFTING}


def install():
    service = handlers(SERVICE)
    service.update(create=waiting(service["create"]), update=waiting(service["update"]))
    WORKER_TYPES.add(SERVICE)
    read_drift(SERVICE, current_service, DRIFTING)
    resource("AWS::ECS::ClusterCapacityProviderAssociations", associate_providers, leave_providers)
    ecs._ACTION_MAP.update(
        {
            "CreateService": ecs._create_service,
            "UpdateService": ecs._update_service,
            "DeleteService": ecs._delete_service,
            "ListServiceDeployments": list_service_deployments,
            "DescribeServiceDeployments": describe("serviceDeployment", deployments),
            "DescribeServiceRevisions": describe("serviceRevision", revisions),
            "StopServiceDeployment": stop_service_deployment,
        }
    )


install()
