"""Whether a principal may do something, and IAM's text when it may not."""

from ministack.core.responses import get_account_id, get_region

from . import policies, record
from .evaluator import evaluate
from .principals import Service


class RefusedError(Exception):
    """IAM refuses a call, with the text that AWS has for it."""

    def __init__(self, principal, action, resource, denied_by=None):
        self.action, self.resource, self.denied_by = action, resource, denied_by
        kind = denied_by or ("resource" if isinstance(principal, Service) else "identity")
        reason = f"because no {kind}-based policy allows the {action} action"
        if denied_by:
            reason = f"with an explicit deny in {'an' if kind == 'identity' else 'a'} {kind}-based policy"
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
        super().__init__(
            f"User: {principal.arn} is not authorized to perform: {action} on resource: {resource} {reason}"
        )


def require(principal, action, resource, context=None):
    """Raise RefusedError unless IAM allows the call."""
    owned = [] if isinstance(principal, Service) else policies.of_role(principal.role)
    if policy := policies.of_resource(resource):
        owned.append(policy)
    _decide(principal, action, resource, {**principal.context(), **(context or {})}, owned)


def require_trust(principal, role_arn, action="sts:AssumeRole", context=None):
    """Raise RefusedError unless the trust policy of a role allows a principal to assume it."""
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
    answer = evaluate({**request, "identity": identity, **({"resourcePolicy": attached} if attached else {})})
    allowed = answer["result"] == "Allowed"
    record.called(request, [(p.owners, p.document, p.kind) for p in owned], allowed)
    if not allowed:
        raise RefusedError(principal, action, resource, answer.get("deniedBy"))
