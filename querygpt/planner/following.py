"""A question that continues the one before: it patches the stored plan, or it is a new question."""

from __future__ import annotations

from datetime import date
from typing import Any

from querygpt.planner.facts import Facts

Plan = dict[str, Any]


def patch(*, question: str, plan: Plan, facts: Facts, today: date, language: str) -> Plan | None:
    """The changed plan; None if the question stands alone."""
    return None
