"""Plugins whose code is part of the platform: declared by the app that ships them, bound to a committed list of digests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accounts.registry import Store


@dataclass(frozen=True)
class Builtin:
    """A plugin that comes with the platform.

    `manifest` has the fields of a package's manifest but `files`; with `default_on` it works in every workspace
    until somebody switches it off. `files` are its code, below the project's root; their digests stand under the
    slug in the JSON file `digests` of the app. `run` names what answers each hook.
    """

    slug: str
    manifest: Mapping[str, Any]
    files: tuple[str, ...]
    digests: Path
    run: Mapping[str, Callable[..., Any]] = field(default_factory=dict)


builtins: Store[Builtin] = Store("plugin_builtins")
