"""Exports of Bolt."""

from __future__ import annotations

from taishang.generation.adapters.base import (
    Marker,
    SourceAdapter,
    no_facts,
    no_roots,
    package_named,
    present,
)
from taishang.generation.ir import Export

STARTERS = (
    "vite-react-typescript-starter",
    "nextjs-starter",
    "bolt-expo-starter",
    "vite-react-starter",
)


def detect(export: Export) -> list[Marker]:
    """The tool's own folder, or the name its starter leaves in the package."""
    found = present(export, 5, ".bolt/config.json") + present(export, 4, ".bolt/prompt")
    return found + package_named(export, 3, *STARTERS)


ADAPTER = SourceAdapter("bolt_adapter", "1", "bolt", detect, no_roots, no_facts)
