"""Use as a table for spreadsheets: a line for each day, person and model."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from accounts.models import User
from laojun.chain.exporting import safe_cell
from taishang.models import Model, ModelCall, UsageDay

MAX_ROWS = 100_000
COLUMNS = (
    "day",
    "person",
    "model",
    "requests",
    "input_tokens",
    "output_tokens",
    "cost",
    "unknown_cost_calls",
)
CALL_COLUMNS = (
    "id",
    "created_at",
    "workspace_id",
    "user_id",
    "model_id",
    "asked_for",
    "purpose",
    "status",
    "error_class",
    "input_tokens",
    "output_tokens",
    "cost",
    "usage_source",
    "first_token_at",
    "duration_ms",
    "trace_id",
)
BYTE_ORDER_MARK = "\ufeff"


class TooManyRows(Exception):
    """More lines than one export holds."""

    code = "export_too_large"


def as_csv(rows: Iterable[UsageDay]) -> bytes:
    """UTF-8 with a mark that spreadsheets need. Raises TooManyRows."""
    days = list(rows)
    if sum(len(day.by_model) for day in days) > MAX_ROWS:
        raise TooManyRows
    written = io.StringIO()
    written.write(BYTE_ORDER_MARK)
    table = csv.writer(written)
    table.writerow(COLUMNS)
    table.writerows([safe_cell(cell) for cell in line] for line in _lines(days))
    return written.getvalue().encode()


def calls_as_csv(calls: Iterable[ModelCall]) -> bytes:
    """A line for each call with what it used, never what was said. Raises TooManyRows."""
    rows = list(calls)
    if len(rows) > MAX_ROWS:
        raise TooManyRows
    written = io.StringIO()
    written.write(BYTE_ORDER_MARK)
    table = csv.writer(written)
    table.writerow(CALL_COLUMNS)
    table.writerows([safe_cell(getattr(call, name)) for name in CALL_COLUMNS] for call in rows)
    return written.getvalue().encode()


def _lines(days: list[UsageDay]) -> Iterator[list[Any]]:
    people = dict(
        User.objects.filter(pk__in={day.user_id for day in days if day.user_id}).values_list(
            "pk", "username"
        )
    )
    wanted = {key for day in days for key in day.by_model}
    models = {str(model.pk): str(model) for model in Model.objects.filter(pk__in=wanted)}
    for day in days:
        for key, part in day.by_model.items():
            yield [
                day.stat_date.isoformat(),
                people.get(day.user_id, ""),
                models.get(key, key),
                part["requests"],
                part["input_tokens"],
                part["output_tokens"],
                part["cost"],
                part["unknown_cost_calls"],
            ]
