"""Bodies with vectors: many numbers, which are counted and not walked through, and replies without serializers."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import orjson
from django.http import HttpResponse
from rest_framework.exceptions import ParseError

from accounts.web import parsing
from accounts.web.parsing import JsonParser
from accounts.web.problems import Invalid, Refused, field_error
from taishang.vectors.queries import QueryInvalid

MAX_UPSERT_BYTES = 16 * 1024 * 1024
MAX_UPSERT_VALUES = 2_000_000
MAX_QUERY_VALUES = 20_000
# Where lists of numbers stand; what is in them is judged with the row.
VECTORS = frozenset({"vector"})


class VectorParser(JsonParser):
    """JSON whose vectors are counted by their length. A view names `max_json_bytes` and `max_values`."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        context = parser_context or {}
        view: Any = context["view"]
        raw = stream.read(view.max_json_bytes + 1)
        if len(raw) > view.max_json_bytes:
            raise Refused("body_too_large", members={"max_bytes": view.max_json_bytes})
        context["request"].raw_body = raw
        try:
            value = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError from error
        _check(value, view.max_values)
        return value


def _check(value: Any, most: int) -> None:
    """Refuse bodies of too many values or levels. Raises Refused."""
    count = 0
    levels = [iter((value,))]
    while levels:
        item = next(levels[-1], levels)
        if item is levels:
            levels.pop()
            continue
        count += len(item) if isinstance(item, _Numbers) else 1
        if count > most or len(levels) > parsing.MAX_DEPTH:
            raise Refused("body_too_deep")
        if isinstance(item, dict | list):
            levels.append(_children(item))


class _Numbers(tuple):
    """A vector: counted, not entered."""

    __slots__ = ()


def _children(item: dict[str, Any] | list[Any]) -> Iterator[Any]:
    if isinstance(item, list):
        return iter(item)
    return (
        _Numbers(inner) if key in VECTORS and isinstance(inner, list) else inner
        for key, inner in item.items()
    )


def answer(body: Any, status: int = HTTPStatus.OK) -> HttpResponse:
    return HttpResponse(parsing.dump(body), status=status, content_type="application/json")


def invalid(error: QueryInvalid) -> Invalid:
    return Invalid([field_error(*fault) for fault in error.faults])


def an_object(body: Any, allowed: frozenset[str]) -> dict[str, Any]:
    """The body as an object of known fields. Raises Invalid."""
    if not isinstance(body, dict):
        raise Invalid([field_error("", "invalid", "Send an object.")])
    unknown = [
        field_error(f"/{name[:100]}", "unknown_field", "This operation takes no such field.")
        for name in body.keys() - allowed
    ]
    if unknown:
        raise Invalid(unknown, code="unknown_field")
    return body
