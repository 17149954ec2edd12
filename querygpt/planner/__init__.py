"""Questions in Chinese or English → plans → SQL, by rules alone: the same question has the same answer.

The parser and the dictionaries load on first use.
"""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import Any

from querygpt.catalogue import Catalogue, Dialect
from querygpt.planner.outcome import Outcome

__all__ = ["Outcome", "plan", "render", "warm"]


def plan(
    *,
    question: str,
    language: str,
    catalogue: Catalogue,
    dialect: Dialect,
    today: date,
    previous: dict[str, Any] | None = None,
) -> Outcome:
    """What a question asks of a database. `previous`: the stored plan of the answer before it.

    All texts are in `language` ("zh" or "en"). Units: ≤ 300 ms for 20 tables.
    """
    planning = import_module("querygpt.planner.planning")
    found: Outcome = planning.plan(
        question=question,
        language=language,
        catalogue=catalogue,
        dialect=dialect,
        today=today,
        previous=previous,
    )
    return found


def render(made: dict[str, Any], *, dialect: Dialect, catalogue: Catalogue) -> str:
    """The SQL of a stored plan, as for an option that somebody chose."""
    rendering = import_module("querygpt.planner.rendering")
    sql: str = rendering.render(made, dialect=dialect, catalogue=catalogue)[0]
    return sql


def warm() -> None:
    """Load the parser, the lexicon and the dictionaries, so that the first question is no slower than the next."""
    known = Catalogue.from_dict({"tables": {"orders": {"id": "int", "amount": "decimal"}}})
    for language, question in (("zh", "訂單金額前五"), ("en", "top 5 orders by amount")):
        plan(
            question=question,
            language=language,
            catalogue=known,
            dialect="sqlite",
            today=date(2025, 1, 1),
        )
