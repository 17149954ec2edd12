"""What an answer keeps in `plan` beside its metadata: the plan itself, what was assumed, what it asks back, what left the house.

Shapes: `{plan: object|null, assumptions: [str], question: str, options: [{label, plan}], note: str,
reference_date: iso|null, disclosed: null | {model, tables, values, rounds, rows, was_cut, input_tokens, output_tokens,
cost}}`. No value of a row stands in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

MOST_OPTIONS = 4
MOST_ASSUMPTIONS = 12


def empty() -> dict[str, Any]:
    return {
        "plan": None,
        "assumptions": [],
        "question": "",
        "options": [],
        "note": "",
        "reference_date": None,
        "disclosed": None,
    }


def of(stored: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is stored, with every key."""
    return {**empty(), **(stored or {})}
