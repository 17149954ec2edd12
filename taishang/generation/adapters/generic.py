"""Exports of no known tool: nothing is particular, every extractor works all the same."""

from __future__ import annotations

from taishang.generation.adapters.base import Marker, SourceAdapter, no_facts, no_roots
from taishang.generation.ir import Export


def detect(_export: Export) -> list[Marker]:
    """No marker: this adapter takes what no other claims."""
    return []


ADAPTER = SourceAdapter("generic_adapter", "1", "unknown", detect, no_roots, no_facts)
