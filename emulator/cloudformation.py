"""CloudFormation: resource types that MiniStack lacks, deletes that AWS refuses, and roll-backs."""

import contextvars
import uuid

from ministack.services.cloudformation import drift, engine, helpers, provisioners, stacks
from ministack.services.cloudformation import handlers as actions

from .core import lacks, wrapped

WORKER_TYPES = set()  # types that wait for something that this server does
REFUSABLE = set()  # types whose delete may be refused


def nothing(physical_id, properties):
    """Delete of a type that leaves nothing behind."""


def resource(type_name, create, delete=nothing):
    """Register a type whose every change replaces the resource."""

    def update(physical_id, old, new, stack_name, logical_id):
        delete(physical_id, old)
        return create(logical_id, new, stack_name)

    provisioners._RESOURCE_HANDLERS.setdefault(
        type_name, {"create": create, "update": update, "update_with_logical_id": True, "delete": delete}
    )


def only_recorded(logical_id, properties, stack_name):
    """Create of a type that nothing in the emulator acts on."""
    return f"{stack_name}-{logical_id}-{uuid.uuid4().hex[:8]}", {}


def handlers(type_name):
    """The create, update and delete of a type that MiniStack has."""
    if type_name not in provisioners._RESOURCE_HANDLERS:
        lacks(f"handler of {type_name}")
    return provisioners._RESOURCE_HANDLERS[type_name]


def check(type_name, **checks):
    """Let functions raise an error before a type's create, update or delete, with the same arguments."""
    if "delete" in checks:
        REFUSABLE.add(type_name)
    for name, refuse in checks.items():
        handlers(type_name)[name] = checked(handlers(type_name)[name], refuse)


def checked(original, refuse):
    def handler(*arguments):
        refuse(*arguments)
        return original(*arguments)

    return handler


def refusal(message, service, status=400, code="GeneralServiceException"):
    """The error of a resource handler whose request the service refused, worded as on AWS."""
    return ValueError(
        f'Resource handler returned message: "{helpers._sdk_error(message, service, status)}"'
        f" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {code})"
    )


def read_drift(type_name, reader, keys):
    """Let `cdk drift` compare some properties of a type with what is there."""
    drift._DRIFT_READERS[type_name] = (reader, frozenset(keys))


@wrapped(stacks, "_runs_on_worker_thread")
def runs_on_worker_thread(original, resource_type):
    return resource_type in WORKER_TYPES or original(resource_type)


@wrapped(stacks, "_topological_sort")
def creation_order(original, resources, conditions):
    """CloudFormation creates at the same time what does not depend on each other, MiniStack one by one.

    What may be refused to be deleted comes as early as it can, so that it exists by the
    time when something that it does not depend on fails.
    """
    order = original(resources, conditions)
    active, placed = set(order), {}

    def place(name):
        for dependency in sorted(engine._extract_deps(resources[name], active), key=order.index):
            if dependency not in placed and dependency != name:
                place(dependency)
        placed[name] = True

    for first in (True, False):
        for name in order:
            if name not in placed and (resources[name].get("Type") in REFUSABLE) is first:
                place(name)
    return list(placed)


# The template of the operation that is being rolled back, by physical id.
rolling_back = contextvars.ContextVar("rolling_back", default=None)


@wrapped(stacks, "_roll_back_operation")
async def roll_back_operation(original, stack_name, stack_id, stack, operation, reason_override=""):
    """Keep what could not be deleted, which a later delete of the stack tries again.

    That delete follows the template's deletion policies, which retain there what
    RetainExceptOnCreate deletes in the rollback itself.
    """
    before = dict(stack.get("_resources", {}))
    definitions = (operation.get("template") or {}).get("Resources", {})
    rolling_back.set({r["PhysicalResourceId"]: definitions.get(logical_id) for logical_id, r in before.items()})
    try:
        await original(stack_name, stack_id, stack, operation, reason_override)
    finally:
        rolling_back.set(None)
    if stack["StackStatus"] == "ROLLBACK_FAILED":
        stack["_template"] = operation.get("template") or {}
        for logical_id in stack["_rollback_failed"]:
            stack["_resources"][logical_id] = {**before[logical_id], "ResourceStatus": "DELETE_FAILED"}


@wrapped(stacks, "_delete_resource")
def delete_resource(original, resource_type, physical_id, properties, stack_name=None, logical_id=None):
    """A roll-back deletes under the same DeletionPolicy as anything else, so Snapshot takes one.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
    names RetainExceptOnCreate as the one policy that makes an exception of it.
    """
    definition = (rolling_back.get() or {}).get(physical_id)
    if definition and definition.get("DeletionPolicy", default_policy(definition)) == "Snapshot":
        stacks._snapshot_resource(resource_type, physical_id, properties)
    return original(resource_type, physical_id, properties, stack_name, logical_id)


def default_policy(definition):
    return stacks._default_resource_policy(definition, "DeletionPolicy")


actions._roll_back_operation = stacks._roll_back_operation
