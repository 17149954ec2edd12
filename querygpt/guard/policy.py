"""How much a statement may hold and answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """`max_rows` bounds the LIMIT that is set (one row more, so that a cut shows); the others bound the text."""

    max_rows: int = 1_000
    max_bytes: int = 32_768
    max_depth: int = 64
    max_nodes: int = 20_000
    max_items: int = 5_000
    max_tokens: int = 10_000
