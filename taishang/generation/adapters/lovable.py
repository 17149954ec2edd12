"""Exports of Lovable."""

from __future__ import annotations

from taishang.generation.adapters.base import (
    Marker,
    SourceAdapter,
    marker,
    matching,
    no_facts,
    no_roots,
    package_named,
)
from taishang.generation.ir import Export


def detect(export: Export) -> list[Marker]:
    """The tool's own folder, its tagger among the dependencies, the starter's name, a README link."""
    inside = [
        file
        for file in export.files
        if file.path.startswith(".lovable/") or "/.lovable/" in file.path
    ]
    found = [marker(inside[0], 5)] if inside else []
    found += matching(export, r'"lovable-tagger"', 5, "package.json")
    found += package_named(export, 4, "vite_react_shadcn_ts")
    return found + matching(export, r"https://(www\.)?lovable\.(dev|app)", 2, "README.md")


ADAPTER = SourceAdapter("lovable_adapter", "1", "lovable", detect, no_roots, no_facts)
