"""MiniStack, with what this project's stack needs and MiniStack lacks.

It adds resource types to CloudFormation, the events of ECR and ECS, and ECS's
service deployments and revisions. No container runs: a deployment succeeds
unless its image carries the label cloudstruct.emulator.fails, or its container
the variable EMULATOR_FAILS. Their text is then what the tasks log, and the circuit
breaker rolls the deployment back.

An account has the quota of addresses that a new one has on AWS. The registry
can't be reached while the file that EMULATOR_REGISTRY_DOWN names is there.

These are internals of one version of MiniStack, the one that requirements.txt
pins: a name that is gone ends the start with an error.
"""

import contextvars
import functools
import json
import os
import sys
import threading
import time
import uuid

from ministack import app
from ministack.core import responses
from ministack.services import alb, cloudwatch_logs, ec2, ecr, ecs, eventbridge, rds, route53, s3, waf
from ministack.services.cloudformation import drift, provisioners, stacks

import ecs_secrets, rds_restore  # noqa: E401, F401

ORIGIN = os.environ["AWS_ENDPOINT_URL"]  # of this server; its functions dial it
SETTLE_SECONDS = 0.5  # how long each phase of a deployment lasts


def after(seconds, action, *args):
    """Run an action later, in the account and region of this request."""
    context = contextvars.copy_context()
    timer = threading.Timer(seconds, context.run, (action, *args))
    timer.daemon = True
    timer.start()


def wrapped(module, name):
    """Replace a function of a module by one that is given the old one first."""
    def decorate(replacement):
        setattr(module, name, functools.partial(replacement, getattr(module, name)))
        return replacement
    return decorate


def ok(response):
    status, _, body = response
    if status >= 400:
        raise ValueError(body.decode() if isinstance(body, bytes) else str(body))
    return body


# ---- CloudFormation: missing resource types ---------------------------------


def resource(type_name, create, delete=lambda physical_id, properties: None, worker=False):
    """Register a type whose changes replace what it made."""
    def update(physical_id, old, new, stack_name, logical_id):
        delete(physical_id, old)
        return create(logical_id, new, stack_name)
    provisioners._RESOURCE_HANDLERS.setdefault(type_name, {
        "create": create, "update": update, "update_with_logical_id": True, "delete": delete,
    })
    if worker:
        WORKER_TYPES.add(type_name)


WORKER_TYPES = set()  # types that wait for something this server does


@wrapped(stacks, "_runs_on_worker_thread")
def runs_on_worker_thread(original, resource_type):
    return resource_type in WORKER_TYPES or original(resource_type)


def only_recorded(logical_id, properties, stack_name):
    return f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:8]}", {}


ADDRESS_QUOTA = 5  # https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html


def create_address(logical_id, properties, stack_name):
    if len(ec2._addresses) >= ADDRESS_QUOTA:
        raise ValueError("The maximum number of addresses has been reached. (Service: Ec2, Status Code: 400)")
    ok(ec2._allocate_address({"Domain": "vpc"}))
    address = list(ec2._addresses.values())[-1]
    return address["PublicIp"], {"AllocationId": address["AllocationId"], "PublicIp": address["PublicIp"]}


def delete_address(physical_id, properties):
    for key, address in list(ec2._addresses.items()):
        if address["PublicIp"] == physical_id:
            del ec2._addresses[key]


def create_nat_gateway(logical_id, properties, stack_name):
    ok(ec2._create_nat_gateway({k: properties[k] for k in ("SubnetId", "AllocationId")}))
    gateway = list(ec2._nat_gateways)[-1]
    return gateway, {"NatGatewayId": gateway}


def delete_nat_gateway(physical_id, properties):
    ec2._nat_gateways.pop(physical_id, None)


def create_flow_log(logical_id, properties, stack_name):
    ok(ec2._create_flow_logs({
        "ResourceId.1": properties["ResourceId"], "ResourceType": properties["ResourceType"],
        "TrafficType": properties["TrafficType"], "LogGroupName": properties.get("LogGroupName", ""),
    }))
    log = list(ec2._flow_logs)[-1]
    return log, {"Id": log}


