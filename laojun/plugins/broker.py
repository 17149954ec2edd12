"""What a plugin gets to see: the parts of a payload that it has permission for, and none besides.

In a hook's input schema `x-permission` names the permission that a property asks for. A property that the schema
does not name reaches nobody, so that a new field of a payload is closed until somebody decides about it.
"""

from collections.abc import Mapping, Set
from typing import Any

PERMISSION = "x-permission"
Schema = Mapping[str, Any]


def strip(schema: Schema, payload: Any, granted: Set[str]) -> Any:
    """A copy of `payload` without what `granted` does not cover."""
    if isinstance(payload, Mapping) and "properties" in schema:
        return {
            name: strip(inner, payload[name], granted)
            for name, inner in schema["properties"].items()
            if name in payload and _may_see(inner, granted)
        }
    if isinstance(payload, list) and "items" in schema:
        return [strip(schema["items"], item, granted) for item in payload]
    return payload


def permissions(schema: Schema) -> frozenset[str]:
    """Every permission that some part of a payload asks for."""
    found = {schema[PERMISSION]} if PERMISSION in schema else set()
    for inner in schema.get("properties", {}).values():
        found |= permissions(inner)
    if "items" in schema:
        found |= permissions(schema["items"])
    return frozenset(found)


def _may_see(schema: Schema, granted: Set[str]) -> bool:
    return PERMISSION not in schema or schema[PERMISSION] in granted
