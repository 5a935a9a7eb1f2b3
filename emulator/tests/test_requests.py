"""Requests through a load balancer to the tasks of a service."""

import collections

import pytest

from .account import eventually, message, refused

UNAVAILABLE = "503 Service Temporarily Unavailable"


class Service:
    """A service of two tasks behind a load balancer, with an image under the tag live."""

    def __init__(self, account, path="/health", labels=None):
        self.account, self.elb, self.ecs = account, account.aws("elbv2"), account.aws("ecs")
        name = account.name
        account.repository()
        self.digest = account.push("live", labels)
        made = self.elb.create_load_balancer(Name=name)["LoadBalancers"][0]
        self.balancer, self.host = made["LoadBalancerArn"], made["DNSName"]
        self.group = self.target_group("first", path)
        forward = [{"Type": "forward", "TargetGroupArn": self.group}]
        listener = self.elb.create_listener(
            LoadBalancerArn=self.balancer, Protocol="HTTP", Port=80, DefaultActions=forward
        )
        self.listener = listener["Listeners"][0]["ListenerArn"]
        self.ecs.create_cluster(clusterName=name)
        account.aws("logs").create_log_group(logGroupName=name)
        self.define(80)

    def target_group(self, name, path):
        found = self.elb.create_target_group(
            Name=f"{self.account.name}-{name}", Protocol="HTTP", Port=80, TargetType="ip", HealthCheckPath=path
        )
        return found["TargetGroups"][0]["TargetGroupArn"]

    def define(self, port):
        name, self.port = self.account.name, port
        logs = {"awslogs-group": name, "awslogs-stream-prefix": "api", "awslogs-region": "ap-southeast-2"}
        container = {
            "name": "api",
            "image": f"000000000000.dkr.ecr.ap-southeast-2.amazonaws.com/{name}:live",
            "portMappings": [{"containerPort": port}],
            "logConfiguration": {"logDriver": "awslogs", "options": logs},
        }
        self.ecs.register_task_definition(family=name, networkMode="awsvpc", containerDefinitions=[container])

    def balancers(self, group=None):
        return [{"targetGroupArn": group or self.group, "containerName": "api", "containerPort": self.port}]

    def create(self, group=None):
        name = self.account.name
        self.ecs.create_service(
            cluster=name, serviceName=name, taskDefinition=name, desiredCount=2, loadBalancers=self.balancers(group)
        )
        return self.deployed()

    def update(self, **arguments):
        self.ecs.update_service(cluster=self.account.name, service=self.account.name, **arguments)

    def deployed(self):
        """The newest deployment once it is over."""
        over = ("SUCCESSFUL", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED")
        return eventually(lambda: self.newest()["status"] in over and self.newest())

    def newest(self):
        arguments = {"cluster": self.account.name, "service": self.account.name}
        return self.ecs.list_service_deployments(**arguments)["serviceDeployments"][0]

    def get(self, path="/", host=None):
        return self.account.http("GET", path, headers={"Host": host or self.host})

    def statuses(self, path="/", count=20):
        return set(collections.Counter(self.get(path)[0] for _ in range(count)))

    def statuses_while_deploying(self):
        """Those of requests that were answered before the newest deployment was over."""
        seen = set()
        while True:
            status, _ = self.get()
            if self.newest()["status"] != "IN_PROGRESS":
                return seen
            seen.add(status)

    def health(self, group=None):
        found = self.elb.describe_target_health(TargetGroupArn=group or self.group)["TargetHealthDescriptions"]
        return [(t["Target"]["Port"], t["TargetHealth"]["State"]) for t in found]


@pytest.fixture
def service(account):
    return Service(account)


def test_a_listener_with_an_empty_group_answers_503(service):
    status, body = service.get()
    assert status == 503
    assert UNAVAILABLE in body.decode()


def test_requests_reach_the_tasks_of_a_service(service):
    service.create()
    assert service.get() == (200, service.digest.encode())
    assert service.health() == [(80, "healthy")] * 2


def test_a_group_stays_empty_until_the_tasks_of_a_deployment_are_healthy(service):
    name = service.account.name
    service.ecs.create_service(
        cluster=name, serviceName=name, taskDefinition=name, desiredCount=2, loadBalancers=service.balancers()
    )
    assert service.statuses_while_deploying() == {503}
    assert service.statuses() == {200}


def test_a_release_replaces_the_targets_without_a_gap(service):
    service.create()
    newer = service.account.push("live", salt="newer")
    service.update(forceNewDeployment=True)
    seen = collections.Counter()

    def sent():
        status, body = service.get()
        seen[status] += 1
        return body.decode() == newer

    eventually(sent)
    assert set(seen) == {200}
    assert len(service.health()) == 2


def test_another_port_in_the_same_group_leaves_no_gap(service):
    service.create()
    service.define(8080)
    service.update(taskDefinition=service.account.name, loadBalancers=service.balancers())
    seen = collections.Counter()

    def sent():
        seen[service.get()[0]] += 1
        return service.health() == [(8080, "healthy")] * 2

    eventually(sent)
    assert set(seen) == {200}


def test_another_group_is_empty_until_its_tasks_are_healthy(service):
    service.create()
    other = service.target_group("second", "/health")
    forward = [{"Type": "forward", "TargetGroupArn": other}]
    service.elb.modify_listener(ListenerArn=service.listener, DefaultActions=forward)
    assert service.statuses() == {503}
    service.update(loadBalancers=service.balancers(other))
    assert service.statuses_while_deploying() == {503}
    assert service.statuses() == {200}
    assert service.health() == []


def test_a_service_that_is_scaled_has_a_target_a_task(service):
    service.create()
    service.update(desiredCount=3)
    assert len(service.health()) == 3
    service.update(desiredCount=0)
    assert service.get()[0] == 503


def test_a_service_outlives_its_target_group(service):
    service.create()
    fixed = [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}]
    service.elb.modify_listener(ListenerArn=service.listener, DefaultActions=fixed)
    service.elb.delete_target_group(TargetGroupArn=service.group)
    service.update(desiredCount=3)
    service.update(forceNewDeployment=True)
    assert service.deployed()["status"] == "SUCCESSFUL"
    assert service.get()[0] == 404


