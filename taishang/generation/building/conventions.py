"""Read the conventions of the whole wire out of the calls: prefix, slashes, casing, lists, errors."""

from __future__ import annotations

from collections import Counter
from typing import Literal

from taishang.generation.building.operations import Operation
from taishang.generation.building.paths import DEFAULT_PREFIX, common_prefix
from taishang.generation.ir import EntitySpec, Inventory, ProjectSpec

DEV_PORTS = {
    "next": [3000],
    "next-app": [3000],
    "next-pages": [3000],
    "react-vite": [5173, 4173, 8080],
    "vite": [5173, 4173, 8080],
    "expo": [8081, 19006],
    "react-native": [8081],
    "create-react-app": [3000],
    "vue": [5173],
    "nuxt": [3000],
    "svelte": [5173],
    "sveltekit": [5173],
    "angular": [4200],
    "astro": [4321],
}
_DEFAULT_PORTS = [3000, 5173, 8080]
_ERROR_KEYS = ("detail", "message", "error", "msg", "errors", "title")
_LIST_SHAPES: dict[str, Literal["bare", "results", "data", "items"]] = {
    "": "bare",
    "results": "results",
    "data": "data",
    "items": "items",
}


def prefix_of(operations: list[Operation]) -> str:
    """The shared prefix of the calls; `/api` when the export has none of its own to go by."""
    if not operations:
        return DEFAULT_PREFIX
    return common_prefix(operation.call.path for operation in operations)


def project_spec(
    *,
    name: str,
    prefix: str,
    operations: list[Operation],
    entities: list[EntitySpec],
    inventory: Inventory,
) -> ProjectSpec:
    calls = [operation.call for operation in operations]
    slashed = sum(call.path.endswith("/") for call in calls)
    list_at = _most_common([call.reads.list_at for call in calls if call.reads.list_at is not None])
    envelope = _most_common([call.reads.envelope for call in calls if call.reads.envelope])
    errors = [key for call in calls for key in call.reads.error_keys if key in _ERROR_KEYS]
    return ProjectSpec(
        name=name,
        prefix=prefix,
        trailing_slash=slashed * 2 >= len(calls),
        casing=_casing(entities),
        list_shape=_LIST_SHAPES.get(list_at, "custom") if list_at is not None else "bare",
        list_key=list_at or None,
        envelope=envelope if envelope and _is_shared(envelope, operations) else None,
        error_key=_most_common(errors) or "detail",
        framework=inventory.framework,
        dev_origins=_dev_origins(inventory.framework),
    )


def _most_common(values: list[str] | list[str | None]) -> str | None:
    counts = Counter(value for value in values if value is not None)
    return min(counts, key=lambda value: (-counts[value], value)) if counts else None


def _is_shared(envelope: str, operations: list[Operation]) -> bool:
    read = [
        operation
        for operation in operations
        if operation.call.reads.keys or operation.call.reads.envelope
    ]
    return sum(operation.call.reads.envelope == envelope for operation in read) * 2 > len(read)


def _casing(entities: list[EntitySpec]) -> Literal["snake", "camel", "mixed"]:
    wires = [item.wire_name for entity in entities for item in entity.members]
    snake = sum("_" in wire.strip("_") for wire in wires)
    camel = sum(wire[:1].islower() and wire != wire.lower() for wire in wires)
    if snake and camel and min(snake, camel) * 5 > max(snake, camel):
        return "mixed"
    return "camel" if camel > snake else "snake"


def _dev_origins(framework: str) -> list[str]:
    ports = next(
        (DEV_PORTS[key] for key in sorted(DEV_PORTS) if framework.lower() == key), _DEFAULT_PORTS
    )
    return [f"http://{host}:{port}" for port in ports for host in ("localhost", "127.0.0.1")]
