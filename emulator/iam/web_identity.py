"""STS: a workflow's token, whose claims the role's trust policy judges.

The token is not verified: who made it is the business of the provider that the account
knows, and here it is the test.
"""

import base64
import contextvars
import dataclasses
import json
import urllib.parse

from ministack import app
from ministack.core.iam_actions import access_denied_response
from ministack.core.responses import get_account_id
from ministack.services import sts

from ..core import wrapped
from . import principals
from .access import RefusedError, require_trust

ASSUME = "sts:AssumeRoleWithWebIdentity"


@dataclasses.dataclass(frozen=True)
class WebIdentity:
    issuer: str
    claims: tuple

    @property
    def arn(self):
        return f"arn:aws:iam::{get_account_id()}:oidc-provider/{self.issuer}"

    def context(self):
        return {f"{self.issuer}:{claim}": value for claim, value in self.claims}


def identity_of(token):
    payload = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    issuer = claims["iss"].partition("://")[2]
    return WebIdentity(issuer, tuple((k, v) for k, v in claims.items() if isinstance(v, str)))


_assuming = contextvars.ContextVar("assuming", default=False)


@wrapped(app, "_dispatch_service_request")
async def dispatch(original, method, path, headers, body, query_params, request_id):
    call = dict(urllib.parse.parse_qsl(body.decode())) if body.startswith(b"Action=AssumeRoleWithWebIdentity&") else {}
    if call:
        try:
            require_trust(identity_of(call["WebIdentityToken"]), call["RoleArn"], ASSUME)
        except RefusedError:
            # AWS says no more: https://repost.aws/knowledge-center/iam-sts-invalididentitytoken
            text = f"Not authorized to perform {ASSUME}"
            return access_denied_response("sts", ASSUME, "", request_id, message=text, headers=headers)
        _assuming.set(True)
    return await original(method, path, headers, body, query_params, request_id)


@wrapped(sts, "register_session")
def register_session(original, access_key, session):
    original(access_key, session)
    if _assuming.get():
        role, name = session["Arn"].split("/")[-2:]
        principals.register(access_key, principals.Session(role, name))