def test_a_service_that_is_deleted_leaves_no_targets(service):
    service.create()
    service.ecs.delete_service(cluster=service.account.name, service=service.account.name, force=True)
    assert service.health() == []
    assert service.get()[0] == 503


def test_a_service_of_the_same_name_does_not_go_back_to_what_a_deleted_one_ran(service):
    service.create()
    service.ecs.delete_service(cluster=service.account.name, service=service.account.name, force=True)
    service.account.push("live", {"cloudstruct.emulator.fails": "no database"})
    assert service.create()["status"] == "ROLLBACK_FAILED"
    assert service.get()[0] == 503


def test_a_deployment_whose_tasks_never_get_healthy_is_rolled_back(service):
    service.create()
    before = service.health()
    service.account.push("live", {"cloudstruct.emulator.health": "/elsewhere,/other"}, salt="sick")
    service.update(forceNewDeployment=True)
    assert service.deployed()["status"] == "ROLLBACK_SUCCESSFUL"
    assert (service.health(), service.get()) == (before, (200, service.digest.encode()))
    stopped = service.ecs.list_tasks(cluster=service.account.name, desiredStatus="STOPPED")["taskArns"]
    tasks = service.ecs.describe_tasks(cluster=service.account.name, tasks=stopped)["tasks"]
    assert f"Task failed ELB health checks in (target-group {service.group})" in [t["stoppedReason"] for t in tasks]


