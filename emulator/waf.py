"""WAF: associations and logging of web ACLs."""

from ministack.services import cloudwatch_logs, waf

from .cloudformation import resource


def associate_acl(logical_id, properties, stack_name):
    waf._associations[properties["ResourceArn"]] = properties["WebACLArn"]
    return properties["ResourceArn"] + "|" + properties["WebACLArn"], {}


def disassociate_acl(physical_id, properties):
    waf._associations.pop(properties["ResourceArn"], None)


def log_acl(logical_id, properties, stack_name):
    """WAF restricts where it logs to: https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html"""
    for arn in properties["LogDestinationConfigs"]:
        name = arn.partition(":log-group:")[2]
        if not name.startswith("aws-waf-logs-") or name not in cloudwatch_logs._log_groups:
            raise ValueError(
                "The ARN isn't valid. A valid ARN begins with arn: and includes other information separated by colons "
                f"or slashes., field: LOG_DESTINATION, parameter: {arn}"
            )
    return properties["ResourceArn"], {}


resource("AWS::WAFv2::WebACLAssociation", associate_acl, disassociate_acl)
resource("AWS::WAFv2::LoggingConfiguration", log_acl)
