"""Whether a principal may do something, and IAM's text when it may not."""

from ministack.core.responses import get_account_id, get_region

from . import policies, record
from .evaluator import evaluate
from .principals import Service


class Refused(Exception):
    """IAM refuses a call, with the text that AWS has for it."""

    def __init__(self, principal, action, resource, explicit=False):
        self.principal, self.action, self.resource, self.explicit = principal, action, resource, explicit
        super().__init__(self.text())

    def text(self):
        """https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"""
        kind = "resource" if isinstance(self.principal, Service) else "identity"
        because = f"because no {kind}-based policy allows the {self.action} action"
        if self.explicit:
            because = "with an explicit deny"
        return f"User: {self.principal.arn} is not authorized to perform: {self.action} on resource: {self.resource} {because}"


def require(principal, action, resource, context=None):
    """Raise Refused unless IAM allows the call."""
    owned = [] if isinstance(principal, Service) else policies.of_role(principal.role)
    if policy := policies.of_resource(resource):
        owned.append(policy)
    _decide(principal, action, resource, {**principal.context(), **(context or {})}, owned)


def require_trust(principal, role_arn, action="sts:AssumeRole", context=None):
    """Raise Refused unless the trust policy of a role allows a principal to assume it."""
    trust = policies.trust_of(role_arn.rpartition("/")[2])
    _decide(principal, action, role_arn, {**principal.context(), **(context or {})}, [trust])


def _decide(principal, action, resource, context, owned):
    request = {
        "principal": principal.arn,
        "action": action,
        "resource": resource,
        "account": get_account_id(),
        # Calls reach AWS over TLS, which the emulator does not speak.
        "context": {"aws:SecureTransport": "true", "aws:RequestedRegion": get_region(), **context},
    }
    identity = [p.document for p in owned if p.kind == "identity"]
    attached = next((p.document for p in owned if p.kind != "identity"), None)
    result = evaluate({**request, "identity": identity, **({"resourcePolicy": attached} if attached else {})})
    record.called(request, [(p.owners, p.document, p.kind) for p in owned], result == "Allowed")
    if result != "Allowed":
        raise Refused(principal, action, resource, result == "ExplicitlyDenied")
