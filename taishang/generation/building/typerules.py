"""Decide the type of a field from its name, its declared types and its samples."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from taishang.generation.building.words import vocabulary, words
from taishang.generation.ir import Shape, TypeName

_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}\.[^\s@.]{2,24}")
_URL = re.compile(r"https?://\S{3,2000}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATETIME = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:?\d{2})?"
)
_TIME = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?")

MONEY = vocabulary(
    "price cost amount total subtotal fee salary balance budget revenue income tax discount payment deposit "
    "wage payroll profit spend spent earnings expense wallet refund fare rent payout credit debit pnl cents "
    "mrr arr"
)
NOT_MONEY = vocabulary(
    "count number pages items users tasks orders days hours minutes rate type method"
)
WHOLE = vocabulary(
    "count quantity qty age year month day days hours minutes seconds index order position rank level number "
    "stock views likes votes reps sets steps page pages size capacity floor version port priority points xp "
    "stars limit length bedrooms bathrooms guests attempts streak followers following comments"
)
FRACTION = vocabulary(
    "rate ratio weight height distance lat lng lon latitude longitude temperature percent percentage score "
    "average avg mean fraction probability speed volume radius km kg rating gpa bmi width depth confidence"
)
LONG = vocabulary(
    "description content body bio notes note message comment text summary details instructions about excerpt "
    "overview feedback remarks reason story prompt answer paragraph biography requirements"
)
LINK = vocabulary("url uri link website homepage href")
PICTURE = vocabulary("image avatar photo picture thumbnail cover logo banner poster")
PREDICATES = ("is", "has", "can", "should", "was", "allow", "enable")
ADJECTIVES = vocabulary(
    "active enabled disabled completed done verified published archived deleted featured read favorite "
    "favourite pinned checked visible hidden locked approved available public private starred paid liked "
    "bookmarked saved online"
)

GENERIC = frozenset({"unknown", "null", "text", "float"})
_NUMBERS: Sequence[TypeName] = ("integer", "big_integer", "decimal", "float")
_TEXTS: Sequence[TypeName] = ("slug", "email", "url", "text", "long_text")


def from_sample(sample: Any) -> TypeName | None:
    """The type that one literal shows, or None when it shows nothing."""
    if isinstance(sample, bool):
        return "boolean"
    if isinstance(sample, int):
        return "integer" if abs(sample) < 2**31 else "big_integer"
    if isinstance(sample, float):
        return "float"
    if isinstance(sample, (list, dict)):
        return "json"
    return _from_text(sample) if isinstance(sample, str) and sample else None


def _from_text(sample: str) -> TypeName:
    patterns: tuple[tuple[re.Pattern[str], TypeName], ...] = (
        (_UUID, "uuid"),
        (_DATETIME, "datetime"),
        (_DATE, "date"),
        (_TIME, "time"),
        (_EMAIL, "email"),
        (_URL, "url"),
    )
    for pattern, kind in patterns:
        if pattern.fullmatch(sample[:2_100]):
            return kind
    return "long_text" if len(sample) > 255 or "\n" in sample else "text"


def from_text_name(name: str) -> TypeName:
    """The type of a text field by its name alone; "text" when the name says nothing."""
    parts = words(name)
    last = parts[-1] if parts else ""
    if "email" in parts or "mail" in parts:
        return "email" if last in ("email", "mail", "address") else "text"
    if last in LINK or (last in PICTURE and len(parts) <= 3):
        return "url"
    moment = _moment(parts)
    if moment is not None:
        return moment
    if last in LONG:
        return "long_text"
    return "slug" if last == "slug" else "text"


def _moment(parts: list[str]) -> TypeName | None:
    last = parts[-1] if parts else ""
    if last in ("timestamp", "datetime") or (last == "at" and len(parts) > 1):
        return "datetime"
    if (
        last == "time"
        and len(parts) > 1
        and parts[-2] in ("start", "end", "created", "updated", "date")
    ):
        return "datetime"
    if last in ("date", "deadline", "birthday", "dob", "birthdate") or parts[-2:] == ["date", "of"]:
        return "date"
    return "date" if parts[:3] == ["date", "of", "birth"] else None


def from_number_name(name: str) -> TypeName:
    """The type of a number by its name: money, a measure, or a whole number."""
    parts = words(name)
    last = parts[-1] if parts else ""
    if last in WHOLE:
        return "integer"
    if MONEY & set(parts) and last not in NOT_MONEY:
        return "decimal"
    return "float" if FRACTION & set(parts) else "integer"


def from_bare_name(name: str) -> TypeName:
    """The type of a field of which only the name is known."""
    parts = words(name)
    last = parts[-1] if parts else ""
    if (len(parts) > 1 and parts[0] in PREDICATES) or last in ADJECTIVES:
        return "boolean"
    if last in WHOLE and last not in (
        "comments",
        "likes",
        "followers",
        "following",
        "number",
        "level",
        "priority",
    ):
        return "integer"
    if last in MONEY:
        return "decimal"
    return from_text_name(name)


def decide(name: str, shapes: Iterable[Shape]) -> tuple[TypeName, bool]:
    """The type of the field `name` seen as `shapes`, and whether they contradict each other.

    A specific type outweighs a bare `string` or `number`; those are refined by samples, then by the name.
    References must be resolved before.
    """
    found = list(shapes)
    declared = [shape.type for shape in found]
    specific = [_scalar(kind) for kind in declared if kind not in GENERIC]
    samples = [kind for kind in (from_sample(shape.sample) for shape in found) if kind is not None]
    if specific:
        kind, conflict = widen(specific)
        return _refined(kind, name, samples), conflict
    if "text" in declared and "float" in declared:
        return "text", True
    if "text" in declared:
        return _text_type(name, samples), False
    if "float" in declared:
        return _number_type(name, samples), False
    if samples:
        kind, conflict = widen(samples)
        return (
            _number_type(name, samples) if kind in _NUMBERS else _text_or(kind, name, samples)
        ), conflict
    return from_bare_name(name), False


def _scalar(kind: str) -> TypeName:
    return "json" if kind in ("object", "array", "reference") else kind  # type: ignore[return-value]


def _refined(kind: TypeName, name: str, samples: list[TypeName]) -> TypeName:
    if kind == "datetime" and "date" in samples and "datetime" not in samples:
        return "date"
    if kind == "integer" and from_number_name(name) == "decimal":
        return "decimal"
    return kind


def _text_or(kind: TypeName, name: str, samples: list[TypeName]) -> TypeName:
    return _text_type(name, samples) if kind in _TEXTS else kind


def _text_type(name: str, samples: list[TypeName]) -> TypeName:
    by_name = from_text_name(name)
    texts = [kind for kind in samples if kind not in ("json", "boolean", *_NUMBERS)]
    if not texts:
        return by_name
    seen, _ = widen(texts)
    if seen in ("text", "long_text"):
        return "long_text" if by_name == "long_text" else seen
    return by_name if by_name == "long_text" and seen not in ("url", "email") else seen


def _number_type(name: str, samples: list[TypeName]) -> TypeName:
    by_name = from_number_name(name)
    if by_name == "decimal":
        return by_name
    numbers = [kind for kind in samples if kind in _NUMBERS]
    if "float" in numbers:
        return "float"
    if "big_integer" in numbers:
        return "big_integer"
    return "integer" if numbers and by_name != "float" else by_name


def widen(kinds: Sequence[TypeName]) -> tuple[TypeName, bool]:
    """The narrowest type that holds all of `kinds`, and whether that loses meaning."""
    distinct = sorted(set(kinds))
    if len(distinct) == 1:
        return distinct[0], False
    if all(kind in _NUMBERS for kind in distinct):
        return max(distinct, key=_NUMBERS.index), False
    if set(distinct) <= {"date", "datetime"}:
        return "datetime", False
    if set(distinct) <= {"choice", *_TEXTS}:
        return ("choice" if "choice" in distinct else max(distinct, key=_TEXTS.index)), False
    if "file" in distinct and set(distinct) <= {"file", "url", "text"}:
        return "file", False
    if set(distinct) <= {"uuid", "integer", "big_integer", "text", "slug"}:
        return "text", True
    return ("json" if "json" in distinct else "text"), True
