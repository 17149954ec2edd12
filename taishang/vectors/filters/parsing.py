"""Turn the JSON of a filter into nodes, and name every fault by its JSON pointer."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from taishang.vectors.filters.grammar import (
    MAX_BYTES,
    MAX_DEPTH,
    MAX_INTEGER,
    MAX_KEY_CHARACTERS,
    MAX_KEYS,
    MAX_NODES,
    MAX_VALUES,
    MOMENTS,
    SPECIAL,
    And,
    Field,
    Node,
    Not,
    Or,
    Source,
    Test,
    instant,
)

MAX_FAULTS = 20
NOTHING = Field(Source.PAYLOAD)


@dataclass(frozen=True)
class Fault:
    """`pointer` leads from the filter's root to what is wrong (RFC 6901)."""

    pointer: str
    code: str
    detail: str


class FilterInvalid(Exception):
    """The filter cannot be understood; `faults` names every reason found (at most 20)."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(f"{fault.pointer or '/'}: {fault.detail}" for fault in faults))
        self.faults = faults


def parse(raw: object, types: Mapping[str, str] | None = None) -> Node | None:
    """The nodes of a filter; None asks for every row. `types` maps declared payload paths to their type.

    Raises FilterInvalid.
    """
    if raw is None:
        return None
    reader = _Reader(types or {})
    node = reader.node(raw, "", 1)
    if not reader.faults and _bytes(raw) > MAX_BYTES:
        reader.fault("", "filter_too_large", f"A filter has at most {MAX_BYTES // 1024} KB.")
    if node is None or reader.faults:
        raise FilterInvalid(reader.faults)
    return node


def _bytes(raw: object) -> int:
    return len(orjson.dumps(raw))


class _Reader:
    def __init__(self, types: Mapping[str, str]) -> None:
        self.types = types
        self.faults: list[Fault] = []
        self.nodes = 0

    def fault(self, pointer: str, code: str, detail: str) -> None:
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(pointer, code, detail))

    def node(self, raw: object, pointer: str, depth: int) -> Node | None:
        self.nodes += 1
        if depth > MAX_DEPTH or self.nodes > MAX_NODES:
            too_deep = depth > MAX_DEPTH
            what = f"{MAX_DEPTH} levels" if too_deep else f"{MAX_NODES} conditions"
            code = "filter_too_deep" if too_deep else "filter_too_long"
            self.fault(pointer, code, f"A filter has at most {what}.")
            return None
        if not isinstance(raw, dict):
            self.fault(pointer, "invalid_type", "A condition is an object.")
            return None
        if "field" in raw or "op" in raw:
            return self.test(raw, pointer)
        if len(raw) != 1 or next(iter(raw)) not in ("and", "or", "not"):
            self.fault(
                pointer, "unknown_condition", "Use one of and, or, not, or field, op and value."
            )
            return None
        word, inner = next(iter(raw.items()))
        if word == "not":
            part = self.node(inner, f"{pointer}/not", depth + 1)
            return None if part is None else Not(part)
        return self.parts(word, inner, f"{pointer}/{word}", depth)

    def parts(self, word: str, raw: object, pointer: str, depth: int) -> Node | None:
        if not isinstance(raw, list) or not raw:
            self.fault(pointer, "invalid_type", "A list of at least one condition.")
            return None
        parts: list[Node] = []
        for place, item in enumerate(raw):
            part = self.node(item, f"{pointer}/{place}", depth + 1)
            if part is not None:
                parts.append(part)
            elif self.nodes > MAX_NODES:
                return None
        if len(parts) < len(raw):
            return None
        return And(tuple(parts)) if word == "and" else Or(tuple(parts))

    def test(self, raw: dict[str, Any], pointer: str) -> Test | None:
        before = len(self.faults)
        for key in raw:
            if key not in ("field", "op", "value"):
                self.fault(f"{pointer}/{_escaped(key)}", "unknown_key", "Not part of a condition.")
        field = self.field(raw.get("field"), f"{pointer}/field") or NOTHING
        op = raw.get("op")
        if not isinstance(op, str) or op not in OPERATORS:
            self.fault(f"{pointer}/op", "unknown_op", f"Use one of {', '.join(OPERATORS)}.")
            return None
        if not _fits(field, op):
            self.fault(f"{pointer}/op", "op_not_for_field", f"{op} does not apply to this field.")
        value = OPERATORS[op](self, field, raw.get("value", MISSING), f"{pointer}/value")
        return Test(field, op, value) if len(self.faults) == before else None

    def field(self, raw: object, pointer: str) -> Field | None:
        if not isinstance(raw, str) or not raw:
            self.fault(pointer, "invalid_field", "The name of a field, as text.")
            return None
        if raw in SPECIAL:
            return Field(SPECIAL[raw])
        if raw.startswith("$"):
            self.fault(pointer, "unknown_field", f"Only {', '.join(SPECIAL)} begin with $.")
            return None
        path = tuple(raw.split("."))
        if len(path) > MAX_KEYS or not all(1 <= len(key) <= MAX_KEY_CHARACTERS for key in path):
            self.fault(
                pointer,
                "invalid_field",
                f"At most {MAX_KEYS} keys of 1 to {MAX_KEY_CHARACTERS} characters, joined by dots.",
            )
            return None
        if not _storable(raw):
            self.fault(pointer, "invalid_characters", "No NUL and no lone surrogate.")
            return None
        return Field(Source.PAYLOAD, path, as_instants=self.types.get(raw) == "datetime")

    # --- values, a reader for each shape ---

    def scalar(self, field: Field, raw: object, pointer: str) -> Any:
        if isinstance(raw, str):
            if not _storable(raw):
                self.fault(pointer, "invalid_characters", "No NUL and no lone surrogate.")
            elif field.source in MOMENTS:
                return self.moment(raw, pointer)
        elif isinstance(raw, bool):
            pass
        elif isinstance(raw, (int, float)):
            self.number(raw, pointer)
        else:
            hint = " Use is_null for null." if raw is None else ""
            self.fault(pointer, "invalid_value", f"A text, a number, true or false.{hint}")
        return raw

    def number(self, raw: float, pointer: str) -> None:
        if not math.isfinite(raw) if isinstance(raw, float) else abs(raw) > MAX_INTEGER:
            self.fault(pointer, "bad_number", "A finite number; whole ones between -2^53 and 2^53.")

    def moment(self, raw: str, pointer: str) -> Any:
        if instant(raw) is None:
            self.fault(
                pointer, "bad_datetime", "A date, or date and time with an offset (RFC 3339)."
            )
        return raw

    def ordered(self, field: Field, raw: object, pointer: str) -> Any:
        if isinstance(raw, bool) or not isinstance(raw, (str, int, float)):
            self.fault(pointer, "invalid_value", "A number or a text.")
            return raw
        if isinstance(raw, str) and field.as_instants:
            return self.moment(raw, pointer)
        return self.scalar(field, raw, pointer)

    def pair(self, field: Field, raw: object, pointer: str) -> Any:
        if not isinstance(raw, list) or len(raw) != 2:
            self.fault(pointer, "invalid_value", "Two values: the lowest and the highest.")
            return raw
        for place, item in enumerate(raw):
            self.ordered(field, item, f"{pointer}/{place}")
        if isinstance(raw[0], str) != isinstance(raw[1], str):
            self.fault(pointer, "invalid_value", "Two texts or two numbers.")
        return raw

    def many(self, field: Field, raw: object, pointer: str) -> Any:
        if not isinstance(raw, list) or len(raw) > MAX_VALUES:
            self.fault(pointer, "invalid_value", f"A list of at most {MAX_VALUES} values.")
            return raw
        for place, item in enumerate(raw):
            self.scalar(field, item, f"{pointer}/{place}")
        return raw

    def text(self, field: Field, raw: object, pointer: str) -> Any:
        if not isinstance(raw, str):
            self.fault(pointer, "invalid_value", "A text.")
            return raw
        return self.scalar(field, raw, pointer)

    def switch(self, field: Field, raw: object, pointer: str) -> bool:
        if raw is MISSING:
            return True
        if not isinstance(raw, bool):
            self.fault(pointer, "invalid_value", "true, false or nothing.")
            return True
        return raw


MISSING = object()
OPERATORS: dict[str, Callable[[_Reader, Field, object, str], Any]] = {
    "eq": _Reader.scalar,
    "ne": _Reader.scalar,
    "in": _Reader.many,
    "nin": _Reader.many,
    "lt": _Reader.ordered,
    "lte": _Reader.ordered,
    "gt": _Reader.ordered,
    "gte": _Reader.ordered,
    "between": _Reader.pair,
    "contains": _Reader.scalar,
    "any": _Reader.many,
    "all": _Reader.many,
    "prefix": _Reader.text,
    "exists": _Reader.switch,
    "is_null": _Reader.switch,
}
_LISTS = frozenset({"any", "all"})
_TEXTS = frozenset({"contains", "prefix"})


def _fits(field: Field, op: str) -> bool:
    """Columns are never lists; moments are no texts."""
    if field.source is Source.PAYLOAD:
        return True
    return op not in _LISTS and not (field.source in MOMENTS and op in _TEXTS)


def _storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= letter <= "\udfff" for letter in text)


def _escaped(key: object) -> str:
    return str(key).replace("~", "~0").replace("/", "~1")[:200]
