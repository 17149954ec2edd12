"""Exports of Retool: a folder of `.rsx` files, or one JSON file with the app's state."""

from __future__ import annotations

from taishang.generation.adapters.base import (
    Marker,
    SourceAdapter,
    files_ending,
    marker,
    no_facts,
    no_roots,
    present,
)
from taishang.generation.ir import Export


def detect(export: Export) -> list[Marker]:
    """The app's main files, the positions beside them, or the embedded state of a JSON export."""
    found = present(export, 5, "main.rsx", "functions.rsx")
    positions, metadata = (
        next(files_ending(export, name), None) for name in (".positions.json", "metadata.json")
    )
    if positions is not None and metadata is not None:
        found.append(marker(positions, 3))
    for file in export.files:
        text = file.text or ""
        if file.path.endswith(".json") and '"appState"' in text and '"page"' in text:
            found.append(marker(file, 5, '"appState"'))
            break
    return found


ADAPTER = SourceAdapter("retool_adapter", "1", "retool", detect, no_roots, no_facts)
