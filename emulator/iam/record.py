"""A record of what was evaluated, a line of JSON each, in the file that EMULATOR_IAM_RECORD names.

    statement  a policy statement that the template has
    policy     a policy that calls below were evaluated against, by its id
    call       who did what, on what, under which policies, and whether it was allowed

A statement's key is its text with the logical ids of the stack's resources for their
names: the same in every run.
"""

import hashlib
import json
import os
import threading

from ministack.services import cloudformation

_path = os.environ.get("EMULATOR_IAM_RECORD")
_lock = threading.Lock()
_known = set()  # ids of the policies that are in the file
_keys = {}  # of the statements that CloudFormation has written


def statements(document):
    """Those of a policy, of which a single one need not be in a list."""
    found = document["Statement"]
    return found if isinstance(found, list) else [found]


def written(stack, owner, document):
    """CloudFormation has written a policy."""
    for statement in statements(document):
        _write({"statement": {"stack": stack, "owner": owner, "key": _key(stack, statement)}})


def called(request, policies, allowed):
    """A call was evaluated against some policies: pairs of an owner and a document."""
    call = {**request, "policies": [_policy(*policy) for policy in policies], "allowed": allowed}
    _write({"call": call})


def _policy(owners, document, kind):
    """Write a policy once, and return its id."""
    keys = [_key(stack, s) for (stack, _), s in zip(owners, statements(document), strict=True)]
    policy = {"kind": kind, "owners": owners, "keys": keys, "document": document}
    text = json.dumps(policy, sort_keys=True)
    policy_id = hashlib.sha256(text.encode()).hexdigest()[:16]
    with _lock:
        new = policy_id not in _known
        _known.add(policy_id)
    if new:
        _write({"policy": {"id": policy_id, **policy}})
    return policy_id


def _key(stack, statement):
    """It is made when the statement is written, while the stack has what it names."""
    text = json.dumps({k: v for k, v in statement.items() if k != "Sid"}, sort_keys=True)
    if (stack, text) not in _keys:
        _keys[stack, text] = _named_by_template(stack, text)
    return _keys[stack, text]


def _named_by_template(stack, text):
    resources = cloudformation._stacks.get(stack, {}).get("_resources", {})
    names = {}
    for logical_id, found in resources.items():
        names.setdefault(found.get("PhysicalResourceId") or "", logical_id)
    for name in sorted(names, key=len, reverse=True):
        if len(name) > 3:
            text = text.replace(name, f"<{names[name]}>")
    return text


def _write(line):
    if _path:
        with _lock, open(_path, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
