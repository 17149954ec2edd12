"""Which column of a file is what of a row: guessed, shown, and changed by whoever imports.

guess(fields, dimension)                     ->  Mapping(id="doc_id", vector="emb", payload=("year",))
row(record, mapping)                         ->  {"id": …, "vector": …, "payload": {"year": 2026}}
"""

from __future__ import annotations

from collections.abc import Mapping as Values
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from taishang.vectors.importing.formats.base import NUMBERS, OBJECT, TEXT, Field, Record

IDS = ("id", "_id", "external_id", "doc_id", "document_id", "key", "uuid", "编号")
VECTORS = ("vector", "embedding", "emb", "embeddings", "values", "向量")
DOCUMENTS = ("document", "text", "content", "body", "chunk", "passage", "文本", "内容", "正文")
NAMESPACES = ("namespace", "ns", "命名空间")
PAYLOADS = ("payload", "metadata", "meta")
SINGLE = ("id", "vector", "document", "namespace")


class MappingInvalid(Exception):
    """A mapping that does not fit the file. `faults` are (JSON pointer, code, detail)."""

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        super().__init__(str(faults))
        self.faults = faults


@dataclass(frozen=True)
class Mapping:
    """Names of columns, '' for none. Without `id` the number of the record is the id.

    `payload` is one column of objects, or columns that become the fields of the payload.
    """

    id: str = ""
    vector: str = ""
    document: str = ""
    namespace: str = ""
    payload: str | tuple[str, ...] = ()

    def columns(self) -> frozenset[str]:
        single = {getattr(self, name) for name in SINGLE} - {""}
        several = {self.payload} if isinstance(self.payload, str) else set(self.payload)
        return frozenset((single | several) - {""})

    def shown(self) -> dict[str, Any]:
        return {**asdict(self), "payload": self.payload or []}


def guess(fields: Sequence[Field], dimension: int) -> Mapping:
    """The most likely mapping of a file for a collection of this dimension."""
    numbers = [one for one in fields if one.kind == NUMBERS]
    fitting = [one for one in numbers if one.length in (dimension, None)]
    vector = _named(fitting, VECTORS) or (fitting[0].name if len(fitting) == 1 else "")
    vector = vector or _named(numbers, VECTORS)
    document = _named([one for one in fields if one.kind == TEXT], DOCUMENTS)
    found_id, namespace = _named(fields, IDS), _named(fields, NAMESPACES)
    objects = _named([one for one in fields if one.kind == OBJECT], PAYLOADS)
    taken = {found_id, vector, document, namespace}
    rest = tuple(one.name for one in fields if one.kind != NUMBERS and one.name not in taken)
    return Mapping(found_id, vector, document, namespace, objects or rest)


def read(given: Values[str, Any], fields: Sequence[Field]) -> Mapping:
    """A mapping as it was sent. Raises MappingInvalid."""
    names = {one.name for one in fields}
    faults = [
        (f"/mapping/{key}", "unknown_field", "id, vector, document, namespace and payload.")
        for key in given.keys() - {*SINGLE, "payload"}
    ]
    payload = given.get("payload") or ()
    listed = [payload] if isinstance(payload, str) else payload
    is_list = isinstance(listed, list | tuple) and all(isinstance(one, str) for one in listed)
    if not is_list:
        faults.append(("/mapping/payload", "invalid", "A column, or a list of columns."))
    single = {key: given.get(key) or "" for key in SINGLE}
    for key, value in [*single.items(), *(("payload", one) for one in listed if is_list)]:
        if not isinstance(value, str) or (value and value not in names):
            faults.append((f"/mapping/{key}", "unknown_column", "The file has no such column."))
    if not faults and not (single["vector"] or single["document"]):
        faults.append(("/mapping", "required", "Name the column of vectors or of documents."))
    if faults:
        raise MappingInvalid(faults)
    return Mapping(**single, payload=payload if isinstance(payload, str) else tuple(listed))


def stored(shown: Values[str, Any]) -> Mapping:
    """The mapping that a task keeps."""
    payload = shown["payload"]
    return Mapping(
        **{name: shown[name] for name in SINGLE},
        payload=payload if isinstance(payload, str) else tuple(payload),
    )


def row(record: Record, mapping: Mapping) -> dict[str, Any]:
    """The record as `writing.upsert` takes it."""
    values = record.values
    found: dict[str, Any] = {"id": values.get(mapping.id) if mapping.id else str(record.line)}
    for name in ("vector", "document", "namespace"):
        column = getattr(mapping, name)
        if column and values.get(column) is not None:
            found[name] = values[column]
    if isinstance(mapping.payload, str):
        found["payload"] = values.get(mapping.payload)
    else:
        found["payload"] = {
            name: values[name] for name in mapping.payload if values.get(name) is not None
        }
    return found


def _named(fields: Sequence[Field], names: Sequence[str]) -> str:
    """The column whose name stands first in the list of likely ones."""
    lowered = {one.name.strip().lower(): one.name for one in reversed(fields)}
    return next((lowered[name] for name in names if name in lowered), "")