def test_a_deployment_that_is_stopped_leaves_the_tasks_before_it(service):
    service.create()
    service.account.push("live", salt="newer")
    service.update(forceNewDeployment=True)
    service.ecs.stop_service_deployment(serviceDeploymentArn=service.newest()["serviceDeploymentArn"])
    assert service.deployed()["status"] == "ROLLBACK_SUCCESSFUL"
    assert {service.get()[1] for _ in range(10)} == {service.digest.encode()}


def test_a_first_deployment_whose_tasks_never_get_healthy_fails(account):
    service = Service(account, labels={"cloudstruct.emulator.health": "/elsewhere"})
    assert service.create()["status"] == "ROLLBACK_FAILED"
    assert service.health() == []


def test_a_group_whose_targets_are_all_unhealthy_fails_open(account):
    service = Service(account, labels={"cloudstruct.emulator.health": "/health, /ready"})
    service.create()
    service.elb.modify_target_group(TargetGroupArn=service.group, HealthCheckPath="/wrong")
    assert service.health() == [(80, "unhealthy")] * 2
    assert service.statuses() == {200}
    service.elb.modify_target_group(TargetGroupArn=service.group, HealthCheckPath="/ready")
    assert service.health() == [(80, "healthy")] * 2


def test_unhealthy_targets_get_no_requests_while_others_are_healthy(account):
    service = Service(account, labels={"cloudstruct.emulator.health": "/health"})
    service.create()
    both = service.account.push("live", {"cloudstruct.emulator.health": "/health,/ready"})
    other = Other(service)
    service.elb.modify_target_group(TargetGroupArn=service.group, HealthCheckPath="/ready")
    assert sorted(service.health()) == [(80, "healthy")] * 2 + [(80, "unhealthy")] * 2
    assert {service.get()[1].decode() for _ in range(20)} == {both}
    other.delete()
    assert service.get() == (200, service.digest.encode())


class Other:
    """A second service in the same group."""

    def __init__(self, service):
        self.service, self.name = service, service.account.name
        self.ecs = service.ecs
        self.ecs.create_service(
            cluster=self.name,
            serviceName="other",
            taskDefinition=self.name,
            desiredCount=2,
            loadBalancers=service.balancers(),
        )
        eventually(lambda: len(service.health()) == 4)

    def delete(self):
        self.ecs.delete_service(cluster=self.name, service="other", force=True)


def test_weights_decide_between_groups(service):
    service.create()
    empty = service.target_group("empty", "/")
    for weights, wanted in (((100, 0), {200}), ((0, 100), {503}), ((50, 50), {200, 503})):
        groups = [
            {"TargetGroupArn": arn, "Weight": weight}
            for arn, weight in zip((service.group, empty), weights, strict=True)
        ]
        forward = [{"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}]
        service.elb.modify_listener(ListenerArn=service.listener, DefaultActions=forward)
        assert service.statuses(count=60) == wanted


def test_a_group_without_a_listener_is_unused_and_no_service_s(service):
    lone = service.target_group("lone", "/")
    with refused("InvalidParameterException") as error:
        service.create(lone)
    wanted = f"The target group with targetGroupArn {lone} does not have an associated load balancer."
    assert message(error) == wanted
    service.create()
    with refused("InvalidParameterException") as error:
        service.update(loadBalancers=service.balancers(lone))
    assert message(error) == wanted
    service.elb.register_targets(TargetGroupArn=lone, Targets=[{"Id": "10.9.9.9", "Port": 80}])
    assert service.health(lone) == [(80, "unused")]


def test_a_target_is_its_address_and_its_port(service):
    address = "10.9.9.9"
    targets = [{"Id": address, "Port": port} for port in (80, 81)]
    service.elb.register_targets(TargetGroupArn=service.group, Targets=targets)
    assert service.health() == [(80, "healthy"), (81, "healthy")]
    service.elb.deregister_targets(TargetGroupArn=service.group, Targets=targets[:1])
    assert service.health() == [(81, "healthy")]
