"""EC2: addresses with their quota, NAT gateways, flow logs and security group rules."""

import uuid

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

from .cloudformation import resource
from .core import ok

# That of a new account: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
ADDRESS_QUOTA = 5


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
    request = {
        "ResourceId.1": properties["ResourceId"],
        "ResourceType": properties["ResourceType"],
        "TrafficType": properties["TrafficType"],
        "LogGroupName": properties.get("LogGroupName", ""),
    }
    ok(ec2._create_flow_logs(request))
    log = list(ec2._flow_logs)[-1]
    return log, {"Id": log}


def delete_flow_log(physical_id, properties):
    ec2._flow_logs.pop(physical_id, None)


def group_rule(direction):
    """Create and delete of a security group rule that is a resource of its own."""
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


resource("AWS::EC2::EIP", create_address, delete_address)
resource("AWS::EC2::NatGateway", create_nat_gateway, delete_nat_gateway)
resource("AWS::EC2::FlowLog", create_flow_log, delete_flow_log)
resource("AWS::EC2::SecurityGroupIngress", *group_rule("Ingress"))
resource("AWS::EC2::SecurityGroupEgress", *group_rule("Egress"))
# The CDK's own helper is a Node function that needs the AWS SDK of the Lambda
# runtime: its work is done here.
resource("Custom::VpcRestrictDefaultSG", close_default_group)
