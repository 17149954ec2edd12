"""Rows as they come in: checked one by one, their vectors checked and converted together.

Files bring vectors as (dimension,) arrays, callers as lists or base64. A row that cannot be written gets a code of its own; the others are not touched by it.

    read([{"id": "a", "vector": [0.1, …]}], shape)  ->  Batch(results=[Result("a", …)], rows=[Row(…)], vectors (n, d) float32)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson

from taishang.models.vectors import MAX_DOCUMENT, MAX_EXTERNAL_ID, MAX_NAMESPACE

MAX_ROWS = 1_000
MAX_PAYLOAD_BYTES = 16 * 1024
MAX_PAYLOAD_DEPTH = 8
MAX_EXACT_NUMBER = 2**53
ZERO_NORM = 1e-12
HASH_BYTES = 16
FIELDS = frozenset({"id", "vector", "vector_b64", "document", "payload", "namespace"})
CONTROLS = frozenset(map(chr, [*range(0x20), 0x7F, *range(0x80, 0xA0)]))
NUMBERS = frozenset({int, float})


@dataclass(frozen=True)
class Shape:
    """What a collection asks of its rows. `numbers` are the dotted paths that are compared as numbers."""

    dimension: int
    metric: str
    embeds: bool = False
    numbers: tuple[str, ...] = ()


@dataclass
class Result:
    """What became of one row: inserted, updated, unchanged, accepted, or failed with a code."""

    id: Any
    namespace: Any = ""
    status: str = "failed"
    code: str = ""
    detail: str = ""

    def shown(self) -> dict[str, Any]:
        entry: dict[str, Any] = {"id": self.id, "namespace": self.namespace, "status": self.status}
        if self.code:
            entry["error"] = {"code": self.code, "detail": self.detail}
        return entry


@dataclass(frozen=True)
class Row:
    """One good row. `place` is its position in what was sent; `vector` its line in the batch's array, or -1."""

    place: int
    namespace: str
    external_id: str
    payload: bytes
    document: str
    vector: int
    row_hash: bytes


@dataclass
class Batch:
    """Shapes: `vectors` (n, dimension) float32, a line for each row that brought one."""

    results: list[Result]
    rows: list[Row]
    vectors: np.ndarray = field(repr=False)

    @property
    def has_failures(self) -> bool:
        return any(result.code for result in self.results)


class RowFault(Exception):
    """This row cannot be written. `code` is stable."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


@dataclass
class _Draft:
    place: int
    namespace: str
    external_id: str
    payload: bytes
    document: str
    vector: np.ndarray | None


def read(sent: Sequence[Any], shape: Shape) -> Batch:
    """Check every row and convert the vectors together."""
    results, drafts = [], []
    seen: set[tuple[str, str]] = set()
    for place, given in enumerate(sent):
        result = _named(given)
        results.append(result)
        try:
            draft = _draft(place, given, shape)
            key = (draft.namespace, draft.external_id)
            if key in seen:
                raise RowFault("duplicate_in_batch", "This id came before in the same request.")
        except RowFault as fault:
            result.code, result.detail = fault.code, fault.detail
            continue
        result.id, result.namespace = draft.external_id, draft.namespace
        seen.add(key)
        drafts.append(draft)
    return _converted(results, drafts, shape)


def hash_of(vector: bytes, payload: bytes, document: str) -> bytes:
    """The hash that decides whether a row is unchanged. `vector` is little-endian float32, empty without one."""
    digest = hashlib.blake2b(digest_size=HASH_BYTES)
    for part in (vector, payload, document.encode()):
        digest.update(len(part).to_bytes(4, "little") + part)
    return digest.digest()


def finite(values: np.ndarray) -> np.ndarray:
    """Which lines hold only numbers that float32 can hold."""
    return np.isfinite(values).all(axis=1)


def _named(given: Any) -> Result:
    if not isinstance(given, Mapping):
        return Result(None)
    identity, namespace = given.get("id"), given.get("namespace", "")
    return Result(
        identity if isinstance(identity, str | int) else None,
        namespace if isinstance(namespace, str) else None,
    )


def _draft(place: int, given: Any, shape: Shape) -> _Draft:
    if not isinstance(given, Mapping):
        raise RowFault("bad_row", "A row is an object.")
    unknown = given.keys() - FIELDS
    if unknown:
        raise RowFault("unknown_field", f"Unknown: {', '.join(sorted(map(str, unknown)))[:200]}")
    document = _document(given.get("document", ""))
    vector = _vector(given, shape)
    if vector is None and not (document and shape.embeds):
        detail = "Send a vector; the collection has no model that would make one of the document."
        raise RowFault("no_vector_and_no_model", detail)
    return _Draft(
        place,
        namespace_of(given.get("namespace", "")),
        _external_id(given.get("id")),
        _payload(given.get("payload"), shape),
        document,
        vector,
    )


def _external_id(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_EXTERNAL_ID or not _storable(value):
        raise RowFault("bad_id", f"An id is text of 1 to {MAX_EXTERNAL_ID} characters.")
    return value


def namespace_of(value: Any) -> str:
    """A checked namespace. Raises RowFault."""
    fits = isinstance(value, str) and len(value) <= MAX_NAMESPACE and _storable(value)
    if not fits or CONTROLS & set(value):
        detail = (
            f"A namespace is text of at most {MAX_NAMESPACE} characters without control characters."
        )
        raise RowFault("bad_namespace", detail)
    return value


def _document(value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not _storable(value):
        raise RowFault("invalid_characters", "A document is text without NUL.")
    if len(value) > MAX_DOCUMENT:
        raise RowFault("document_too_long", f"At most {MAX_DOCUMENT} characters.")
    return value


def _payload(value: Any, shape: Shape) -> bytes:
    if value is None:
        return b"{}"
    if not isinstance(value, Mapping):
        raise RowFault("bad_payload", "A payload is an object.")
    if _depth_of(value) > MAX_PAYLOAD_DEPTH:
        raise RowFault("payload_too_deep", f"At most {MAX_PAYLOAD_DEPTH} levels.")
    try:
        raw = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except TypeError as error:
        raise RowFault("bad_payload", "A payload is plain JSON.") from error
    if len(raw) > MAX_PAYLOAD_BYTES:
        raise RowFault("payload_too_large", f"At most {MAX_PAYLOAD_BYTES} bytes.")
    if b"\\u0000" in raw and "\x00" in "".join(_texts(value)):
        raise RowFault("invalid_characters", "A payload holds no NUL.")
    for path in shape.numbers:
        _check_number(value, path)
    return raw


def _check_number(payload: Mapping[str, Any], path: str) -> None:
    found: Any = payload
    for key in path.split("."):
        if not isinstance(found, Mapping) or key not in found:
            return
        found = found[key]
    if type(found) in NUMBERS and abs(found) > MAX_EXACT_NUMBER:
        raise RowFault("bad_number", f"{path} is beyond 2^53, where numbers are no longer exact.")


def _depth_of(value: Any, level: int = 1) -> int:
    if level > MAX_PAYLOAD_DEPTH:
        return level
    inner = value.values() if isinstance(value, Mapping) else value
    nested = [item for item in inner if isinstance(item, Mapping | list)]
    return max((_depth_of(item, level + 1) for item in nested), default=level)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for key, item in value.items() for text in (key, *_texts(item))]
    return [text for item in value for text in _texts(item)] if isinstance(value, list) else []


def _storable(text: str) -> bool:
    """PostgreSQL holds no NUL and UTF-8 no lone surrogate."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _vector(given: Mapping[str, Any], shape: Shape) -> np.ndarray | None:
    plain, packed = given.get("vector"), given.get("vector_b64")
    if plain is not None and packed is not None:
        raise RowFault("bad_row", "Send `vector` or `vector_b64`, not both.")
    if packed is not None:
        return unpacked(packed, shape.dimension)
    if isinstance(plain, np.ndarray):
        _check_dimension(plain.size, shape.dimension)
        return plain
    return None if plain is None else listed(plain, shape.dimension)


