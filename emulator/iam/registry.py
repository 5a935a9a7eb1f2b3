"""The registry protocol: a token acts for who asked ECR for it."""

import asyncio
import base64
import json
import secrets

from ministack import app
from ministack.services import ecr

from ..core import wrapped
from . import principals
from .access import RefusedError, require
from .actions import required_of_registry

_principals = {}  # by token


@wrapped(ecr, "_get_authorization_token")
def get_authorization_token(original, data):
    status, headers, body = original(data)
    answer = json.loads(body)
    token = secrets.token_urlsafe(24)
    _principals[token] = principals.current.get()
    encoded = base64.b64encode(f"AWS:{token}".encode()).decode()
    answer["authorizationData"][0]["authorizationToken"] = encoded
    return status, headers, json.dumps(answer).encode()


@wrapped(app, "_handle_ecr_registry_request")
async def handle_registry_request(original, method, path, headers, body, query_params):
    if app._is_ecr_registry_path(path):
        refusal = await asyncio.to_thread(authorize, method, path, headers)
        if refusal:
            return refusal
    return await original(method, path, headers, body, query_params)


def authorize(method, path, headers):
    """The response to a request that ECR refuses, or None."""
    token = token_of(headers.get("authorization", ""))
    if token not in _principals:
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry_auth.html
        challenge = 'Basic realm="https://ecr.amazonaws.com/",service="ecr.amazonaws.com"'
        return 401, {"Content-Type": "text/plain", "WWW-Authenticate": challenge}, b"Not Authorized\n"
    verb, name, _ = ecr._parse_v2_path(path) or ("path", path, "")
    try:
        for requirement in required_of_registry(method, verb, name) if _principals[token] else []:
            require(_principals[token], requirement.action, requirement.resource)
    except (RefusedError, LookupError) as refusal:
        error = {"errors": [{"code": "DENIED", "message": str(refusal)}]}
        return 403, {"Content-Type": "application/json"}, json.dumps(error).encode()


def token_of(authorization):
    scheme, _, encoded = authorization.partition(" ")
    if scheme != "Basic":
        return None
    return base64.b64decode(encoded).decode().partition(":")[2]
