"""A search as it is asked for, checked whole: every fault at once, each with its JSON pointer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taishang.models import VectorCollection
from taishang.models.vectors import MAX_DOCUMENT, MAX_EXTERNAL_ID
from taishang.vectors import ceilings, rows
from taishang.vectors.filters import parsing
from taishang.vectors.filters.grammar import Node
from taishang.vectors.filters.parsing import FilterInvalid
from taishang.vectors.rows import RowFault

MAX_TOP_K = 1_000
MAX_NAMESPACES = 20
EVERYWHERE = "*"
INCLUDES = ("payload", "document", "vector")
SOURCES = ("vector", "vector_b64", "text", "id")
FIELDS = frozenset(
    {
        *SOURCES,
        "top_k",
        "namespace",
        "filter",
        "exact",
        "ef_search",
        "min_score",
        "include",
        "hybrid",
        "timeout_ms",
        "explain",
    }
)
HYBRID_FIELDS = frozenset({"keyword", "weights", "k", "candidates"})


class QueryInvalid(Exception):
    """The search cannot be understood. `faults` are (pointer, code, detail)."""

    def __init__(self, faults: list[tuple[str, str, str]]) -> None:
        super().__init__("; ".join(detail for _pointer, _code, detail in faults))
        self.faults = faults


class WrongDimension(Exception):
    """The query's vector has another dimension than the collection."""

    code = "wrong_dimension"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


@dataclass(frozen=True)
class Hybrid:
    """How the words' ranks and the vector's ranks are joined. `keyword` None means the query's text."""

    keyword: str | None = None
    weights: tuple[float, float] = (1.0, 1.0)
    k: int = 60
    candidates: int = 100


@dataclass(frozen=True)
class Query:
    """One search. Shapes: `vector` (dimension,) float64. `namespaces` None means all. Units: `timeout_ms` ms."""

    vector: np.ndarray | None = field(default=None, repr=False, compare=False)
    text: str | None = None
    like: str | None = None
    namespaces: tuple[str, ...] | None = ("",)
    filter: Node | None = None
    filter_fields: tuple[str, ...] = ()
    top_k: int = 10
    exact: bool = False
    ef_search: int | None = None
    min_score: float | None = None
    include: tuple[str, ...] = ("payload",)
    hybrid: Hybrid | None = None
    timeout_ms: int = 2_000
    explain: bool = False

    @property
    def keyword(self) -> str:
        """The words searched for, empty without a keyword leg."""
        if self.hybrid is None:
            return ""
        return self.hybrid.keyword if self.hybrid.keyword is not None else self.text or ""

    @property
    def has_vector_leg(self) -> bool:
        return self.vector is not None or self.text is not None or self.like is not None


def read(sent: Any, collection: VectorCollection) -> Query:
    """Raises QueryInvalid, WrongDimension."""
    if not isinstance(sent, Mapping):
        raise QueryInvalid([("", "invalid", "A search is an object.")])
    reader = _Reader(sent, collection)
    query = reader.query()
    if reader.faults:
        raise QueryInvalid(reader.faults)
    return query


