"""Extract tables from SQL files: migrations of Supabase and others."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from taishang.generation.evidence.modules import Project
from taishang.generation.ir import (
    EXCERPT_CHARACTERS,
    Fact,
    Place,
    SchemaValue,
    Shape,
    ShapeField,
)

CONFIDENCE = 1.0
MAX_STATEMENT = 60_000
MAX_STATEMENTS = 3_000
MAX_NESTING = 40
_WANTED = re.compile(r"\s*(?:create\s+(?:table|type)|alter\s+table)\b", re.IGNORECASE)
_DOLLAR = re.compile(r"\$[A-Za-z_]{0,30}\$")
_TYPES = {
    "UUID": "uuid",
    "BOOLEAN": "boolean",
    "INT": "integer",
    "SMALLINT": "integer",
    "TINYINT": "integer",
    "MEDIUMINT": "integer",
    "BIGINT": "big_integer",
    "SERIAL": "integer",
    "BIGSERIAL": "big_integer",
    "SMALLSERIAL": "integer",
    "DECIMAL": "decimal",
    "MONEY": "decimal",
    "FLOAT": "float",
    "DOUBLE": "float",
    "DATE": "date",
    "TIME": "time",
    "TIMETZ": "time",
    "TIMESTAMP": "datetime",
    "TIMESTAMPTZ": "datetime",
    "TIMESTAMPNTZ": "datetime",
    "DATETIME": "datetime",
    "JSON": "json",
    "JSONB": "json",
    "ARRAY": "array",
}
_CHECKED_IN = re.compile(r"['\"]([^'\"]{1,120})['\"]")


@dataclass
class Table:
    """A table while statements add to it."""

    name: str
    place: Place
    fields: dict[str, ShapeField]
    primary_key: list[str]
    unique: list[list[str]]
    references: dict[str, str]


def extract(project: Project) -> list[Fact]:
    """One fact per table, with what later statements of any file added to it."""
    files = sorted(project.export.files, key=lambda file: file.path)
    sources = [(file.path, file.text) for file in files if file.path.endswith(".sql") and file.text]
    return read_tables(sources=sources)


def read_tables(*, sources: list[tuple[str, str]], confidence: float = CONFIDENCE) -> list[Fact]:
    """The tables that `sources`, pairs of path and text in the order they would run, leave behind."""
    tables: dict[str, Table] = {}
    enums: dict[str, list[str]] = {}
    for path, content in sources:
        for text, line in statements(content):
            _read(path, text, line, tables, enums)
    return [
        Fact(place=table.place, value=_value(table, enums), confidence=confidence)
        for _, table in sorted(tables.items())
    ]


def statements(text: str) -> list[tuple[str, int]]:
    """The statements about tables and types with the line each starts at; others are passed over."""
    found: list[tuple[str, int]] = []
    start = index = 0
    while index < len(text) and len(found) < MAX_STATEMENTS:
        if text.startswith("--", index):
            index = _after(text, "\n", index)
        elif text.startswith("/*", index):
            index = _after(text, "*/", index + 2)
        elif text[index] == "'":
            index = _after(text, "'", index + 1)
        elif text[index] == "$":
            tag = _DOLLAR.match(text, index)
            index = _after(text, tag.group(0), tag.end()) if tag is not None else index + 1
        elif text[index] == ";":
            _keep(text, start, index, found)
            start = index = index + 1
        else:
            index += 1
    _keep(text, start, len(text), found)
    return found


def _after(text: str, mark: str, index: int) -> int:
    found = text.find(mark, index)
    return len(text) if found < 0 else found + len(mark)


def _keep(text: str, start: int, end: int, found: list[tuple[str, int]]) -> None:
    offset = _skip_comments(text, start, end)
    statement = text[offset:end]
    if _WANTED.match(statement) and len(statement) <= MAX_STATEMENT and _is_flat(statement):
        found.append((statement, text.count("\n", 0, offset) + 1))


def _skip_comments(text: str, start: int, end: int) -> int:
    index = start
    while index < end:
        if text[index].isspace():
            index += 1
        elif text.startswith("--", index):
            index = min(_after(text, "\n", index), end)
        elif text.startswith("/*", index):
            index = min(_after(text, "*/", index + 2), end)
        else:
            break
    return index


def _is_flat(statement: str) -> bool:
    depth = 0
    for character in statement:
        depth += (character == "(") - (character == ")")
        if depth > MAX_NESTING:
            return False
    return True


def _read(
    path: str, text: str, line: int, tables: dict[str, Table], enums: dict[str, list[str]]
) -> None:
    try:
        tree = sqlglot.parse_one(text, read="postgres")
    except SqlglotError:
        _read_enum(text, enums)
        return
    if isinstance(tree, exp.Create) and tree.kind == "TABLE" and isinstance(tree.this, exp.Schema):
        _create(path, text, line, tree.this, tables)
    elif isinstance(tree, exp.Alter):
        _alter(tree, tables)
    else:
        _read_enum(text, enums)


def _read_enum(text: str, enums: dict[str, list[str]]) -> None:
    found = re.match(r"\s*create\s+type\s+([\w.\"]{1,120})\s+as\s+enum\s*\(", text, re.IGNORECASE)
    if found is not None:
        name = found.group(1).strip('"').rpartition(".")[2]
        enums[name.lower()] = _CHECKED_IN.findall(text[found.end() :])[:100]


def _create(path: str, text: str, line: int, schema: exp.Schema, tables: dict[str, Table]) -> None:
    target = schema.this
    if not isinstance(target, exp.Table) or target.db in ("auth", "storage", "pg_catalog"):
        return
    lines = text.split("\n")
    place = Place(
        file=path,
        line=line,
        end_line=line + len(lines) - 1,
        kind="schema",
        excerpt=_excerpt(lines[0]),
    )
    table = tables.setdefault(target.name, Table(target.name, place, {}, [], [], {}))
    for part in schema.expressions:
        if isinstance(part, exp.ColumnDef):
            _column(part, table, lines, line)
        else:
            _constraint(part, table)


def _excerpt(line: str) -> str:
    return line.strip()[:EXCERPT_CHARACTERS].strip()


def _column(part: exp.ColumnDef, table: Table, lines: list[str], line: int) -> None:
    name = part.name
    shape = _type(part.args.get("kind"))
    kinds = [constraint.args.get("kind") for constraint in part.args.get("constraints") or []]
    required = False
    default: Any = None
    for kind in kinds:
        if isinstance(kind, exp.NotNullColumnConstraint):
            required = not kind.args.get("allow_null")
        elif isinstance(kind, exp.PrimaryKeyColumnConstraint):
            table.primary_key.append(name)
        elif isinstance(kind, exp.UniqueColumnConstraint):
            table.unique.append([name])
        elif isinstance(kind, exp.DefaultColumnConstraint):
            default = _default(kind.this)
        elif isinstance(kind, exp.Reference):
            table.references[name] = _referenced(kind)
        elif isinstance(kind, exp.CheckColumnConstraint):
            shape = _checked(shape, kind.this)
    has_default = any(isinstance(kind, exp.DefaultColumnConstraint) for kind in kinds)
    offset = next(
        (index for index, found in enumerate(lines) if found.strip().strip('"').startswith(name)), 0
    )
    table.fields[name] = ShapeField(
        shape=shape,
        optional=has_default or not required,
        null=not required and not has_default and name not in table.primary_key,
        default=default,
        line=line + offset,
        excerpt=_excerpt(lines[offset]),
    )


def _type(kind: exp.Expression | None) -> Shape:
    if not isinstance(kind, exp.DataType):
        return Shape(type="text")
    name = kind.this.value if isinstance(kind.this, exp.DataType.Type) else str(kind.this)
    if name == "USER-DEFINED":
        return Shape(type="reference", name=str(kind.args.get("kind") or "").lower())
    length = (
        kind.expressions[0].name
        if name in ("VARCHAR", "CHAR", "NVARCHAR") and kind.expressions
        else ""
    )
    if name in _TYPES:
        return Shape.model_validate({"type": _TYPES[name]})
    return Shape(
        type="text", max_length=int(length) if length.isdigit() and len(length) < 6 else None
    )


def _default(node: exp.Expression | None) -> Any:
    if isinstance(node, exp.Cast):
        node = node.this
    if isinstance(node, exp.Boolean):
        return bool(node.this)
    if isinstance(node, exp.Literal):
        if node.is_string:
            return node.name
        return float(node.name) if "." in node.name else int(node.name)
    return None


def _checked(shape: Shape, node: exp.Expression | None) -> Shape:
    """`check (status in ('a', 'b'))` lists the allowed values."""
    listed = node.find(exp.In) if node is not None else None
    values = (
        [
            item.name
            for item in listed.expressions
            if isinstance(item, exp.Literal) and item.is_string
        ]
        if listed
        else []
    )
    return Shape(type="choice", choices=values[:100]) if values else shape


def _referenced(node: exp.Reference) -> str:
    target = node.this
    table = target.this if isinstance(target, exp.Schema) else target
    if not isinstance(table, exp.Table):
        return ""
    return f"{table.db}.{table.name}" if table.db == "auth" else table.name


def _constraint(part: exp.Expression, table: Table) -> None:
    parts = part.expressions if isinstance(part, exp.Constraint) else [part]
    for inner in parts:
        names = [
            column.name
            for column in inner.expressions
            if isinstance(column, (exp.Identifier, exp.Column, exp.Ordered))
        ]
        if isinstance(inner, exp.PrimaryKey):
            table.primary_key += [name for name in names if name not in table.primary_key]
        elif isinstance(inner, exp.UniqueColumnConstraint):
            holder = inner.this
            columns = (
                [column.name for column in holder.expressions]
                if isinstance(holder, exp.Schema)
                else names
            )
            if columns:
                table.unique.append(columns)
        elif isinstance(inner, exp.ForeignKey) and len(names) == 1:
            reference = inner.args.get("reference")
            if isinstance(reference, exp.Reference):
                table.references[names[0]] = _referenced(reference)
        elif isinstance(inner, exp.CheckColumnConstraint):
            _check(inner, table)


def _check(inner: exp.CheckColumnConstraint, table: Table) -> None:
    listed = inner.find(exp.In)
    name = listed.this.name if listed is not None else ""
    if name in table.fields:
        seen = table.fields[name]
        table.fields[name] = seen.model_copy(update={"shape": _checked(seen.shape, inner)})


def _alter(tree: exp.Alter, tables: dict[str, Table]) -> None:
    table = tables.get(tree.this.name if isinstance(tree.this, exp.Table) else "")
    if table is None:
        return
    for action in tree.args.get("actions") or []:
        if isinstance(action, exp.ColumnDef):
            _column(action, table, [table.place.excerpt], table.place.line)
        elif isinstance(action, exp.Drop) and action.args.get("kind") == "COLUMN":
            dropped = action.find(exp.Identifier)
            table.fields.pop(dropped.name if dropped is not None else "", None)
        elif isinstance(action, exp.AddConstraint):
            for part in action.expressions:
                _constraint(part, table)


def _value(table: Table, enums: dict[str, list[str]]) -> SchemaValue:
    fields = {}
    for name, seen in table.fields.items():
        shape = seen.shape
        if shape.type == "reference":
            choices = enums.get((shape.name or "").strip('"').rpartition(".")[2], [])
            shape = Shape(type="choice", choices=choices) if choices else Shape(type="text")
        fields[name] = seen.model_copy(update={"shape": shape})
    return SchemaValue(
        name=table.name,
        origin="sql",
        shape=Shape(type="object", fields=fields),
        primary_key=table.primary_key,
        unique=table.unique,
        references={column: target for column, target in table.references.items() if target},
    )
