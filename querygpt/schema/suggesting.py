"""Relationships that names suggest where a database declares none: `customer_id` or 客户编号 leads to customers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from querygpt.catalogue import Column, Table
from querygpt.schema.names import SHORT, singular, words_of

KEY_WORDS = frozenset({"id", "code", "no", "number", "key", "uuid"})
KEY_MARKS = ("编号", "编码", "代码", "ID", "id")
LIKE = {"decimal": "int", "float": "int"}
CERTAIN, LIKELY = 0.9, 0.7


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A column that seems to hold keys of another table. `confidence` is between 0 and 1."""

    from_table: Table
    from_column: str
    to_table: Table
    to_column: str
    confidence: float


def suggest(tables: Sequence[Table]) -> list[Suggestion]:
    """Each column at most once; keys of the same table, other types and closed tables are left out."""
    known: dict[tuple[str, str], Table] = {}
    for table in tables:
        for name in _names(table.name):
            known.setdefault((table.schema, name), table)
    return [found for table in tables if not table.is_denied for found in _of(table, known)]


def _of(table: Table, known: Mapping[tuple[str, str], Table]) -> Iterator[Suggestion]:
    for column in table.columns:
        target = _target(column, table, known)
        key = _key(target) if target else None
        if target is None or key is None or target is table or target.is_denied:
            continue
        if _type(column) == _type(key):
            sure = CERTAIN if key.is_primary_key and not column.is_primary_key else LIKELY
            yield Suggestion(table, column.name, target, key.name, sure)


def _target(column: Column, table: Table, known: Mapping[tuple[str, str], Table]) -> Table | None:
    for name in _stems(column.name):
        if found := known.get((table.schema, name)):
            return found
    return None


def _stems(name: str) -> Iterator[str]:
    """What stands before the word for a key: `customer` of `customer_id`, 客户 of 客户编号."""
    words = words_of(name)
    if name.isascii():
        if len(words) > 1 and words[-1] in KEY_WORDS:
            yield _joined(words[:-1])
            yield _joined(words[-2:-1])
        return
    for mark in KEY_MARKS:
        if name.endswith(mark) and len(name) > len(mark):
            yield name[: -len(mark)].rstrip("_ ").casefold()


def _names(name: str) -> Iterator[str]:
    """What a table may be called by: its words in the singular, also without a prefix like `t_` or `dim_`."""
    if not name.isascii():
        plain = name.rstrip("表").casefold()
        yield from dict.fromkeys((plain, plain.removesuffix("信息"), plain.removesuffix("档案")))
        return
    words = words_of(name)
    if words:
        yield _joined(words)
        if len(words) > 1 and words[0] in {"t", "tb", "tbl", "dim", "fact", "ods", "dwd", "sys"}:
            yield _joined(words[1:])


def _joined(words: Sequence[str]) -> str:
    """`cust` and `customers` are one."""
    bases = [singular(word) for word in words]
    return "_".join(SHORT.get(word, word) for word in bases)


def _key(table: Table) -> Column | None:
    """The one column that names a row; none where the key is composite."""
    keys = [column for column in table.columns if column.is_primary_key]
    if len(keys) == 1:
        return keys[0]
    alone = [column for column in table.columns if column.is_unique]
    return alone[0] if not keys and len(alone) == 1 else None


def _type(column: Column) -> str:
    return LIKE.get(column.family, column.family)
