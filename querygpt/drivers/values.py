"""Cells as JSON without loss: what JSON cannot hold travels as text, and what text cannot say is an object.

Shapes: null, true, false, a number (an integer up to 2^53, a finite float), text (longer integers, decimals, dates
and times in ISO 8601, JSON documents), a list (an array), or one of
`{"float": "nan" | "inf" | "-inf"}`, `{"bytes": length, "hex": first 64 bytes}`,
`{"text": …, "cut": characters in all}`, `{"text": …, "invalid": true}` for bytes that were no UTF-8.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

MAX_EXACT = 2**53
MAX_CELL_BYTES = 1024 * 1024
SHOWN_BYTES = 64
MAX_LIST = 10_000


class Text(str):
    """Text whose bytes were no UTF-8: what could not be read is replaced."""

    __slots__ = ()


def decoded(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return Text(raw.decode(errors="replace"))


def encoded(value: Any) -> Any:
    """One cell as JSON, of the shapes above."""
    if value is None or value is True or value is False:
        return value
    for kinds, write in WRITERS:
        if isinstance(value, kinds):
            return write(value)
    return _text(str(value))


def unique(names: Iterable[str]) -> Iterator[str]:
    """Names of columns, each once: a second `id` is called `id_2`. A nameless one is `column_n`."""
    given = [name or f"column_{place}" for place, name in enumerate(names, start=1)]
    taken = set(given)
    seen: set[str] = set()
    for name in given:
        chosen, number = name, 2
        while chosen in seen or (chosen != name and chosen in taken):
            chosen = f"{name}_{number}"
            number += 1
        seen.add(chosen)
        yield chosen


def _text(value: str) -> Any:
    if len(value) * 4 > MAX_CELL_BYTES:
        raw = value.encode(errors="surrogatepass")
        if len(raw) > MAX_CELL_BYTES:
            shown = raw[:MAX_CELL_BYTES].decode(errors="ignore")
            return {"text": shown, "cut": len(value)}
    if isinstance(value, Text):
        return {"text": str(value), "invalid": True}
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        clean = value.encode(errors="replace").decode()
        return {"text": clean, "invalid": True}
    return value


def _integer(value: int) -> int | str:
    return value if -MAX_EXACT <= value <= MAX_EXACT else str(value)


def _float(value: float) -> Any:
    return value if math.isfinite(value) else {"float": str(value)}


def _decimal(value: Decimal) -> Any:
    return str(value) if value.is_finite() else _float(float(value))


def _binary(value: bytes) -> dict[str, Any]:
    raw = bytes(value)
    return {"bytes": len(raw), "hex": raw[:SHOWN_BYTES].hex()}


WRITERS: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (str, _text),
    (int, _integer),
    (float, _float),
    (Decimal, _decimal),
    ((bytes, bytearray, memoryview), _binary),
    ((datetime, date, time), lambda value: value.isoformat()),
    ((list, tuple), lambda value: [encoded(one) for one in value[:MAX_LIST]]),
)
