"""FAISS: an index per collection in files that are written whole, checked before use and never changed.

A snapshot is three files: the index over positions 0 to n-1, the row id of each position (-1 = dead), and a manifest
that names both with size and SHA-256. The manifest's own hash stands in the row of the generation, so whoever reads
follows one chain from the database to every byte. Nothing of it is searched before it was checked, because touching
a mapped file that was cut kills the process.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import faiss
import numpy as np
from django.conf import settings

from taishang.vectors.backends import snapshots
from taishang.vectors.backends.base import (
    Batch,
    Damaged,
    Engine,
    Hits,
    Probe,
    Published,
    Refused,
    Stats,
    Target,
    Unavailable,
    Writer,
)

MAX_ROWS = 5_000_000
MIN_EF = 40
MAX_EF = 1_000
MIN_IVF_ROWS = 10_000
MAX_DEAD_SHARE = 0.10
CHUNK_ROWS = 10_000
NO_ROW = -1
# How long a task waits for a snapshot to be read.
PATIENCE_SECONDS = 600.0
MAPPED = faiss.IO_FLAG_MMAP_IFC


@dataclass
class Opened:
    """A checked snapshot. `live` is None while no position is dead."""

    snapshot: snapshots.Snapshot
    index: faiss.Index
    ids: np.ndarray
    live: np.ndarray | None


class Faiss(Engine):
    name = "faiss"
    kinds = ("flat", "hnsw", "ivfflat")
    limits: ClassVar[Mapping[str, int]] = {"rows": MAX_ROWS, "dimension": 16_000}
    in_snapshots = True

    def __init__(self) -> None:
        self._opened: dict[tuple[int, int], Opened] = {}
        self._coming: dict[tuple[int, str], Future[Opened]] = {}
        self._lock = threading.Lock()

    def probe(self) -> Probe:
        """Write, map and search a small index: the mapping flag is the part that a build may lack."""
        try:
            folder = root()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = folder / f".probe-{os.getpid()}-{threading.get_ident()}"
            index = faiss.IndexFlatL2(2)
            index.add(np.zeros((1, 2), "f4"))
            try:
                faiss.write_index(index, str(file))
                faiss.read_index(str(file), MAPPED).search(np.zeros((1, 2), "f4"), 1)
            finally:
                file.unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:
            reason = f"It cannot write or map files: {error}"[:300]
            return Probe(available=False, version=faiss.__version__, reason=reason)
        free = shutil.disk_usage(folder).free
        return Probe(available=True, version=faiss.__version__, details={"free_bytes": free})

    def create(self, target: Target) -> None:
        _folder(target).mkdir(parents=True, exist_ok=True, mode=0o700)

    def drop(self, target: Target) -> None:
        with self._lock:
            self._opened.pop((target.collection_id, target.generation), None)
        shutil.rmtree(_folder(target), ignore_errors=True)
        with suppress(OSError):
            _folder(target).parent.rmdir()

    @contextmanager
    def writer(self, target: Target) -> Iterator[Writer]:
        self.create(target)
        with (_folder(target) / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Unavailable("Another process is writing this index.") from error
            yield FaissWriter(target)

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
        opened = self._open(target, seconds=timeout_s)
        if opened is None:
            return Hits(np.empty(0, "i8"), np.empty(0, "f4"), exhausted=True)
        mask = opened.live
        if selector is not None:
            chosen = np.isin(opened.ids, selector)
            mask = chosen if mask is None else chosen & mask
        # The web serves many requests at once: one of them takes one core.
        faiss.omp_set_num_threads(1)
        return _searched(opened, _query(target, vector), k, _effort(k, ef_search), mask, target)

    def ids(self, target: Target) -> Iterator[np.ndarray]:
        opened = self._open(target)
        if opened is not None:
            yield np.sort(opened.ids[opened.ids != NO_ROW])

    def held(self) -> Iterator[tuple[int, int]]:
        for folder in root().glob("*/g*"):
            if folder.parent.name.isdigit() and folder.name[1:].isdigit():
                yield int(folder.parent.name), int(folder.name[1:])

    def stats(self, target: Target) -> Stats:
        opened = self._open(target)
        if opened is None:
            return Stats(0, 0)
        dead = int(np.count_nonzero(opened.ids == NO_ROW))
        return Stats(len(opened.ids) - dead, opened.snapshot.bytes, dead)

    def _open(self, target: Target, *, seconds: float = PATIENCE_SECONDS) -> Opened | None:
        """The snapshot the target names, mapped and checked; None before the first.

        A new one is read in a thread of its own: a search waits for it as long as it may, the next one finds it.
        Raises Damaged, Unavailable.
        """
        if not target.locator:
            return None
        key = (target.collection_id, target.generation)
        opened = self._opened.get(key)
        if opened is None or opened.snapshot.locator != target.locator:
            opened = self._loaded(key, target, seconds)
        try:
            opened.snapshot.still_whole()
        except Damaged:
            self._opened.pop(key, None)
            raise
        return opened

    def _loaded(self, key: tuple[int, int], target: Target, seconds: float) -> Opened:
        name = (os.getpid(), target.locator)
        with self._lock:
            coming = self._coming.get(name)
            if coming is None:
                coming = self._coming[name] = Future()
                threading.Thread(
                    target=self._load, args=(key, name, target, coming), daemon=True
                ).start()
        try:
            return coming.result(seconds)
        except TimeoutError as error:
            raise Unavailable("A new snapshot is still being checked.") from error

    def _load(
        self, key: tuple[int, int], name: tuple[int, str], target: Target, coming: Future[Opened]
    ) -> None:
        try:
            self._opened[key] = opened = load(target, MAPPED)
        except Exception as error:  # noqa: BLE001 it is raised where somebody waits for it
            coming.set_exception(error)
        else:
            coming.set_result(opened)
        with self._lock:
            self._coming.pop(name, None)


class FaissWriter(Writer):
    """The whole index in memory: what the last snapshot held, and what was applied since."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.index = make(target, "flat" if target.kind == "ivfflat" else target.kind)
        self.ids = np.empty(0, "i8")
        if target.locator:
            found = load(target, 0)
            self.index, self.ids = found.index, found.ids.copy()

    def apply(self, batch: Batch) -> None:
        gone = np.concatenate([batch.ids, batch.deleted])
        if len(gone) and len(self.ids):
            self.ids[np.isin(self.ids, gone)] = NO_ROW
        if len(self.ids) + len(batch.ids) > MAX_ROWS * (1 + MAX_DEAD_SHARE):
            raise Refused(f"FAISS serves at most {MAX_ROWS:,} rows of one collection; use Milvus.")
        if len(batch.ids):
            self.index.add(_prepared(self.target, batch.vectors))
            self.ids = np.concatenate([self.ids, batch.ids.astype("i8")])

    def publish(self, *, seq: int) -> Published:
        live = self.ids != NO_ROW
        rows, dead = int(live.sum()), int((~live).sum())
        wanted = self._kind(rows)
        if dead > MAX_DEAD_SHARE * max(1, len(self.ids)) or wanted != _kind_of(self.index):
            self._rebuild(wanted, live)
            dead = 0
        facts = {
            "rows": rows,
            "dims": self.target.dimension,
            "metric": self.target.metric,
            "kind": wanted,
            "seq": seq,
            "dead": dead,
            "version": faiss.__version__,
        }
        written = snapshots.write(
            _folder(self.target),
            facts,
            {
                "index": lambda path: faiss.write_index(self.index, str(path)),
                "ids": lambda path: self.ids.tofile(path),
            },
        )
        return Published(written.locator, written.sha256, written.bytes, rows, seq, dead)

    def _kind(self, rows: int) -> str:
        """Lists are learnt from rows, so a small ivfflat index is a flat one."""
        kind = self.target.kind
        return "flat" if kind == "ivfflat" and rows < MIN_IVF_ROWS else kind

    def _rebuild(self, kind: str, live: np.ndarray) -> None:
        old, places = self.index, np.flatnonzero(live)
        if _kind_of(old) == "ivfflat":
            old.make_direct_map()
        self.index = make(self.target, kind, rows=len(places))
        for start in range(0, len(places), CHUNK_ROWS):
            chunk = old.reconstruct_batch(places[start : start + CHUNK_ROWS])
            if not self.index.is_trained:
                sample = places[:: max(1, len(places) // (64 * self.index.nlist))]
                self.index.train(old.reconstruct_batch(sample))
            self.index.add(chunk)
        self.ids = self.ids[places]


def make(target: Target, kind: str, *, rows: int = 0) -> Any:
    """An empty index; `rows` decides the number of lists."""
    metric = faiss.METRIC_L2 if target.metric == "l2" else faiss.METRIC_INNER_PRODUCT
    if kind == "hnsw":
        index = faiss.IndexHNSWFlat(target.dimension, int(target.params.get("m") or 16), metric)
        index.hnsw.efConstruction = int(target.params.get("ef_construction") or 200)
        return index
    flat = faiss.IndexFlat(target.dimension, metric)
    if kind == "flat":
        return flat
    lists = int(target.params.get("lists") or 0) or (
        rows // 1000 if rows <= 1_000_000 else int(rows**0.5)
    )
    index = faiss.IndexIVFFlat(flat, target.dimension, max(1, lists), metric)
    flat.this.disown()
    index.own_fields = True
    index.nprobe = max(1, int(max(1, lists) ** 0.5))
    return index


def load(target: Target, flags: int) -> Opened:
    """Read the snapshot a target names after checking every byte. Raises Damaged."""
    snapshot = snapshots.read(root(), target.locator, target.sha256)
    facts = snapshot.facts
    expected = (target.dimension, target.metric, faiss.__version__)
    if (facts.get("dims"), facts.get("metric"), facts.get("version")) != expected:
        raise Damaged(f"The snapshot is of another index or of FAISS {facts.get('version')}.")
    try:
        index = faiss.read_index(str(snapshot.path("index")), flags)
        ids = np.fromfile(snapshot.path("ids"), "i8")
    except (OSError, RuntimeError) as error:
        raise Damaged(f"The snapshot cannot be read: {error}"[:300]) from error
    if index.ntotal != len(ids):
        raise Damaged("The snapshot's index and ids are of different length.")
    live = ids != NO_ROW
    return Opened(snapshot, index, ids, None if live.all() else live)


def root() -> Path:
    return Path(settings.DATA_DIR) / "vectors" / "faiss"


def _folder(target: Target) -> Path:
    return root() / str(target.collection_id) / f"g{target.generation}"


def _prepared(target: Target, vectors: np.ndarray) -> np.ndarray:
    """float32 rows as the index wants them: cosine is the inner product of unit vectors."""
    rows = np.ascontiguousarray(vectors, "f4")
    if target.metric == "cosine" and len(rows):
        rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-30)
    return rows


def _query(target: Target, vector: np.ndarray) -> np.ndarray:
    return _prepared(target, np.asarray(vector, "f4").reshape(1, -1))


def _effort(k: int, ef_search: int | None) -> int:
    return max(k, min(MAX_EF, max(MIN_EF, 2 * k, ef_search or 0)))


def _searched(
    opened: Opened, query: np.ndarray, k: int, effort: int, mask: np.ndarray | None, target: Target
) -> Hits:
    kind = _kind_of(opened.index)
    alive = len(opened.ids) if mask is None else int(np.count_nonzero(mask))
    wanted = min(k, alive)
    if wanted == 0:
        return Hits(np.empty(0, "i8"), np.empty(0, "f4"), exhausted=True)
    parameters = _parameters(opened.index, kind, effort)
    if mask is not None:
        bits = np.packbits(mask, bitorder="little")
        parameters.sel = faiss.IDSelectorBitmap(bits)
    values, places = opened.index.search(query, wanted, params=parameters)
    found = places[0] >= 0
    ids, distances = opened.ids[places[0][found]], _distances(target.metric, values[0][found])
    order = np.lexsort((ids, distances))
    return Hits(
        ids[order], distances[order], exhausted=len(ids) == alive, scanned=max(effort, len(ids))
    )


def _parameters(index: Any, kind: str, effort: int) -> Any:
    if kind == "hnsw":
        return faiss.SearchParametersHNSW(efSearch=effort)
    if kind == "ivfflat":
        probes = max(index.nprobe, effort // 100)
        return faiss.SearchParametersIVF(nprobe=min(index.nlist, probes))
    return faiss.SearchParameters()


def _distances(metric: str, values: np.ndarray) -> np.ndarray:
    if metric == "l2":
        return np.sqrt(np.maximum(values, 0))
    return 1 - values if metric == "cosine" else -values


def _kind_of(index: Any) -> str:
    if isinstance(index, faiss.IndexHNSW):
        return "hnsw"
    return "ivfflat" if isinstance(index, faiss.IndexIVF) else "flat"
