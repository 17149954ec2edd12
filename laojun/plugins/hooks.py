"""The places where a plugin is asked: each with its schemas, what it may see, and how long it may take."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from accounts.registry import Store


@dataclass(frozen=True)
class HookPoint:
    """A place where plugins are asked. A hook nobody calls is not declared.

    `permissions` are those a plugin on this hook can ask for; `mode` is `sync` (an answer is awaited) or `async`
    (told, and told again until it answers). Units: seconds, bytes. Schemas are JSON Schema 2020-12.
    """

    name: str
    version: int
    permissions: frozenset[str]
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    mode: str
    deadline_s: float
    max_in: int
    max_out: int
    label: Any


hooks: Store[HookPoint] = Store("plugin_hooks")