def delete_flow_log(physical_id, properties):
    ec2._flow_logs.pop(physical_id, None)


def group_rule(direction):
    """Create and delete of a security group's rule that stands by itself."""
    store = {"Ingress": "IpPermissions", "Egress": "IpPermissionsEgress"}[direction]

    def create(logical_id, properties, stack_name):
        group = ec2._security_groups[properties["GroupId"]]
        group.setdefault(store, []).extend(provisioners._ec2_sg_permissions([properties]))
        return f"sgr-{uuid.uuid4().hex[:17]}", {}

    def delete(physical_id, properties):
        group = ec2._security_groups.get(properties["GroupId"], {})
        for permission in provisioners._ec2_sg_permissions([properties]):
            if permission in group.get(store, []):
                group[store].remove(permission)
    return create, delete


def close_default_group(logical_id, properties, stack_name):
    group = ec2._security_groups[properties["DefaultSecurityGroupId"]]
    group["IpPermissions"] = group["IpPermissionsEgress"] = []
    return "default-vpc-sg", {}


def associate_providers(logical_id, properties, stack_name):
    ok(ecs._put_cluster_capacity_providers({
        "cluster": properties["Cluster"],
        "capacityProviders": properties["CapacityProviders"],
        "defaultCapacityProviderStrategy": provisioners._pascal_to_camel(properties["DefaultCapacityProviderStrategy"]),
    }))
    return properties["Cluster"], {}


def leave_providers(physical_id, properties):
    if any(s["status"] == "ACTIVE" and s["clusterArn"].endswith("/" + physical_id) for s in ecs._services.values()):
        raise ValueError("The specified capacity provider is in use and cannot be removed.")


def register_scalable_target(logical_id, properties, stack_name):
    """An active service below the minimum is lifted to it at once, as on AWS."""
    _, cluster, service = properties["ResourceId"].split("/")
    current = ecs._services[f"{cluster}/{service}"]["desiredCount"]
    bounded = min(max(current, int(properties["MinCapacity"])), int(properties["MaxCapacity"]))
    if bounded != current:
        ok(ecs._update_service({"cluster": cluster, "service": service, "desiredCount": bounded}))
    return f"{properties['ResourceId']}|{properties['ScalableDimension']}|ecs", {}


def empty_bucket(physical_id, properties):
    for key in list(s3._buckets.get(properties["BucketName"], {}).get("objects", {})):
        del s3._buckets[properties["BucketName"]]["objects"][key]


def associate_acl(logical_id, properties, stack_name):
    waf._associations[properties["ResourceArn"]] = properties["WebACLArn"]
    return properties["ResourceArn"] + "|" + properties["WebACLArn"], {}


def disassociate_acl(physical_id, properties):
    waf._associations.pop(properties["ResourceArn"], None)


def log_acl(logical_id, properties, stack_name):
    """WAF has a say in where it logs to: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html"""
    for arn in properties["LogDestinationConfigs"]:
        name = arn.partition(":log-group:")[2]
        if not name.startswith("aws-waf-logs-") or name not in cloudwatch_logs._log_groups:
            raise ValueError(f"The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons or slashes., field: LOG_DESTINATION, parameter: {arn}")
    return properties["ResourceArn"], {}


def refusing_delete(type_name, refuse):
    """Have CloudFormation's delete fail for what AWS would not delete."""
    handlers = provisioners._RESOURCE_HANDLERS[type_name]
    original = handlers["delete"]

    def delete(physical_id, properties):
        if reason := refuse(physical_id):
            raise ValueError(reason)
        original(physical_id, properties)
    handlers["delete"] = delete


def protected_cluster(physical_id):
    if rds._clusters.get(physical_id, {}).get("DeletionProtection"):
        return "Cannot delete protected Cluster, please disable deletion protection and try again."


def protected_balancer(physical_id):
    if {"Key": "deletion_protection.enabled", "Value": "true"} in alb._lb_attrs.get(physical_id, []):
        return f"Load balancer '{physical_id}' cannot be deleted because deletion protection is enabled"


