"""Print as JSON what an account has, as far as AWS's own lists tell.

AWS_ENDPOINT_URL leads to the emulator. Stacks are left out: a deleted one stays
in the list.
"""

import json

import botocore.session
import jmespath

LISTS = {
    "acm": {"list_certificates": "CertificateSummaryList[].CertificateArn"},
    "cloudwatch": {
        "describe_alarms": "MetricAlarms[].AlarmName",
        "list_dashboards": "DashboardEntries[].DashboardName",
    },
    "ec2": {
        "describe_addresses": "Addresses[].AllocationId",
        "describe_flow_logs": "FlowLogs[].FlowLogId",
        "describe_internet_gateways": "InternetGateways[].InternetGatewayId",
        "describe_nat_gateways": "NatGateways[?State!='deleted'].NatGatewayId",
        "describe_network_interfaces": "NetworkInterfaces[].NetworkInterfaceId",
        "describe_route_tables": "RouteTables[].RouteTableId",
        "describe_security_groups": "SecurityGroups[].GroupId",
        "describe_subnets": "Subnets[].SubnetId",
        "describe_vpc_endpoints": "VpcEndpoints[].VpcEndpointId",
        "describe_vpcs": "Vpcs[].VpcId",
    },
    "ecr": {"describe_repositories": "repositories[].repositoryName"},
    "ecs": {
        "list_clusters": "clusterArns",
        "list_task_definitions": "taskDefinitionArns",
    },
    "elbv2": {
        "describe_load_balancers": "LoadBalancers[].LoadBalancerArn",
        "describe_target_groups": "TargetGroups[].TargetGroupArn",
    },
    "events": {"list_rules": "Rules[].Name"},
    "iam": {
        "list_policies": "Policies[?!starts_with(Arn, 'arn:aws:iam::aws:')].Arn",
        "list_roles": "Roles[].RoleName",
    },
    "lambda": {"list_functions": "Functions[].FunctionName"},
    "logs": {"describe_log_groups": "logGroups[].logGroupName"},
    "rds": {
        "describe_db_cluster_parameter_groups": "DBClusterParameterGroups[].DBClusterParameterGroupName",
        "describe_db_cluster_snapshots": "DBClusterSnapshots[].DBClusterSnapshotIdentifier",
        "describe_db_clusters": "DBClusters[].DBClusterIdentifier",
        "describe_db_instances": "DBInstances[].DBInstanceIdentifier",
        "describe_db_subnet_groups": "DBSubnetGroups[].DBSubnetGroupName",
    },
    "s3": {"list_buckets": "Buckets[].Name"},
    "secretsmanager": {"list_secrets": "SecretList[].Name"},
    "sns": {"list_topics": "Topics[].TopicArn", "list_subscriptions": "Subscriptions[].SubscriptionArn"},
    "sqs": {"list_queues": "QueueUrls"},
    "ssm": {"describe_parameters": "Parameters[].Name"},
}
# Those that want arguments.
REGIONAL = ("wafv2", "list_web_acls", "WebACLs[].Name", {"Scope": "REGIONAL"})
ZONES = ("route53", "list_hosted_zones", "HostedZones[].Id", {})
RECORDS = ("route53", "list_resource_record_sets", "ResourceRecordSets[].join(' ', [Type, Name])")


def found(service, operation, names, arguments):
    client = botocore.session.get_session().create_client(service)
    if client.can_paginate(operation):
        pages = client.get_paginator(operation).paginate(**arguments)
    else:
        pages = [getattr(client, operation)(**arguments)]
    return sorted(name for page in pages for name in jmespath.search(names, page) or [])


def inventory():
    lists = [(service, operation, names, {}) for service, operations in LISTS.items() for operation, names in operations.items()]
    account = {f"{l[0]}:{l[1]}": found(*l) for l in [*lists, REGIONAL, ZONES]}
    for zone in account["route53:list_hosted_zones"]:
        account[zone] = found(*RECORDS, {"HostedZoneId": zone})
    return {name: members for name, members in account.items() if members}


print(json.dumps(inventory(), indent=1))