def listed(value: Any, dimension: int) -> np.ndarray:
    """A list of numbers as (dimension,) float64. Raises RowFault."""
    if not isinstance(value, list) or not set(map(type, value)) <= NUMBERS:
        raise RowFault("not_finite", "A vector is a list of numbers.")
    _check_dimension(len(value), dimension)
    try:
        return np.array(value, dtype=np.float64)
    except OverflowError as error:
        raise RowFault("not_finite", "A number is too large.") from error


def unpacked(value: Any, dimension: int) -> np.ndarray:
    """Base64 of little-endian float32 as (dimension,) float32. Raises RowFault."""
    try:
        raw = base64.b64decode(value, validate=True) if isinstance(value, str) else b"?"
    except (binascii.Error, ValueError) as error:
        raise RowFault("not_finite", "`vector_b64` is base64 of little-endian float32.") from error
    if len(raw) % 4:
        raise RowFault("not_finite", "`vector_b64` is base64 of little-endian float32.")
    _check_dimension(len(raw) // 4, dimension)
    return np.frombuffer(raw, dtype="<f4")


def _check_dimension(found: int, wanted: int) -> None:
    if found != wanted:
        raise RowFault("wrong_dimension", f"{found} numbers, the collection has {wanted}.")


def _converted(results: list[Result], drafts: list[_Draft], shape: Shape) -> Batch:
    with_vector = [draft for draft in drafts if draft.vector is not None]
    vectors = np.empty((len(with_vector), shape.dimension), dtype="<f4")
    with np.errstate(over="ignore", invalid="ignore"):
        for line, draft in enumerate(with_vector):
            vectors[line] = draft.vector
        faults = _faults(vectors, shape)
    lines = {draft.place: line for line, draft in enumerate(with_vector)}
    rows = []
    for draft in drafts:
        line = lines.get(draft.place, -1)
        if line >= 0 and faults[line]:
            results[draft.place].code, results[draft.place].detail = FAULTS[faults[line]]
            continue
        raw = vectors[line].tobytes() if line >= 0 else b""
        row_hash = hash_of(raw, draft.payload, draft.document)
        rows.append(
            Row(
                draft.place,
                draft.namespace,
                draft.external_id,
                draft.payload,
                draft.document,
                line,
                row_hash,
            )
        )
    return Batch(results, rows, vectors)


FAULTS = {
    1: ("not_finite", "A number is not finite, or too large for float32."),
    2: ("zero_vector", "The cosine of a zero vector is not defined."),
}


def _faults(vectors: np.ndarray, shape: Shape) -> np.ndarray:
    """0 for a good line, else a key of FAULTS. Shapes: (n,) int8."""
    found = np.where(finite(vectors), 0, 1).astype(np.int8)
    if shape.metric == "cosine":
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        found[(found == 0) & (norms < ZERO_NORM)] = 2
    return found
