"""What every engine offers, and the store of them.

PostgreSQL is the truth: it keeps vectors, payloads and documents. An engine only ranks: `search` answers with row ids
and its own distances, and whoever asked fetches those rows from PostgreSQL, which recomputes the distance, checks
namespace and filter again and drops what is gone. So an engine may lag, lose rows or return deleted ones without
any answer being wrong.

An engine is written by one task per collection through a `Writer`: batches in the order of their sequence number,
each with the current rows (sending one twice changes nothing), then `publish`, after which searches see them.

    store["faiss"] -> "taishang.vectors.backends.faiss.Faiss"       (a dotted path, imported at its first use)
    engine("faiss").search(target, vector, k=10) -> Hits(ids (n,) int64, distances (n,) float32)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.module_loading import import_string

from accounts.registry import Store

if TYPE_CHECKING:
    import numpy as np

MAX_FETCH = 16_384
MAX_SELECTED = 20_000
DATABASE = "pgvector"
INSTALL = "pip install -r requirements-vectors.txt"

store: Store[str] = Store("vector_backends")
store.add(DATABASE, "taishang.vectors.backends.pgvector.Pgvector")
store.add("faiss", "taishang.vectors.backends.faiss.Faiss")
store.add("milvus", "taishang.vectors.backends.milvus.Milvus")


class EngineError(Exception):
    """An engine did not do what was asked. `reason` is a sentence for an operator."""

    code = "engine_down"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Unavailable(EngineError):
    """It does not answer, or not in time. Ask again later; nothing is wrong with what was sent."""


class Damaged(EngineError):
    """What it stored cannot be used: cut, swapped, missing, of another version. Rebuild it."""

    code = "engine_damaged"


class Refused(EngineError):
    """It will never accept this batch, however often it is sent."""

    code = "engine_refused"


class NotInstalled(EngineError):
    """Its package is absent; the reason names the command that brings it."""

    code = "backend_unavailable"


@dataclass(frozen=True)
class Target:
    """One generation of one collection's index: what an engine is asked to make, fill and search.

    `locator` and `sha256` are what `publish` answered last ('' before the first); `seq` is the sequence number
    of the last change in it.
    """

    collection_id: int
    generation: int
    dimension: int
    metric: str
    kind: str
    params: Mapping[str, Any] = field(default_factory=dict)
    shard_count: int = 1
    replication: int = 1
    locator: str = ""
    sha256: str = ""
    bytes: int = 0
    seq: int = 0


@dataclass(frozen=True)
class Hits:
    """Rows by ascending distance in the scale of the metric (cosine 1 - cos, l2 Euclidean, ip -dot).

    Shapes: `ids` (n,) int64, `distances` (n,) float32. `scanned` = rows the engine looked at, as far as it says.
    `exhausted` = it has no further row to offer.
    """

    ids: np.ndarray
    distances: np.ndarray
    exhausted: bool = False
    scanned: int = 0


@dataclass(frozen=True)
class Batch:
    """Current rows to store and ids to forget. Shapes: `ids` (n,) int64, `vectors` (n, dimension) float32."""

    ids: np.ndarray
    vectors: np.ndarray
    deleted: np.ndarray


@dataclass(frozen=True)
class Published:
    """What searches see from now on. Units: bytes on disk or -1 where the engine does not say."""

    locator: str
    sha256: str
    bytes: int
    rows: int
    seq: int
    dead: int = 0


@dataclass(frozen=True)
class Stats:
    """Units: bytes on disk (-1 = unknown). `dead` = rows it still holds although they were deleted."""

    rows: int
    bytes: int = -1
    dead: int = 0


@dataclass(frozen=True)
class Probe:
    """Whether this installation can use the engine; `reason` says why not and what brings it."""

    available: bool
    version: str = ""
    reason: str = ""
    command: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


class Writer(ABC):
    """One task's hold on one target."""

    @abstractmethod
    def apply(self, batch: Batch) -> None:
        """Store and forget; the same batch again changes nothing. Raises Unavailable, Refused, Damaged."""

    @abstractmethod
    def publish(self, *, seq: int) -> Published:
        """Make everything applied visible to searches, durably. Raises Unavailable, Damaged."""


class Backend(ABC):
    """Where a collection's vectors are searched. Objects hold no connection before their first call, so that they
    may be made before a fork."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]]
    limits: ClassVar[Mapping[str, int]] = {}

    @abstractmethod
    def probe(self) -> Probe:
        """Ask whether it can be used, at most two seconds long."""

    @abstractmethod
    def stats(self, target: Target) -> Stats:
        """How much it holds. Raises Unavailable, Damaged."""


class Engine(Backend):
    """One outside the database: it is sent what changes, and ranks."""

    # Whether rows become visible in whole snapshots only, which cost as much as the index is large.
    in_snapshots: ClassVar[bool] = False

    @abstractmethod
    def create(self, target: Target) -> None:
        """Make an empty index; one that exists stays. Raises EngineError."""

    @abstractmethod
    def drop(self, target: Target) -> None:
        """Remove a generation and its files; one that is gone already is fine. Raises EngineError."""

    @abstractmethod
    def writer(self, target: Target) -> AbstractContextManager[Writer]:
        """The right to change a target. The caller sees to it that only one task holds it."""

    @abstractmethod
    def search(
        self,
        target: Target,
        vector: np.ndarray,
        *,
        k: int,
        ef_search: int | None = None,
        selector: np.ndarray | None = None,
        timeout_s: float = 2.0,
    ) -> Hits:
        """The k nearest rows, among the ids of `selector` (at most 20,000) where one is given.

        Shapes: `vector` (dimension,) float32. Raises Unavailable, Damaged.
        """

    @abstractmethod
    def ids(self, target: Target) -> Iterator[np.ndarray]:
        """Every id it would return, ascending, in arrays of any length. Raises Unavailable, Damaged."""

    @abstractmethod
    def held(self) -> Iterator[tuple[int, int]]:
        """Collection and generation of everything it stores for this installation. Raises Unavailable."""


@cache
def get(name: str) -> Backend:
    """The place of this name, the database included. Raises NotInstalled, KeyError."""
    path = store[name]
    try:
        return import_string(path)()
    except ImportError as error:
        raise NotInstalled(f"The package for {name} is absent ({error.name}): {INSTALL}") from error


def engine(name: str) -> Engine:
    """The one outside the database of this name. Raises NotInstalled, KeyError, LookupError for the database."""
    found = get(name)
    if not isinstance(found, Engine):
        raise LookupError(f"{name} is the database itself")
    return found
