"""Who makes a call: the session of a role, or a service of AWS."""

import contextvars
import dataclasses
import secrets

from ministack.core.responses import get_account_id
from ministack.services import iam, sts

# Whose request this server answers. None is the account's administrator.
current = contextvars.ContextVar("principal", default=None)


@dataclasses.dataclass(frozen=True)
class Session:
    """The session of a role."""

    role: str
    name: str

    @property
    def arn(self):
        return f"arn:aws:sts::{get_account_id()}:assumed-role/{self.role}/{self.name}"

    def context(self):
        return {
            "aws:PrincipalArn": iam._roles[self.role]["Arn"],
            "aws:PrincipalAccount": get_account_id(),
            "aws:PrincipalType": "AssumedRole",
        }


@dataclasses.dataclass(frozen=True)
class Service:
    """A service of AWS, on behalf of a resource of this account."""

    arn: str  # as policies name it, such as events.amazonaws.com
    source: str = ""  # the ARN of that resource

    def context(self):
        source = {"aws:SourceArn": self.source, "aws:SourceAccount": get_account_id()} if self.source else {}
        return {"aws:PrincipalIsAWSService": "true", "aws:PrincipalServiceName": self.arn, **source}


_sessions = {}  # by access key


def open_session(role_arn, name):
    """Credentials of a role's session, as environment variables."""
    session = Session(role_arn.rpartition("/")[2], name)
    for key, known in _sessions.items():
        if known == session:
            return _variables(key)
    key = "ASIA" + secrets.token_hex(8).upper()
    register(key, session)
    sts.register_session(
        key,
        {"Arn": session.arn, "UserId": f"{session.role}:{name}", "SecretAccessKey": "secret", "SessionToken": key},
    )
    return _variables(key)


def register(access_key, session):
    _sessions[access_key] = session


def _variables(key):
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": key}


def of_access_key(access_key):
    return _sessions.get(access_key)


def is_administrator(access_key):
    """Whether it is the account's own key, or that of a session which it has opened, as the
    CDK does for its roles."""
    return access_key == ADMINISTRATOR or access_key in sts._sessions


ADMINISTRATOR = "test"
