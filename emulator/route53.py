"""Route 53 and Certificate Manager: the zone of the configured domain, and certificates that it validates."""

import os

from ministack.services import route53

from .cloudformation import handlers

CERTIFICATE = "AWS::CertificateManager::Certificate"


def check_certificate():
    """A certificate is validated by records in a zone that must exist."""
    original = handlers(CERTIFICATE)["create"]

    def create(logical_id, properties, stack_name):
        for option in properties.get("DomainValidationOptions", []):
            if option.get("HostedZoneId") not in route53._zones:
                raise ValueError(f"No hosted zone found with ID: {option.get('HostedZoneId')}")
        return original(logical_id, properties, stack_name)

    handlers(CERTIFICATE)["create"] = create


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


check_certificate()
if "HOSTED_ZONE_ID" in os.environ:
    add_hosted_zone(os.environ["HOSTED_ZONE_ID"], os.environ["HOSTED_ZONE_NAME"])
