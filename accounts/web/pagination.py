"""Lists by keyset: a page starts after the last row of the one before, however many rows came meanwhile.

A cursor is opaque and signed, and belongs to one query: another path, filter or ordering refuses it.
"""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _
from rest_framework.request import Request

from accounts.web.problems import Invalid, Refused, field_error

DEFAULT_LIMIT = 20
MAX_LIMIT = 100
MAX_CURSOR_BYTES = 512
PARAMETERS = frozenset({"cursor", "limit", "ordering"})
_signer = signing.Signer(salt="accounts.cursor")


@dataclass(frozen=True)
class Page:
    """One page of rows and the addresses of its neighbours (None at the ends)."""

    rows: list[Any]
    next: str | None
    previous: str | None

    def body(self, results: list[Any]) -> dict[str, Any]:
        return {"next": self.next, "previous": self.previous, "results": results}


@dataclass(frozen=True)
class _Position:
    """Where a page starts: after (or, backwards, before) the row with these values."""

    values: tuple[str, ...]
    backwards: bool


def page(request: Request, queryset: models.QuerySet, *, orderings: tuple[str, ...]) -> Page:
    """Cut one page out of `queryset`; one query.

    `orderings` is the allow-list of column names that are never NULL; the first is the default, `-` means
    descending by default. Raises Refused(`cursor_invalid`) and Invalid.
    """
    limit = _limit(request)
    chosen = _ordering(request, orderings)
    position = _position(request, chosen)
    columns = _columns(queryset.model, chosen)
    descending = chosen.startswith("-") != bool(position and position.backwards)
    if position:
        after = _after(queryset.model, columns, position.values, descending=descending)
        queryset = queryset.filter(after)
    sign = "-" if descending else ""
    rows = list(queryset.order_by(*(sign + column for column in columns))[: limit + 1])
    more, rows = len(rows) > limit, rows[:limit]
    if position and position.backwards:
        rows.reverse()
        return _linked(request, (chosen, columns), rows, has_next=True, has_previous=more)
    has_previous = position is not None
    return _linked(request, (chosen, columns), rows, has_next=more, has_previous=has_previous)


def _limit(request: Request) -> int:
    text = request.GET.get("limit", str(DEFAULT_LIMIT))
    if text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    message = _("A whole number from 1 to %(max)d.") % {"max": MAX_LIMIT}
    raise Invalid([field_error("limit", "limit_invalid", message, {"max": MAX_LIMIT})])


def _ordering(request: Request, orderings: tuple[str, ...]) -> str:
    chosen = request.GET.get("ordering", orderings[0])
    allowed = {name.removeprefix("-") for name in orderings}
    if chosen.removeprefix("-") not in allowed:
        message = _("One of: %(names)s") % {"names": ", ".join(sorted(allowed))}
        raise Invalid([field_error("ordering", "ordering_invalid", message)])
    return chosen


def _columns(model: type[models.Model], chosen: str) -> list[str]:
    """The chosen column, then the primary key, so that no two rows are equal.

    Of a key of several columns the list fixes the others, so the chosen one is enough.
    """
    column, key = chosen.removeprefix("-"), model._meta.pk
    alone = column in (key.attname, "pk") or isinstance(key, models.CompositePrimaryKey)
    return [column] if alone else [column, key.attname]


def _after(
    model: type[models.Model], columns: list[str], values: tuple[str, ...], *, descending: bool
) -> models.Q:
    """`(a, b) > (x, y)` in a form that both the planner's index scan and the ORM understand."""
    try:
        typed = [
            model._meta.get_field(column).to_python(value)  # type: ignore[union-attr]
            for column, value in zip(columns, values, strict=True)
        ]
    except (ValidationError, ValueError) as error:
        raise Refused("cursor_invalid") from error
    side = "lt" if descending else "gt"
    if len(columns) == 1:
        return models.Q(**{f"{columns[0]}__{side}": typed[0]})
    tie = models.Q(**{columns[0]: typed[0], f"{columns[1]}__{side}": typed[1]})
    return models.Q(**{f"{columns[0]}__{side}e": typed[0]}) & (
        models.Q(**{f"{columns[0]}__{side}": typed[0]}) | tie
    )


def _linked(
    request: Request,
    order: tuple[str, list[str]],
    rows: list[Any],
    *,
    has_next: bool,
    has_previous: bool,
) -> Page:
    return Page(
        rows,
        _link(request, order, rows[-1], backwards=False) if has_next and rows else None,
        _link(request, order, rows[0], backwards=True) if has_previous and rows else None,
    )


def _link(request: Request, order: tuple[str, list[str]], row: Any, *, backwards: bool) -> str:
    chosen, columns = order
    values = [
        _text(row[column] if isinstance(row, dict) else getattr(row, column)) for column in columns
    ]
    content = {"q": _query(request, chosen), "v": values, "b": int(backwards)}
    kept = [(name, value) for name, value in _filters(request) if name != "cursor"]
    return f"{request.path}?{urlencode([*kept, ('cursor', _signer.sign_object(content))])}"


def _position(request: Request, chosen: str) -> _Position | None:
    cursor = request.GET.get("cursor")
    if cursor is None:
        return None
    if len(cursor) > MAX_CURSOR_BYTES:
        raise Refused("cursor_invalid")
    try:
        content = _signer.unsign_object(cursor)
    except (signing.BadSignature, ValueError) as error:
        raise Refused("cursor_invalid") from error
    if content["q"] != _query(request, chosen):
        raise Refused("cursor_invalid")
    return _Position(tuple(content["v"]), bool(content["b"]))


def _query(request: Request, chosen: str) -> str:
    """Names the list a cursor walks: the path, the filters and the ordering, but not the page's size."""
    parts = sorted(pair for pair in _filters(request) if pair[0] not in PARAMETERS)
    text = f"{request.path}?{urlencode(parts)}#{chosen}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _filters(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, values in request.GET.lists() for value in values]


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, (date, datetime)) else str(value)