class _Reader:
    def __init__(self, sent: Mapping[str, Any], collection: VectorCollection) -> None:
        self.sent = sent
        self.collection = collection
        self.faults: list[tuple[str, str, str]] = []

    def query(self) -> Query:
        for name in self.sent.keys() - FIELDS:
            self.fault(f"/{_escaped(name)}", "unknown_field", "A search takes no such field.")
        default = ceilings.value("query_timeout_ms", self.collection.workspace_id)
        hybrid = self.hybrid()
        self.one_source(hybrid)
        node, fields = self.filter()
        return Query(
            vector=self.vector(),
            text=self.text("text", MAX_DOCUMENT),
            like=self.text("id", MAX_EXTERNAL_ID),
            namespaces=self.namespaces(),
            filter=node,
            filter_fields=fields,
            top_k=self.integer("top_k", 10, 1, MAX_TOP_K) or 10,
            exact=self.boolean("exact"),
            ef_search=self.integer("ef_search", None, 1, 1_000),
            min_score=self.number("min_score"),
            include=self.include(),
            hybrid=hybrid,
            timeout_ms=self.integer("timeout_ms", default, 50, 10_000) or default,
            explain=self.boolean("explain"),
        )

    def fault(self, pointer: str, code: str, detail: str) -> None:
        self.faults.append((pointer, code, detail))

    def one_source(self, hybrid: Hybrid | None) -> None:
        given = [name for name in SOURCES if self.sent.get(name) is not None]
        words_alone = hybrid is not None and hybrid.keyword is not None
        if len(given) > 1 or (not given and not words_alone):
            detail = "Send exactly one of vector, vector_b64, text and id, or hybrid.keyword alone."
            self.fault(f"/{given[1]}" if len(given) > 1 else "", "one_of", detail)

    def vector(self) -> np.ndarray | None:
        plain, packed = self.sent.get("vector"), self.sent.get("vector_b64")
        if plain is None and packed is None:
            return None
        name, dimension = ("vector", self.collection.dimension)
        try:
            if plain is not None:
                found = rows.listed(plain, dimension)
            else:
                name, found = "vector_b64", rows.unpacked(packed, dimension)
            return self.usable(found, name)
        except RowFault as fault:
            if fault.code == "wrong_dimension":
                raise WrongDimension(fault.detail) from fault
            self.fault(f"/{name}", fault.code, fault.detail)
            return None

    def usable(self, found: np.ndarray, name: str) -> np.ndarray:
        with np.errstate(over="ignore", invalid="ignore"):
            values = found.astype(np.float32)
        if not np.isfinite(values).all():
            self.fault(f"/{name}", *rows.FAULTS[1])
        elif self.collection.metric == "cosine" and np.linalg.norm(values) < rows.ZERO_NORM:
            self.fault(f"/{name}", *rows.FAULTS[2])
        return values

    def text(self, name: str, most: int) -> str | None:
        value = self.sent.get(name)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and name == "id":
            value = str(value)
        if not isinstance(value, str) or not value.strip() or len(value) > most or "\x00" in value:
            self.fault(f"/{name}", "invalid", f"Text of 1 to {most} characters.")
            return None
        return value

    def namespaces(self) -> tuple[str, ...] | None:
        value = self.sent.get("namespace", "")
        if value == EVERYWHERE:
            return None
        names = value if isinstance(value, list) else [value]
        if not 1 <= len(names) <= MAX_NAMESPACES:
            self.fault("/namespace", "invalid", f"1 to {MAX_NAMESPACES} namespaces, or *.")
            return ("",)
        try:
            return tuple(sorted({rows.namespace_of(name) for name in names}))
        except RowFault as fault:
            self.fault("/namespace", fault.code, fault.detail)
            return ("",)

    def filter(self) -> tuple[Node | None, tuple[str, ...]]:
        raw = self.sent.get("filter")
        types = {one["path"]: one["type"] for one in self.collection.filterable}
        try:
            node = parsing.parse(raw, types)
        except FilterInvalid as error:
            for fault in error.faults:
                self.fault(f"/filter{fault.pointer}", fault.code, fault.detail)
            return None, ()
        return node, tuple(sorted(_fields(raw)))

    def include(self) -> tuple[str, ...]:
        value = self.sent.get("include", ["payload"])
        if not isinstance(value, list) or any(name not in INCLUDES for name in value):
            self.fault("/include", "invalid", f"A list of {', '.join(INCLUDES)}.")
            return ()
        return tuple(name for name in INCLUDES if name in value)

    def hybrid(self) -> Hybrid | None:
        value = self.sent.get("hybrid")
        if value is None:
            return None
        if not isinstance(value, Mapping) or value.keys() - HYBRID_FIELDS:
            detail = f"An object of {', '.join(sorted(HYBRID_FIELDS))}."
            self.fault("/hybrid", "invalid", detail)
            return None
        inner = _Reader(value, self.collection)
        found = Hybrid(
            inner.text("keyword", MAX_DOCUMENT),
            inner.weights(),
            inner.integer("k", 60, 1, 1_000) or 60,
            inner.integer("candidates", 100, 20, 1_000) or 100,
        )
        self.faults += [(f"/hybrid{pointer}", *rest) for pointer, *rest in inner.faults]
        if found.keyword is None and self.sent.get("text") is None:
            self.fault("/hybrid/keyword", "required", "Say which words, or search by text.")
        return found

    def weights(self) -> tuple[float, float]:
        value = self.sent.get("weights", [1, 1])
        fits = isinstance(value, list) and len(value) == 2
        if not fits or not all(type(one) in rows.NUMBERS and 0 <= one <= 10 for one in value):
            self.fault("/weights", "invalid", "Two numbers from 0 to 10: vector, keyword.")
            return (1.0, 1.0)
        return (float(value[0]), float(value[1]))

    def integer(self, name: str, default: int | None, low: int, high: int) -> int | None:
        value = self.sent.get(name)
        if value is None:
            return default
        if type(value) is not int or not low <= value <= high:
            self.fault(f"/{name}", "invalid", f"A whole number from {low} to {high}.")
            return default
        return value

    def number(self, name: str) -> float | None:
        value = self.sent.get(name)
        if value is None:
            return None
        if type(value) not in rows.NUMBERS or not math.isfinite(value):
            self.fault(f"/{name}", "invalid", "A number.")
            return None
        return float(value)

    def boolean(self, name: str) -> bool:
        value = self.sent.get(name, False)
        if not isinstance(value, bool):
            self.fault(f"/{name}", "invalid", "true or false.")
            return False
        return value


def _fields(raw: Any) -> set[str]:
    """The fields a filter names."""
    if isinstance(raw, list):
        return {name for one in raw for name in _fields(one)}
    if not isinstance(raw, Mapping):
        return set()
    if isinstance(raw.get("field"), str):
        return {raw["field"]}
    return {name for one in raw.values() for name in _fields(one)}


def _escaped(name: object) -> str:
    return str(name)[:100].replace("~", "~0").replace("/", "~1")
