"""Extract models and enums from a Prisma schema."""

from __future__ import annotations

import re
from typing import Any

from taishang.generation.evidence.modules import Project
from taishang.generation.ir import EXCERPT_CHARACTERS, Fact, Place, SchemaValue, Shape, ShapeField

CONFIDENCE = 1.0
MAX_LINES = 20_000
_HEAD = re.compile(r"\s{0,20}(model|enum)\s+([A-Za-z_]\w{0,100})\s{0,20}\{")
_FIELD = re.compile(r"\s{0,40}([A-Za-z_]\w{0,100})\s+([A-Za-z_]\w{0,100})(\[\]|\?)?(.*)")
_DEFAULT = re.compile(r"@default\(\s*(\"[^\"]{0,200}\"|[\w.+-]{1,60})")
_BLOCK = re.compile(r"@@(unique|id)\(\s*\[([^\]]{1,300})\]")
_RELATION = re.compile(r"@relation\(.{0,200}?fields:\s*\[([^\]]{1,200})\]")
_TYPES = {
    "String": "text",
    "Int": "integer",
    "BigInt": "big_integer",
    "Float": "float",
    "Decimal": "decimal",
    "Boolean": "boolean",
    "DateTime": "datetime",
    "Json": "json",
    "Bytes": "file",
}


def extract(project: Project) -> list[Fact]:
    """One fact per model and enum."""
    facts: list[Fact] = []
    for file in sorted(project.export.files, key=lambda file: file.path):
        if file.path.endswith(".prisma") and file.text is not None:
            facts += _read(file.path, file.text.split("\n")[:MAX_LINES])
    return facts


def _read(path: str, lines: list[str]) -> list[Fact]:
    facts = []
    index = 0
    while index < len(lines):
        head = _HEAD.match(lines[index])
        index += 1
        if head is None:
            continue
        start = index
        while index < len(lines) and lines[index].strip() != "}":
            index += 1
        body = list(enumerate(lines[start:index], start=start + 1))
        place = Place(
            file=path,
            line=start,
            end_line=index + 1,
            kind="schema",
            excerpt=_excerpt(lines[start - 1]),
        )
        value = (
            _enum(head.group(2), body) if head.group(1) == "enum" else _model(head.group(2), body)
        )
        facts.append(Fact(place=place, value=value, confidence=CONFIDENCE))
    return facts


def _excerpt(line: str) -> str:
    return line.strip()[:EXCERPT_CHARACTERS].strip()


def _code(line: str) -> str:
    return line.partition("//")[0].strip()


def _enum(name: str, body: list[tuple[int, str]]) -> SchemaValue:
    choices = [
        _code(line).split()[0]
        for _, line in body
        if _code(line) and not _code(line).startswith("@")
    ]
    return SchemaValue(name=name, origin="enum", shape=Shape(type="choice", choices=choices[:100]))


def _model(name: str, body: list[tuple[int, str]]) -> SchemaValue:
    fields: dict[str, ShapeField] = {}
    primary: list[str] = []
    unique: list[list[str]] = []
    references: dict[str, str] = {}
    for number, line in body:
        code = _code(line)[:2_000]
        block = _BLOCK.match(code)
        if block is not None:
            columns = [column.strip() for column in block.group(2).split(",")]
            primary, unique = (
                (columns, unique) if block.group(1) == "id" else (primary, [*unique, columns])
            )
            continue
        found = _FIELD.match(code)
        if found is None or code.startswith("@"):
            continue
        field, kind, mark, rest = found.groups()
        relation = _RELATION.search(rest)
        if relation is not None:
            references[relation.group(1).split(",")[0].strip()] = kind
            continue
        if kind not in _TYPES and mark == "[]":
            continue
        fields[field] = _field(kind, mark or "", rest, number, line)
        if "@id" in rest:
            primary = [field]
        if "@unique" in rest:
            unique.append([field])
    fields = {
        key: seen
        for key, seen in fields.items()
        if not _is_bare_relation(key, seen, fields, references)
    }
    return SchemaValue(
        name=name,
        origin="prisma",
        shape=Shape(type="object", fields=fields),
        primary_key=primary,
        unique=unique,
        references=references,
    )


def _is_bare_relation(
    key: str, seen: ShapeField, fields: dict[str, ShapeField], references: dict[str, str]
) -> bool:
    """The other end of a one-to-one relation stands without `@relation` and is no column."""
    return (
        seen.shape.type == "reference"
        and seen.optional
        and key[:1].islower()
        and key in {kind[:1].lower() + kind[1:] for kind in references.values()}
        and f"{key}Id" not in fields
    )


def _field(kind: str, mark: str, rest: str, number: int, line: str) -> ShapeField:
    shape = (
        Shape.model_validate({"type": _TYPES[kind]})
        if kind in _TYPES
        else Shape(type="reference", name=kind)
    )
    if (kind == "String" and "@db.Uuid" in rest) or "@default(uuid())" in rest:
        shape = Shape(type="uuid")
    if mark == "[]":
        shape = Shape(type="array", items=shape)
    default = _default(rest)
    return ShapeField(
        shape=shape,
        optional=mark == "?" or "@default" in rest or "@updatedAt" in rest,
        null=mark == "?",
        default=default,
        line=number,
        excerpt=_excerpt(line),
    )


def _default(rest: str) -> Any:
    found = _DEFAULT.search(rest)
    text = found.group(1) if found is not None else ""
    if text.startswith('"'):
        return text[1:-1]
    if text in ("true", "false"):
        return text == "true"
    if text.lstrip("-").isdigit() and len(text) < 16:
        return int(text)
    is_name = text.isidentifier() and f"{text}(" not in rest
    return text if is_name else None