def checked_certificate():
    """A certificate is validated by records in a zone that must exist."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::CertificateManager::Certificate"]
    original = handlers["create"]

    def create(logical_id, properties, stack_name):
        for option in properties.get("DomainValidationOptions", []):
            if option.get("HostedZoneId") not in route53._zones:
                raise ValueError(f"No hosted zone found with ID: {option.get('HostedZoneId')}")
        return original(logical_id, properties, stack_name)
    handlers["create"] = create


@wrapped(provisioners, "_cw_metric_alarm_record")
def metric_alarm_record(original, name, properties):
    """An alarm on an expression is recorded as one on its first metric."""
    if "Metrics" in properties:
        stat = next(m["MetricStat"] for m in properties["Metrics"] if "MetricStat" in m)
        properties = {**properties, **stat["Metric"], "Period": stat["Period"], "Statistic": stat["Stat"], "Metrics": None}
    return original(name, properties)


def add_hosted_zone(zone_id, name):
    """The zone of the configured domain: people have it before they deploy."""
    name = route53._normalise_name(name)
    route53._zones[zone_id] = {
        "id": zone_id, "name": name, "caller_reference": zone_id, "comment": "", "private": False, "vpcs": [],
    }
    route53._records[zone_id] = route53._default_records(name)


def add_resource_types():
    refusing_delete("AWS::RDS::DBCluster", protected_cluster)
    refusing_delete("AWS::ElasticLoadBalancingV2::LoadBalancer", protected_balancer)
    checked_certificate()
    resource("AWS::EC2::EIP", create_address, delete_address)
    resource("AWS::EC2::NatGateway", create_nat_gateway, delete_nat_gateway)
    resource("AWS::EC2::FlowLog", create_flow_log, delete_flow_log)
    resource("AWS::EC2::SecurityGroupIngress", *group_rule("Ingress"))
    resource("AWS::EC2::SecurityGroupEgress", *group_rule("Egress"))
    resource("AWS::ECS::ClusterCapacityProviderAssociations", associate_providers, leave_providers)
    resource("AWS::ApplicationAutoScaling::ScalableTarget", register_scalable_target)
    resource("AWS::ApplicationAutoScaling::ScalingPolicy", only_recorded)
    resource("AWS::SecretsManager::ResourcePolicy", only_recorded)
    resource("AWS::SecretsManager::RotationSchedule", only_recorded)
    resource("AWS::WAFv2::WebACLAssociation", associate_acl, disassociate_acl)
    resource("AWS::WAFv2::LoggingConfiguration", log_acl)
    # The CDK's own helpers are Node functions that need the AWS SDK of the Lambda
    # runtime: their work is done here.
    resource("Custom::VpcRestrictDefaultSG", close_default_group)
    resource("Custom::S3AutoDeleteObjects", only_recorded, empty_bucket)


# ---- CloudFormation: drift of what the release loop and scaling touch --------


def add_drift_readers():
    """The loop and scaling change the service, the loop moves tags."""
    drift._DRIFT_READERS.update({
        "AWS::ECS::Service": (current_service, frozenset({"TaskDefinition", "DesiredCount", "LaunchType", "PlatformVersion"})),
        "AWS::ECR::Repository": (current_repository, frozenset({"RepositoryName", "ImageTagMutability"})),
    })


def current_service(physical_id, properties):
    service = ecs._services.get(physical_id.split(":service/")[1])
    return service and {key: service.get(key[0].lower() + key[1:]) for key in ("TaskDefinition", "DesiredCount", "LaunchType", "PlatformVersion")}


def current_repository(physical_id, properties):
    repository = ecr._repositories.get(physical_id)
    return repository and {"RepositoryName": repository["repositoryName"], "ImageTagMutability": repository["imageTagMutability"]}


# ---- ECR: push events, and a registry that is this server --------------------


@wrapped(ecr, "_get_authorization_token")
def get_authorization_token(original, data):
    status, headers, body = original(data)
    answer = json.loads(body)
    down = os.path.exists(os.environ.get("EMULATOR_REGISTRY_DOWN", ""))
    # Nothing listens on port 1.
    answer["authorizationData"][0]["proxyEndpoint"] = "http://localhost:1" if down else ORIGIN.replace("127.0.0.1", "localhost")
    return status, headers, json.dumps(answer).encode()


def tell_push(repository, tag, digest):
    detail = {"result": "SUCCESS", "repository-name": repository, "image-digest": digest, "action-type": "PUSH"}
    if tag:
        detail["image-tag"] = tag
    put_event("aws.ecr", "ECR Image Action", detail, [])


@wrapped(ecr, "_v2_put_manifest")
def v2_put_manifest(original, name, ref, headers, body):
    response = original(name, ref, headers, body)
    if response[0] < 400:
        digest = ecr._content_digest(body)
        after(0, tell_push, name, "" if ref.startswith("sha256:") else ref, digest)
    return response


@wrapped(ecr, "_put_image")
def put_image(original, data):
    response = original(data)
    if response[0] < 400:
        image = json.loads(response[2])["image"]["imageId"]
        after(0, tell_push, data["repositoryName"], data.get("imageTag", ""), image["imageDigest"])
    return response


@wrapped(ecr, "_batch_get_image")
def batch_get_image(original, data):
    """An image is answered under the tag that was asked for, not under its newest."""
    status, headers, body = original(data)
    answer = json.loads(body)
    asked = [i for i in data.get("imageIds", []) if not any(f["imageId"] == i for f in answer.get("failures", []))]
    for image, image_id in zip(answer.get("images", []), asked):
        image["imageId"] = {**image["imageId"], **image_id}
    return status, headers, json.dumps(answer).encode()


def put_event(source, detail_type, detail, resources):
    eventbridge._put_events({"Entries": [{
        "Source": source, "DetailType": detail_type, "Detail": json.dumps(detail), "Resources": resources,
    }]}, allow_aws_source=True)


# ---- ECS: service deployments, revisions, and their events -------------------

deployments = {}  # arn: service deployment, oldest first
revisions = {}    # arn: service revision
lock = threading.RLock()


def resolve(image):
    """The digest that an image reference names now, and why it would fail."""
    repository, _, tag = image.partition("/")[2].rpartition(":")
    found = next((i for i in ecr._images.get(repository, []) if tag in i.get("imageTags", [])), None)
    if not found:
        return None, f"CannotPullContainerError: {image}: not found"
    manifest = json.loads(found["imageManifest"])
    if "manifests" in manifest:  # an index: its first child speaks for all
        manifest = json.loads(ecr._manifest_blobs[repository][manifest["manifests"][0]["digest"]])
    config = ecr._layer_blobs.get(repository, {}).get(manifest["config"]["digest"], b"{}")
    labels = json.loads(config).get("config", {}).get("Labels") or {}
    return found["imageDigest"], labels.get("cloudstruct.emulator.fails")


def begin_deployment(service):
    """What ECS does when a service is made, or changed so that tasks must be replaced."""
    definition = ecs._task_defs[ecs._resolve_td_key(service["taskDefinition"])]
    images, failure = [], None
    for container in definition["containerDefinitions"]:
        digest, fails = resolve(container["image"])
        variables = {v["name"]: v["value"] for v in container.get("environment", [])}
        failure = failure or fails or variables.get("EMULATOR_FAILS")
        images.append({"containerName": container["name"], "image": container["image"], **({"imageDigest": digest} if digest else {})})
    number = str(int(time.time() * 1e6))
    revision = service["serviceArn"].replace(":service/", ":service-revision/") + "/" + number
    now = time.time()
    with lock:
        previous = [d for d in deployments.values() if d["serviceArn"] == service["serviceArn"]]
        for old in previous:
            if old["status"] in ("PENDING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
                old.update(status="STOPPED", finishedAt=now, statusReason="Superseded by a newer deployment.")
        good = next((d for d in reversed(previous) if d["status"] == "SUCCESSFUL"), None)
        revisions[revision] = {
            "serviceRevisionArn": revision, "serviceArn": service["serviceArn"], "clusterArn": service["clusterArn"],
            "taskDefinition": service["taskDefinition"], "containerImages": images, "createdAt": now,
        }
        arn = service["serviceArn"].replace(":service/", ":service-deployment/") + "/" + uuid.uuid4().hex[:21]
        deployments[arn] = {
            "serviceDeploymentArn": arn, "serviceArn": service["serviceArn"], "clusterArn": service["clusterArn"],
            "status": "IN_PROGRESS", "createdAt": now, "startedAt": now, "updatedAt": now,
            "targetServiceRevision": {"arn": revision, "requestedTaskCount": service["desiredCount"]},
            "sourceServiceRevisions": [{"arn": good["targetServiceRevision"]["arn"]}] if good else [],
        }
    tell_deployment(deployments[arn], "SERVICE_DEPLOYMENT_IN_PROGRESS", "ECS deployment in progress.")
    after(SETTLE_SECONDS, settle, arn, failure)


def settle(arn, failure):
    deployment = deployments[arn]
    with lock:
        if deployment["status"] != "IN_PROGRESS":
            return
        if not failure:
            finish(deployment, "SUCCESSFUL", None)
            return tell_deployment(deployment, "SERVICE_DEPLOYMENT_COMPLETED", "ECS deployment completed.")
    stop_failed_task(deployment, failure)
    deployment["deploymentCircuitBreaker"] = {"status": "TRIGGERED", "failureCount": 3, "threshold": 3}
    roll_back(arn, "Service deployment rolled back because the circuit breaker threshold was exceeded.")


def stop_failed_task(deployment, failure):
    """Leave what a failed deployment leaves: a stopped task, and its log."""
    cluster, service = deployment["serviceArn"].split("/")[1:]
    definition = revisions[deployment["targetServiceRevision"]["arn"]]["taskDefinition"]
    answer = ok(ecs._run_task({
        "cluster": cluster, "taskDefinition": definition, "group": f"service:{service}",
        "startedBy": "ecs-svc/" + deployment["targetServiceRevision"]["arn"].rpartition("/")[2],
    }))
    task = ecs._tasks[json.loads(answer)["tasks"][0]["taskArn"]]
    task.update(lastStatus="STOPPED", desiredStatus="STOPPED", stoppedAt=ecs._iso(), stoppedReason="Essential container in task exited", stopCode="EssentialContainerExited")
    for container, defined in zip(task["containers"], ecs._task_defs[ecs._resolve_td_key(definition)]["containerDefinitions"]):
        container.update(lastStatus="STOPPED", exitCode=1)
        options = defined["logConfiguration"]["options"]
        stream = {"logGroupName": options["awslogs-group"], "logStreamName": "/".join((options["awslogs-stream-prefix"], defined["name"], task["taskArn"].rpartition("/")[2]))}
        ok(cloudwatch_logs._create_log_stream(stream))
        ok(cloudwatch_logs._put_log_events({**stream, "logEvents": [{"timestamp": int(time.time() * 1000), "message": failure}]}))


def roll_back(arn, reason):
    deployment = deployments[arn]
    with lock:
        deployment.update(status="ROLLBACK_IN_PROGRESS", statusReason=reason, updatedAt=time.time(), rollback={"reason": reason, "startedAt": time.time()})
        target = next(iter(deployment["sourceServiceRevisions"]), None)
        if target:
            deployment["rollback"]["serviceRevisionArn"] = target["arn"]
    tell_deployment(deployment, "SERVICE_DEPLOYMENT_FAILED", reason)

    def done():
        with lock:
            if deployment["status"] == "ROLLBACK_IN_PROGRESS":
                finish(deployment, "ROLLBACK_SUCCESSFUL" if target else "ROLLBACK_FAILED", reason)
        if target:
            tell_deployment(deployment, "SERVICE_DEPLOYMENT_COMPLETED", "ECS deployment completed.")
    after(SETTLE_SECONDS, done)


def finish(deployment, status, reason):
    deployment.update(status=status, finishedAt=time.time(), updatedAt=time.time())
    if reason:
        deployment["statusReason"] = reason


def tell_deployment(deployment, event, reason):
    put_event("aws.ecs", "ECS Deployment State Change", {
        "eventType": "ERROR" if event.endswith("FAILED") else "INFO", "eventName": event,
        "deploymentId": "ecs-svc/" + deployment["targetServiceRevision"]["arn"].rpartition("/")[2],
        "updatedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "reason": reason,
    }, [deployment["serviceArn"]])


def service_of(answer):
    return ecs._services[json.loads(answer[2])["service"]["serviceArn"].split(":service/")[1]]


@wrapped(ecs, "_create_service")
def create_service(original, data):
    answer = original(data)
    if answer[0] < 400:
        begin_deployment(service_of(answer))
    return answer


@wrapped(ecs, "_update_service")
def update_service(original, data):
    answer = original(data)
    if answer[0] < 400 and (data.get("forceNewDeployment") or "taskDefinition" in data or "loadBalancers" in data):
        begin_deployment(service_of(answer))
    return answer


def waiting(original):
    """CloudFormation's create or update of a service is over when its deployment is."""
    def handler(*args):
        arn, attributes = original(*args)
        while (deployment := newest(arn))["status"] in ("PENDING", "IN_PROGRESS", "ROLLBACK_IN_PROGRESS"):
            time.sleep(0.05)
        if deployment["status"] not in ("SUCCESSFUL", "STOPPED"):
            if deployment["sourceServiceRevisions"] == []:  # a create, which leaves nothing behind
                ok(ecs._delete_service({"cluster": arn.split("/")[1], "service": arn, "force": True}))
            raise ValueError("Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.")
        return arn, attributes
    return handler


