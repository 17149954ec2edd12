"""How much a statement may hold and answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Policy:
    """`max_rows` bounds the LIMIT that is set (one row more, so that a cut shows); the others bound the text:
    bytes, nesting, nodes of the tree, items of one list, words besides constants, and signs outside of literals.
    """

    max_rows: int = 1_000
    max_bytes: int = 32_768
    max_depth: int = 64
    max_nodes: int = 20_000
    max_items: int = 5_000
    max_words: int = 5_000
    max_signs: int = 12_000
