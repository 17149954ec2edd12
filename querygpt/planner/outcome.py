"""What planning ends in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["sql", "clarify", "abstain", "refuse", "schema"]


@dataclass
class Outcome:
    """`sql` and `plan` for kind "sql"; `question` and `options` [{label, plan}] for "clarify"; else `reason`.

    `chart_hint`: number, line, bar, pie or table. `confidence`: 0–1, the mean score of the links.
    """

    kind: Kind
    sql: str = ""
    plan: dict[str, Any] = field(default_factory=dict)
    assumptions: list[str] = field(default_factory=list)
    question: str = ""
    options: list[dict[str, Any]] = field(default_factory=list)
    reason: str = ""
    chart_hint: str | None = None
    confidence: float = 0.0
