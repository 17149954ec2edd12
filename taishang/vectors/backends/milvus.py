"""Milvus by its own client: one collection of ids and vectors per generation, PostgreSQL keeps the rest.

Without `MILVUS_URI` it is Milvus Lite, which one process alone may hold: the supervisor runs it on the loopback
address and writes down where. Every call has a deadline, and after three failures in a row nobody waits for it until
it answers a probe again.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import ClassVar, TypeVar

import grpc
import numpy as np
import pymilvus
from django.conf import settings
from pymilvus import DataType, MilvusClient, MilvusException

from accounts.breaker import Breaker
from taishang.vectors.backends import side
from taishang.vectors.backends.base import (
    MAX_FETCH,
    Batch,
    Damaged,
    Engine,
    EngineError,
    Hits,
    Probe,
    Published,
    Refused,
    Stats,
    Target,
    Unavailable,
    Writer,
)

READ_SECONDS = 2.0
WRITE_SECONDS = 30.0
PAGE_ROWS = 10_000
SENT_ROWS = 1_000
METRICS = {"cosine": "COSINE", "l2": "L2", "ip": "IP"}
KINDS = {"flat": "FLAT", "hnsw": "HNSW", "ivfflat": "IVF_FLAT"}
ABSENT, NOT_LOADED = 100, 101
# Codes of the server for what will never be accepted: illegal argument, dimension mismatch, bad schema.
PERMANENT = frozenset({5, 6, 1100, 1801, 1802, 1804})
NAME = re.compile(r"tai_(\d+)_g(\d+)")
NOTHING = (np.empty(0, "i8"), np.empty(0, "f4"))
Answer = TypeVar("Answer")
# The client logs every failed call with its trace; each of them reaches our own log as a sentence.
logging.getLogger("pymilvus").setLevel(logging.CRITICAL)


class Milvus(Engine):
    name = "milvus"
    kinds = ("flat", "hnsw", "ivfflat")
    limits: ClassVar[Mapping[str, int]] = {"dimension": 32_768, "top_k": MAX_FETCH}

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._client: MilvusClient | None = None
        self._made_for: tuple[int, str] = (0, "")
        self._breaker = Breaker("Milvus", self._answers)

    def probe(self) -> Probe:
        """Milvus Lite counts as available before it runs: the first collection brings it up."""
        lite = not settings.MILVUS_URI
        if lite and not side.is_wanted():
            return Probe(
                available=side.installed(),
                version=pymilvus.__version__,
                reason=side.REASON,
                details={"lite": True, "running": False},
            )
        try:
            version = self._call(lambda client: client.get_server_version(timeout=READ_SECONDS))
        except EngineError as error:
            return Probe(available=False, reason=error.reason, details={"lite": lite})
        return Probe(available=True, version=str(version), details={"lite": lite, "running": True})

    def create(self, target: Target) -> None:
        side.want()
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("id", DataType.INT64, is_primary=True)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=target.dimension)
        index = MilvusClient.prepare_index_params()
        index.add_index(
            "vector",
            index_type=KINDS[target.kind],
            metric_type=METRICS[target.metric],
            params=_build_params(target),
        )

        def make(client: MilvusClient) -> None:
            if not client.has_collection(_name(target), timeout=READ_SECONDS):
                client.create_collection(
                    _name(target),
                    schema=schema,
                    index_params=index,
                    consistency_level="Strong",
                    num_shards=target.shard_count,
                    timeout=WRITE_SECONDS,
                )
            client.load_collection(
                _name(target), replica_number=target.replication, timeout=WRITE_SECONDS
            )

        self._call(make, patient=True)

    def drop(self, target: Target) -> None:
        self._call(lambda client: client.drop_collection(_name(target), timeout=WRITE_SECONDS))

    @contextmanager
    def writer(self, target: Target) -> Iterator[Writer]:
        """A collection that was published before is not made again: it would hold the newest rows alone."""
        if not target.locator:
            self.create(target)
        elif not self.reach(
            lambda client: client.has_collection(_name(target), timeout=READ_SECONDS)
        ):
            raise Damaged("Milvus has lost the collection.")
        yield MilvusWriter(self, target)

    def search(
        self,
        target: Target,
        vector: np.ndarray,
        *,
        k: int,
        ef_search: int | None = None,
        selector: np.ndarray | None = None,
        timeout_s: float = READ_SECONDS,
    ) -> Hits:
        wanted = min(k, MAX_FETCH)
        effort = max(wanted, ef_search or 0, 40)
        if not target.locator:
            return Hits(*NOTHING, exhausted=True)
        found = self._ask(
            target,
            lambda client: client.search(
                _name(target),
                [np.asarray(vector, "f4").tolist()],
                limit=wanted,
                filter="" if selector is None else _among(selector),
                output_fields=["id"],
                search_params={
                    "metric_type": METRICS[target.metric],
                    "params": {"ef": effort, "nprobe": max(16, effort // 10)},
                },
                timeout=min(timeout_s, READ_SECONDS),
            ),
        )[0]
        ids = np.array([hit["id"] for hit in found], "i8")
        distances = _distances(target.metric, np.array([hit["distance"] for hit in found], "f4"))
        order = np.lexsort((ids, distances))
        return Hits(
            ids[order],
            distances[order],
            exhausted=len(ids) < wanted,
            scanned=max(effort, len(ids)),
        )

    def ids(self, target: Target) -> Iterator[np.ndarray]:
        last = -1
        while target.locator:
            after = f"id > {last}"
            page = self._ask(
                target,
                lambda client, after=after: client.query(
                    _name(target),
                    filter=after,
                    output_fields=["id"],
                    limit=PAGE_ROWS,
                    timeout=WRITE_SECONDS,
                ),
            )
            found = np.sort(np.array([row["id"] for row in page], "i8"))
            if not len(found):
                return
            yield found
            last = int(found[-1])

    def held(self) -> Iterator[tuple[int, int]]:
        if not (settings.MILVUS_URI or side.is_wanted()):
            return
        for name in self._call(lambda client: client.list_collections(timeout=READ_SECONDS)):
            if found := NAME.fullmatch(name):
                yield int(found[1]), int(found[2])

    def stats(self, target: Target) -> Stats:
        if not target.locator:
            return Stats(0)
        found = self._ask(
            target,
            lambda client: client.query(
                _name(target), output_fields=["count(*)"], timeout=READ_SECONDS
            ),
        )
        return Stats(int(found[0]["count(*)"]))

    def _ask(self, target: Target, call: Callable[[MilvusClient], Answer]) -> Answer:
        """A call that reads; after a restart of the server the collection is loaded first."""

        def loaded(client: MilvusClient) -> Answer:
            try:
                return call(client)
            except MilvusException as error:
                if error.code != NOT_LOADED:
                    raise
                client.load_collection(_name(target), timeout=READ_SECONDS)
                return call(client)

        return self._call(loaded)

    def reach(self, call: Callable[[MilvusClient], Answer]) -> Answer:
        return self._call(call, patient=True)

    def _call(self, call: Callable[[MilvusClient], Answer], *, patient: bool = False) -> Answer:
        """Ask through the breaker. Raises Unavailable, Refused. `patient` = a worker, which may find out."""
        if not patient and not self._breaker.allows():
            raise Unavailable("Milvus does not answer.")
        began = time.monotonic()
        try:
            answer = call(self._connected())
        except MilvusException as error:
            if error.code == ABSENT:
                raise Damaged("Milvus has lost the collection.") from error
            if error.code in PERMANENT:
                raise Refused(str(error.message)[:300]) from error
            raise self._lost(error, began) from error
        except (grpc.RpcError, OSError) as error:
            raise self._lost(error, began) from error
        self._breaker.succeeded(0)
        return answer

    def _lost(self, error: Exception, began: float) -> Unavailable:
        text = str(getattr(error, "message", error))[:200]
        self._forget()
        self._breaker.failed(type(error).__name__, time.monotonic() - began)
        return Unavailable(f"Milvus does not answer: {text}")

    def _connected(self) -> MilvusClient:
        """This process's client: gRPC does not survive a fork, and Milvus Lite may come back elsewhere."""
        uri = settings.MILVUS_URI or side.address()
        if not uri:
            raise Unavailable("Milvus Lite is not running; the supervisor starts it.")
        with self._lock:
            wanted = (os.getpid(), uri)
            if self._client is None or self._made_for != wanted:
                self._client = MilvusClient(
                    uri=uri,
                    token=settings.MILVUS_TOKEN,
                    db_name=settings.MILVUS_DATABASE,
                    timeout=READ_SECONDS,
                )
                self._made_for = wanted
            return self._client

    def _forget(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None and self._made_for[0] == os.getpid():
            with suppress(MilvusException, grpc.RpcError, ValueError):
                client.close()

    def _answers(self) -> bool:
        try:
            self._connected().get_server_version(timeout=READ_SECONDS)
        except (MilvusException, grpc.RpcError, OSError, Unavailable):
            self._forget()
            return False
        return True


class MilvusWriter(Writer):
    """Writes are visible at once (consistency Strong); one task per collection holds this."""

    def __init__(self, engine: Milvus, target: Target) -> None:
        self.engine = engine
        self.target = target

    def apply(self, batch: Batch) -> None:
        name = _name(self.target)
        for start in range(0, len(batch.ids), SENT_ROWS):
            part = slice(start, start + SENT_ROWS)
            rows = [
                {"id": int(number), "vector": vector}
                for number, vector in zip(batch.ids[part], batch.vectors[part], strict=True)
            ]
            self.engine.reach(
                lambda client, rows=rows: client.upsert(name, rows, timeout=WRITE_SECONDS)
            )
        for start in range(0, len(batch.deleted), SENT_ROWS):
            gone = [int(number) for number in batch.deleted[start : start + SENT_ROWS]]
            self.engine.reach(
                lambda client, gone=gone: client.delete(name, ids=gone, timeout=WRITE_SECONDS)
            )

    def publish(self, *, seq: int) -> Published:
        name = _name(self.target)
        rows = self.engine.stats(replace(self.target, locator=name)).rows
        return Published(name, "", -1, rows, seq)


def _name(target: Target) -> str:
    return f"tai_{target.collection_id}_g{target.generation}"


def _among(selector: np.ndarray) -> str:
    return f"id in [{','.join(str(int(number)) for number in selector)}]"


def _build_params(target: Target) -> dict[str, int]:
    if target.kind == "hnsw":
        return {
            "M": int(target.params.get("m") or 16),
            "efConstruction": int(target.params.get("ef_construction") or 200),
        }
    if target.kind == "ivfflat":
        return {"nlist": int(target.params.get("lists") or 128)}
    return {}


def _distances(metric: str, values: np.ndarray) -> np.ndarray:
    """Milvus answers similarities for cosine and ip, squares for l2."""
    if metric == "l2":
        return np.sqrt(np.maximum(values, 0))
    return 1 - values if metric == "cosine" else -values
