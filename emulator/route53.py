"""Route 53 and Certificate Manager: the zone of the configured domain, its records, and certificates."""

import os

from ministack.services import route53
from ministack.services.cloudformation import provisioners

from .cloudformation import check, handlers, refusal
from .core import wrapped


@wrapped(provisioners, "_r53_record_set_create")
def create_record(original, logical_id, properties, stack_name):
    """CloudFormation adopts a record that is the same as the template's, and refuses any other that exists.

    https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/560
    """
    wanted = provisioners._r53_record_set_build_rs(properties)
    zone = provisioners._r53_resolve_hosted_zone_id(properties)
    for record in route53._records.get(zone, []):
        if route53._rs_key(record) != route53._rs_key(wanted):
            continue
        if record == wanted:
            return wanted["Name"], {"Name": wanted["Name"]}
        text = f"Tried to create resource record set [name='{wanted['Name']}', type='{wanted['Type']}']"
        raise refusal(f"[{text} but it already exists]", "Route53", code="InvalidRequest")
    return original(logical_id, properties, stack_name)


def refuse_unknown_zone(logical_id, properties, stack_name):
    """A certificate is validated by records in a zone that must exist."""
    for option in properties.get("DomainValidationOptions", []):
        if option.get("HostedZoneId") not in route53._zones:
            raise ValueError(f"No hosted zone found with ID: {option.get('HostedZoneId')}")


def add_hosted_zone(zone_id, name):
    """The zone of the configured domain, which exists before the first deploy."""
    name = route53._normalise_name(name)
    route53._zones[zone_id] = {
        "id": zone_id,
        "name": name,
        "caller_reference": zone_id,
        "comment": "",
        "private": False,
        "vpcs": [],
    }
    route53._records[zone_id] = route53._default_records(name)


handlers("AWS::Route53::RecordSet")["create"] = provisioners._r53_record_set_create
check("AWS::CertificateManager::Certificate", create=refuse_unknown_zone)
if "HOSTED_ZONE_ID" in os.environ:
    add_hosted_zone(os.environ["HOSTED_ZONE_ID"], os.environ["HOSTED_ZONE_NAME"])
