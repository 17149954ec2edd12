"""Made-up payloads, so that a plugin can be tried without showing it anybody's data."""

from collections.abc import Mapping
from typing import Any

from laojun.plugins import events, points
from laojun.plugins.hooks import hooks

PLAIN = {"string": "sample", "integer": 1, "number": 1.5, "boolean": True, "null": None}


def payload(hook: str, event: str = "") -> dict[str, Any]:
    """What a test call of a hook carries: for an event sink, what stands in the outbox for such an event."""
    if hook == points.EVENT_SINK.name:
        return {"subject": "sample/1", "data": of_schema(events.types[event].data_schema)}
    return dict(of_schema(hooks[hook].input_schema))


def first_event(permissions: list[str]) -> str:
    """A type of event that a plugin with these permissions hears of; empty when there is none."""
    return next((key for key, kind in events.types.items() if kind.permission in permissions), "")


def of_schema(schema: Mapping[str, Any]) -> Any:
    """A small value that fits a schema; `examples` of the schema are taken where it has any."""
    if schema.get("examples"):
        return schema["examples"][0]
    for exact in ("const", "default"):
        if exact in schema:
            return schema[exact]
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return {name: of_schema(inner) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [of_schema(schema["items"])] if "items" in schema else []
    return PLAIN[kind]
