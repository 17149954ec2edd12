"""The parts of a filter, and the limits of one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

MAX_DEPTH = 8
MAX_NODES = 64
MAX_VALUES = 1_000
MAX_BYTES = 64 * 1024
MAX_KEYS = 8
MAX_KEY_CHARACTERS = 64
MAX_INTEGER = 2**53

# Every text this accepts is a moment to Python and to PostgreSQL alike, so the cast to timestamptz cannot raise.
# Without a time it is midnight UTC; without an offset a time is no instant.
INSTANT = (
    r"([1-9][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    r"|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|1[0-9]|2[0-8]))"
    r"|([1-9][0-9](0[48]|[2468][048]|[13579][26])|([2468][048]|[13579][26])00)-02-29)"
    r"(T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9]))?"
)
DATE_CHARACTERS = 10
_instant = re.compile(INSTANT)

Scalar = str | int | float | bool


class Source(StrEnum):
    """Where a field's value stands."""

    PAYLOAD = "payload"
    EXTERNAL_ID = "external_id"
    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


SPECIAL = {
    "$id": Source.EXTERNAL_ID,
    "$created_at": Source.CREATED_AT,
    "$updated_at": Source.UPDATED_AT,
}
MOMENTS = frozenset({Source.CREATED_AT, Source.UPDATED_AT})


@dataclass(frozen=True)
class Field:
    """A column or a path of object keys in the payload; `as_instants` = texts are ordered as moments."""

    source: Source
    path: tuple[str, ...] = ()
    as_instants: bool = False


@dataclass(frozen=True)
class Test:
    """One condition. `value` has been checked for `op`: a scalar, a list of them, or a bool."""

    field: Field
    op: str
    value: Any


@dataclass(frozen=True)
class And:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Or:
    parts: tuple["Node", ...]


@dataclass(frozen=True)
class Not:
    part: "Node"


Node = Test | And | Or | Not


@dataclass(frozen=True)
class Row:
    """What a filter may ask of a row; the payload is parsed JSON."""

    external_id: str
    payload: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime


def instant(text: str) -> datetime | None:
    """The moment a text names in the one accepted form, or None."""
    if not _instant.fullmatch(text):
        return None
    if len(text) == DATE_CHARACTERS:
        text += "T00:00:00Z"
    return datetime.fromisoformat(text)


def number(value: object) -> Decimal | None:
    """The exact value that JSON would write for a number, or None. A bool is no number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return Decimal(value) if isinstance(value, int) else Decimal(repr(value))
