"""Exports of v0."""

from __future__ import annotations

from taishang.generation.adapters.base import (
    Marker,
    SourceAdapter,
    matching,
    no_facts,
    no_roots,
    package_named,
)
from taishang.generation.ir import Export

LAYOUTS = ("layout.tsx", "layout.jsx", "layout.js", "_document.tsx", "_app.tsx")


def detect(export: Export) -> list[Marker]:
    """The generator named in the page's metadata, the starter's package name, a link in the README."""
    found = matching(export, r"generator\s*:\s*['\"]v0\.(app|dev)", 5, *LAYOUTS)
    found += package_named(export, 4, "my-v0-project")
    return found + matching(export, r"https://(www\.)?v0\.(app|dev)", 2, "README.md")


ADAPTER = SourceAdapter("v0_adapter", "1", "v0", detect, no_roots, no_facts)
