"""CloudFormation: resource types that MiniStack lacks, and deletes that AWS refuses."""

import uuid

from ministack.services.cloudformation import drift, provisioners, stacks

from .core import wrapped

WORKER_TYPES = set()  # types that wait for something that this server does


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
        raise SystemExit(f"MiniStack has no {type_name}, which the emulator changes")
    return provisioners._RESOURCE_HANDLERS[type_name]


def refuse_delete(type_name, reason):
    """Fail the delete of what AWS would not delete, for the reason that a function gives."""
    original = handlers(type_name)["delete"]

    def delete(physical_id, properties):
        if refusal := reason(physical_id):
            raise ValueError(refusal)
        original(physical_id, properties)

    handlers(type_name)["delete"] = delete


def read_drift(type_name, reader, keys):
    """Let `cdk drift` compare some properties of a type with what is there."""
    drift._DRIFT_READERS[type_name] = (reader, frozenset(keys))


@wrapped(stacks, "_runs_on_worker_thread")
def runs_on_worker_thread(original, resource_type):
    return resource_type in WORKER_TYPES or original(resource_type)
