"""A container's secrets in the form of ECS's API, in which MiniStack has its variables."""

import functools

from ministack.services.cloudformation import provisioners


def normalize(original, definitions):
    normalized = original(definitions)
    for definition in normalized:
        if "secrets" in definition:
            definition["secrets"] = [{"name": s["Name"], "valueFrom": s["ValueFrom"]} for s in definition["secrets"]]
    return normalized


provisioners._normalize_container_defs = functools.partial(normalize, provisioners._normalize_container_defs)
