"""Requests to this server's APIs, authorized before they are answered."""

import asyncio
import json
import urllib.parse

from ministack import app
from ministack.core.iam_actions import SERVICE_TO_IAM_NAMESPACE, access_denied_response
from ministack.core.router import extract_access_key_id

from ..core import wrapped
from . import principals
from .access import RefusedError, require
from .actions import required


@wrapped(app, "_dispatch_service_request")
async def dispatch(original, method, path, headers, body, query_params, request_id):
    key = extract_access_key_id(headers, query_params)
    principal = principals.of_access_key(key)
    principals.current.set(principal)
    parameters = app._routing_params(method, path, headers, body, query_params)
    service = app.detect_service(method, path, headers, parameters)
    if not principal and not principals.is_administrator(key) and not is_unsigned(service, body):
        text = "The security token included in the request is invalid"
        return access_denied_response(service, "", "", request_id, error_code=INVALID, message=text, headers=headers)
    if principal:
        # The evaluator is another process: this one answers others meanwhile.
        refusal = await asyncio.to_thread(authorize, principal, service, method, path, headers, body, request_id)
        if refusal:
            return refusal
    return await original(method, path, headers, body, query_params, request_id)


INVALID = "InvalidClientTokenId"


def is_unsigned(service, body):
    """Whether AWS takes a call from who has no credentials yet."""
    return service == "sts" and body.startswith(b"Action=AssumeRoleWith")


def authorize(principal, service, method, path, headers, body, request_id):
    """The response to a call that IAM refuses, or None."""
    operation, call = parse(headers, body)
    prefix = SERVICE_TO_IAM_NAMESPACE.get(service, service)
    name = f"{prefix}:{operation}" if operation else f"{prefix}:{method} {path}"
    try:
        for requirement in required(name, call):
            require(principal, requirement.action, requirement.resource, requirement.context)
    except RefusedError as refusal:
        # CloudWatch Logs' shape is made from these, any other from the message.
        shape = {"resource_arn": refusal.resource, "explicit_deny": refusal.denied_by is not None}
        return access_denied_response(
            service, refusal.action, principal.arn, request_id, message=str(refusal), headers=headers, **shape
        )
    except LookupError as missing:
        return access_denied_response(service, name, principal.arn, request_id, message=str(missing), headers=headers)


def parse(headers, body):
    """The operation of a request and its parameters, for the protocols whose operation is
    in the request itself; an empty one for REST."""
    target = headers.get("x-amz-target", "")
    if target:
        return target.rpartition(".")[2], json.loads(body or b"{}")
    if "x-www-form-urlencoded" in headers.get("content-type", ""):
        call = dict(urllib.parse.parse_qsl(body.decode()))
        return call.get("Action", ""), call
    return "", {}
