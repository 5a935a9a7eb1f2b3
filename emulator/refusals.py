"""Resources that CloudFormation can't create for a reason outside of the stack, such as a quota.

A test names them in a file of JSON, {resource type: reason}, whose path is in
EMULATOR_REFUSALS. It is read at every create, so that a reason can come and go.
"""

import json
import os

from ministack.services.cloudformation import provisioners

from .cloudformation import check


def refuse(type_name):
    def create(*arguments):
        path = os.environ["EMULATOR_REFUSALS"]
        if os.path.exists(path):
            with open(path) as file:
                reason = json.load(file).get(type_name)
            if reason:
                raise ValueError(reason)

    return create


if "EMULATOR_REFUSALS" in os.environ:
    for name in list(provisioners._RESOURCE_HANDLERS):
        if "create" in provisioners._RESOURCE_HANDLERS[name]:
            check(name, create=refuse(name))
