"""One collection of alice's workspace on one engine, written and searched as the platform does it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from laojun.audit import Actor
from taishang.models import VectorCollection, VectorIndex, VectorState
from taishang.vectors import (
    collections,
    deleting,
    generations,
    outbox,
    queries,
    querying,
    standing,
    writing,
)
from taishang.vectors.backends import base
from taishang.vectors.collections import By
from tests.taishang.conftest import Bench


@dataclass
class Shelf:
    bench: Bench
    collection: VectorCollection

    @classmethod
    def make(cls, bench: Bench, backend: str, **values: Any) -> "Shelf":
        fields = {
            "name": "shelf",
            "dimension": 8,
            "metric": "cosine",
            "index_type": "flat",
            **values,
        }
        with bench.inside():
            collection = collections.create(
                workspace_id=bench.person.workspace.id,
                by=By(Actor.system("test")),
                values={"backend": backend, **fields},
            )
        return cls(bench, collection)

    def write(
        self, vectors: dict[str, Any], *, namespace: str = "", **more: dict[str, Any]
    ) -> dict[str, int]:
        """`more` maps payload or document to values by id. Answers the row id of each external id."""
        sent = [
            {"id": name, "vector": [float(one) for one in vector], "namespace": namespace}
            | {field: values[name] for field, values in more.items() if name in values}
            for name, vector in vectors.items()
        ]
        for start in range(0, len(sent), 1000):
            with self.bench.inside():
                writing.upsert(collection=self.collection, sent=sent[start : start + 1000])
        return self.ids(namespace)

    def delete(self, *names: str, namespace: str = "") -> None:
        with self.bench.inside():
            deleting.by_ids(collection=self.collection, external_ids=names, namespace=namespace)

    def ids(self, namespace: str = "") -> dict[str, int]:
        with self.bench.inside():
            rows = self.collection.vectors.filter(namespace=namespace)
            return dict(rows.values_list("external_id", "id"))

    def publish(self) -> Any:
        return self.run(outbox.PUBLISH)

    def run(self, kind: str) -> Any:
        """Run one task of this kind; answers its last state."""
        task = outbox.ask(
            kind,
            collection_id=self.collection.pk,
            workspace_id=self.collection.workspace_id,
        )
        self.bench.work()
        return self.bench.now(task)

    @property
    def state(self) -> VectorState:
        with self.bench.inside():
            return VectorState.objects.get(pk=self.collection.pk)

    @property
    def index(self) -> VectorIndex | None:
        with self.bench.inside():
            return generations.active(self.collection.pk)

    @property
    def changes(self) -> list[Any]:
        with self.bench.inside():
            return list(self.collection.changes.order_by("seq"))

    @property
    def target(self) -> base.Target:
        return generations.target(self.collection, self.index)

    @property
    def engine(self) -> base.Backend:
        return base.get(self.collection.backend)

    def held(self) -> list[int]:
        """What the engine itself would return."""
        pages = list(self.engine.ids(self.target))
        return np.concatenate(pages).tolist() if pages else []

    def search(self, vector: Any = None, top_k: int = 10, **body: Any) -> querying.Reply:
        """What the platform answers. `body` as over HTTP."""
        sent = {"top_k": top_k, **body}
        if vector is not None:
            sent["vector"] = [float(one) for one in vector]
        with self.bench.inside():
            found = standing.with_standing(VectorCollection.objects.all()).get(
                pk=self.collection.pk
            )
            return querying.search(collection=found, query=queries.read(sent, found))

    def names(self, vector: Any, top_k: int = 10, **body: Any) -> list[str]:
        return [match.id for match in self.search(vector, top_k, **body).matches]


def cloud(
    count: int, dimension: int = 8, seed: int = 1, prefix: str = "r"
) -> dict[str, np.ndarray]:
    made = np.random.default_rng(seed).standard_normal((count, dimension)).astype("f4")
    return {f"{prefix}{place}": vector for place, vector in enumerate(made)}


def distances(
    vectors: dict[str, np.ndarray], query: np.ndarray, metric: str = "cosine"
) -> dict[str, float]:
    """Name → exact distance."""
    matrix, query = np.stack(list(vectors.values())).astype("f8"), np.asarray(query, "f8")
    found = {
        "cosine": lambda: (
            1 - matrix @ query / np.linalg.norm(matrix, axis=1) / np.linalg.norm(query)
        ),
        "l2": lambda: np.linalg.norm(matrix - query, axis=1),
        "ip": lambda: -(matrix @ query),
    }[metric]()
    return dict(zip(vectors, found.tolist(), strict=True))


def order(vectors: dict[str, np.ndarray], query: np.ndarray, metric: str = "cosine") -> list[str]:
    """The names by exact distance."""
    found = distances(vectors, query, metric)
    return sorted(found, key=found.get)
