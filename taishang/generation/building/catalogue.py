"""The declared types of the export, looked up by name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from taishang.generation.building.words import match_key, vocabulary, words
from taishang.generation.ir import Fact, SchemaValue, Shape, ShapeField

MAX_DEPTH = 6
TABLE_ORIGINS = ("sql", "prisma", "database_types")
LIST_KEYS = (
    "data",
    "results",
    "items",
    "rows",
    "records",
    "list",
    "content",
    "docs",
    "edges",
    "nodes",
)
ENVELOPE_COMPANIONS = vocabulary(
    "total count page pages limit size success message status error errors meta pagination next previous has more "
    "offset cursor per code total_pages current last ok timestamp"
)
SHAPE_SUFFIXES = vocabulary(
    "props state context config configuration options params parameters response payload request result input dto "
    "form values args arguments action actions store type types return hook ref handler event callback settings "
    "theme styles variant variants filter filters query search sort pagination paginated provider schema reply "
    "credentials tokens stats statistics metrics summary breakdown column columns dialog modal mode"
)
BODY_SUFFIXES = vocabulary(
    "data form input payload dto request values params body create update new edit schema insert"
)
ID_NAMES = ("id", "_id", "uuid")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
_MEMBER = re.compile(r"([A-Za-z_$][\w$]{0,120})\[[\"']([\w$]{1,120})[\"']\]")
_ORIGIN_RANK = {
    "sql": 0,
    "prisma": 1,
    "database_types": 2,
    "interface": 3,
    "type": 4,
    "zod": 5,
    "yup": 6,
    "enum": 7,
}


class Catalogue:
    """All declared types. A name declared twice means its most trusted object-like declaration."""

    def __init__(self, facts: list[Fact]) -> None:
        self._facts: dict[str, list[Fact]] = {}
        self._keys: dict[str, list[str]] = {}
        for fact in facts:
            if isinstance(fact.value, SchemaValue):
                self._facts.setdefault(fact.value.name, []).append(fact)
        for name, found in self._facts.items():
            found.sort(key=_declaration_order)
            self._keys.setdefault(match_key(name), []).append(name)

    def __iter__(self) -> Iterator[Fact]:
        for name in sorted(self._facts):
            yield from self._facts[name]

    def facts(self, name: str) -> list[Fact]:
        return self._facts.get(name, [])

    def schema(self, name: str) -> SchemaValue | None:
        found = self._facts.get(name)
        value = found[0].value if found else None
        return value if isinstance(value, SchemaValue) else None

    def named_like(self, name: str) -> str | None:
        """The declared object type whose name means the same thing as `name`."""
        for candidate in sorted(self._keys.get(match_key(name), [])):
            schema = self.schema(candidate)
            if schema is not None and schema.shape.type == "object":
                return candidate
        return None

    def resolve(self, shape: Shape) -> Shape:
        """`shape` with one reference followed; an unknown reference becomes "unknown"."""
        seen = 0
        while shape.type == "reference" and seen < MAX_DEPTH:
            schema = self.schema(shape.name or "")
            if schema is None:
                return Shape(type="unknown", sample=shape.sample)
            shape, seen = schema.shape, seen + 1
        return shape if shape.type != "reference" else Shape(type="json")

    def expand(self, shape: Shape | None, *, depth: int = MAX_DEPTH) -> Shape | None:
        """`shape` with every reference followed, `depth` levels at most; what lies deeper is JSON."""
        if shape is None:
            return None
        resolved = self.resolve(shape)
        if depth == 0:
            return Shape(type="json") if resolved.type in ("object", "array") else resolved
        if resolved.type == "object":
            fields = {
                key: field.model_copy(update={"shape": self.expand(field.shape, depth=depth - 1)})
                for key, field in resolved.fields.items()
            }
            return resolved.model_copy(update={"fields": fields})
        if resolved.type == "array":
            return resolved.model_copy(
                update={"items": self.expand(resolved.items, depth=depth - 1)}
            )
        return resolved

    def thing_in(self, type_name: str | None) -> tuple[str | None, bool]:
        """The object type that a reply's type carries and whether as a list: `Page<Post>` → Post, True."""
        member = _MEMBER.search(type_name or "")
        if member is not None:
            return self._member_thing(member.group(1), member.group(2))
        many = bool(type_name) and ("[]" in str(type_name) or "Array<" in str(type_name))
        for name in reversed(_IDENTIFIER.findall(type_name or "")[:20]):
            schema = self.schema(name)
            if schema is not None and self.resolve(schema.shape).type == "object":
                return self._unwrapped(name, many=many)
        return None, many

    def _member_thing(self, name: str, key: str) -> tuple[str | None, bool]:
        """What `Order["lines"]` holds."""
        schema = self.schema(name)
        seen = self.resolve(schema.shape).fields.get(key) if schema is not None else None
        if seen is None:
            return None, False
        return self._object_name(seen.shape) or (None, seen.shape.type == "array")

    def _unwrapped(self, name: str, *, many: bool) -> tuple[str | None, bool]:
        for _ in range(MAX_DEPTH):
            schema = self.schema(name)
            inner = (
                None if schema is None else self._content(self.resolve(schema.shape).fields, name)
            )
            if inner is None:
                return name, many
            name, many = inner[0], many or inner[1]
        return name, many

    def _content(self, fields: dict[str, ShapeField], name: str) -> tuple[str, bool] | None:
        """The type inside an envelope: its one object member, when all others are only paging or status."""
        if any(key in fields for key in ID_NAMES):
            return None
        holders = [key for key in fields if self._object_name(fields[key].shape) is not None]
        others = [key for key in fields if key not in holders[:1]]
        if not holders or not all(set(words(key)) & ENVELOPE_COMPANIONS for key in others):
            return None
        found = self._object_name(fields[holders[0]].shape)
        return found if found is not None and found[0] != name else None

    def _object_name(self, shape: Shape) -> tuple[str, bool] | None:
        many = shape.type == "array"
        inner = shape.items if many else shape
        if inner is None or inner.type != "reference" or inner.name is None:
            return None
        schema = self.schema(inner.name)
        is_object = schema is not None and self.resolve(schema.shape).type == "object"
        return (inner.name, many) if is_object else None


def _declaration_order(fact: Fact) -> tuple[int, int, str, int]:
    value = fact.value
    assert isinstance(value, SchemaValue)  # noqa: S101
    rank = _ORIGIN_RANK.get(value.origin, 9)
    return (rank, -len(value.shape.fields), fact.place.file, fact.place.line)


def is_shape_name(name: str) -> bool:
    """Whether a type's name says that it carries things around instead of being one."""
    parts = words(name)
    return not parts or parts[-1] in SHAPE_SUFFIXES


def bare_thing(name: str) -> str:
    """The thing a body's type is about: `CreatePostInput` and `PostFormData` are about `Post`."""
    parts = words(name)
    while len(parts) > 1 and parts[-1] in BODY_SUFFIXES | {"data"}:
        parts.pop()
    while len(parts) > 1 and parts[0] in ("create", "update", "new", "edit", "add", "i"):
        parts.pop(0)
    return "_".join(parts)


def has_key(shape: Shape) -> bool:
    return any(key in shape.fields for key in ID_NAMES)