def newest(service_arn):
    return next(d for d in reversed(deployments.values()) if d["serviceArn"] == service_arn)


@wrapped(stacks, "_sends_back_failed_update")
def sends_back_failed_update(original, resource_type):
    return resource_type == "AWS::ECS::Service" or original(resource_type)


def list_service_deployments(data):
    service, wanted = data["service"].rpartition("/")[2], data.get("status")
    found = [d for d in deployments.values() if d["serviceArn"].endswith("/" + service) and (not wanted or d["status"] in wanted)]
    found = [{**{k: v for k, v in d.items() if k in BRIEF}, "targetServiceRevisionArn": d["targetServiceRevision"]["arn"]} for d in reversed(found)]
    return responses.json_response({"serviceDeployments": found[:int(data.get("maxResults", 20))]})


BRIEF = {"serviceDeploymentArn", "serviceArn", "clusterArn", "startedAt", "createdAt", "finishedAt", "status", "statusReason"}


def describe(key, store, missing="MISSING"):
    def action(data):
        arns = data[key + "Arns"]
        return responses.json_response({
            key + "s": [store[a] for a in arns if a in store],
            "failures": [{"arn": a, "reason": missing} for a in arns if a not in store],
        })
    return action


def stop_service_deployment(data):
    arn = data["serviceDeploymentArn"]
    if arn not in deployments:
        return responses.error_response_json("ServiceDeploymentNotFoundException", "Service deployment not found.", 400)
    if deployments[arn]["status"] not in ("PENDING", "IN_PROGRESS"):
        return responses.error_response_json("ConflictException", "The deployment can't be stopped any more.", 400)
    roll_back(arn, "Deployment stopped by the user.")
    return responses.json_response({"serviceDeploymentArn": arn})


def add_ecs_actions():
    handlers = provisioners._RESOURCE_HANDLERS["AWS::ECS::Service"]
    handlers.update(create=waiting(handlers["create"]), update=waiting(handlers["update"]))
    WORKER_TYPES.add("AWS::ECS::Service")
    ecs._ACTION_MAP.update({
        "CreateService": ecs._create_service,
        "UpdateService": ecs._update_service,
        "ListServiceDeployments": list_service_deployments,
        "DescribeServiceDeployments": describe("serviceDeployment", deployments),
        "DescribeServiceRevisions": describe("serviceRevision", revisions),
        "StopServiceDeployment": stop_service_deployment,
    })


def end_with_parent():
    """End when the one that started this, and holds the other end of its standard
    input, is gone, however it ended."""
    def watch():
        sys.stdin.read()
        os._exit(0)
    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    add_resource_types()
    add_ecs_actions()
    add_drift_readers()
    if "HOSTED_ZONE_ID" in os.environ:
        add_hosted_zone(os.environ["HOSTED_ZONE_ID"], os.environ["HOSTED_ZONE_NAME"])
    if "--end-with-parent" in sys.argv:
        sys.argv.remove("--end-with-parent")
        end_with_parent()
    app.main()
