"""Search: by a vector, by example, by text and by words, and an honest word on whether that was all.

collection = standing.with_standing(VectorCollection.objects.visible_to(principal)).get(pk=…)
search(collection=collection, query=queries.read(body, collection)) -> Reply(matches=[Match(…)], plan="exact", complete=True, …)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from taishang.models import VectorCollection, VectorRow
from taishang.vectors import hidden, keywords, staging, standing
from taishang.vectors.backends import pgvector
from taishang.vectors.backends.pgvector import Hit, Space
from taishang.vectors.ladder import Clock, Found, Ladder, TimeUp, ask, condition_of
from taishang.vectors.queries import Query
from taishang.vectors.staging import Vector
from taishang.vectors.standing import Standing

if TYPE_CHECKING:
    import numpy as np

COLUMNS = {
    "payload": "v.payload::text",
    "document": "v.document",
    "vector": "v.embedding::real[]",
}


class NoEmbeddingModel(Exception):
    """A text was asked for, and nothing here turns texts into vectors."""

    code = "no_embedding_model"


class NotEmbedded(Exception):
    """The row that is the example has no vector yet."""

    code = "search_refused"
    detail = "The row has no vector yet."


@dataclass(frozen=True)
class Match:
    """One row found. `payload` is JSON text; ranks count from 1."""

    id: str
    namespace: str
    rank: int
    score: float | None
    distance: float | None
    vector_rank: int | None = None
    keyword_rank: int | None = None
    payload: str | None = None
    document: str | None = None
    vector: list[float] | None = field(default=None, repr=False)

    def shown(self) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "id": self.id,
            "namespace": self.namespace,
            "rank": self.rank,
            "score": self.score,
            "distance": self.distance,
            "vector_rank": self.vector_rank,
            "keyword_rank": self.keyword_rank,
        }
        if self.payload is not None:
            entry["payload"] = orjson.Fragment(self.payload)
        for name in ("document", "vector"):
            if getattr(self, name) is not None:
                entry[name] = getattr(self, name)
        return entry


@dataclass
class Reply:
    """Everything a search says. Units: `took_ms` milliseconds, `lag_seq` writes an engine has not got yet."""

    matches: list[Match]
    plan: str
    complete: bool
    incomplete_reason: str = ""
    candidates_scanned: int = 0
    cut_by_min_score: int = 0
    pending_embeddings: int = 0
    lag_seq: int = 0
    took_ms: float = 0.0
    usage: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    explain: dict[str, Any] | None = None

    def shown(self) -> dict[str, Any]:
        entry = {
            name: getattr(self, name)
            for name in self.__dataclass_fields__
            if name not in ("matches", "explain")
        }
        entry["matches"] = [match.shown() for match in self.matches]
        if self.explain is not None:
            entry["explain"] = self.explain
        return entry


def search(
    *, collection: VectorCollection, query: Query, text_vector: np.ndarray | None = None
) -> Reply:
    """Find rows. The collection was read through `standing.with_standing` by who may see it.

    `text_vector` is the embedding of `query.text`, made before the transaction at hand.
    Shapes: `text_vector` (dimension,) float32. Raises VectorRow.DoesNotExist, NotEmbedded, NoEmbeddingModel. One round trip, seldom more.
    """
    known = standing.of(collection)
    if query.namespaces is None and known.hidden:
        query = replace(query, namespaces=hidden.names_seen(collection))
    asked = _Search(known, query)
    vector, without = asked.asked_vector(text_vector)
    if query.hybrid is None:
        found = asked.by_vector(vector, without, k=query.top_k)
        return asked.reply(found, _plain(found.hits))
    return asked.joined(vector, without)


@dataclass(frozen=True)
class _Place:
    """A hit and where it stood on each list."""

    hit: Hit
    vector_rank: int | None
    keyword_rank: int | None
    fused: float | None = None


@dataclass
class _Search:
    standing: Standing
    query: Query

    def __post_init__(self) -> None:
        self.clock = Clock(self.query.timeout_ms)
        self.columns = (
            "v.external_id",
            "v.namespace",
            *(COLUMNS[name] for name in self.query.include),
        )
        self.ladder: Ladder | None = None

    def asked_vector(self, text_vector: np.ndarray | None) -> tuple[Vector | None, int | None]:
        """The query's vector, and the row to leave out when it is the example."""
        if self.query.like is not None:
            return self.example(self.query.like)
        found = self.query.vector if self.query.vector is not None else text_vector
        if found is None and self.query.text is not None:
            raise NoEmbeddingModel
        return (None if found is None else Vector.of(found)), None

    def example(self, external_id: str) -> tuple[Vector, int]:
        namespace = (self.query.namespaces or ("",))[0]
        statement = (
            "SELECT v.id, vector_send(v.embedding) FROM tai_vectors v"
            f" WHERE v.collection_id = {self.standing.collection.pk:d}"
            " AND v.namespace = %s AND v.external_id = %s"
        )
        rows = staging.run((statement, [namespace, external_id]))[0].rows
        if not rows:
            raise VectorRow.DoesNotExist
        if rows[0][1] is None:
            raise NotEmbedded
        return Vector(bytes(rows[0][1])), rows[0][0]

    def by_vector(
        self, vector: Vector | None, without: int | None, *, k: int, bare: bool = False
    ) -> Found:
        if vector is None:
            return Found(complete=True, plan="keyword")
        self.ladder = Ladder(self.standing, self.query, self.clock, without=without)
        return self.ladder.climb(vector, k=k, columns=() if bare else self.columns)

    def joined(self, vector: Vector | None, without: int | None) -> Reply:
        """Both lists joined by reciprocal ranks; without a vector the words' list alone."""
        hybrid = self.query.hybrid
        if hybrid is None:
            raise ValueError("not a hybrid search")
        near = self.by_vector(vector, without, k=hybrid.candidates, bare=True)
        try:
            worded = keywords.matching(
                self.standing, self.query, self.clock, most=hybrid.candidates, without=without
            )
        except TimeUp as over:
            worded = []
            near.complete, near.reason = False, over.reason
        places = _fused([hit.id for hit in near.hits], worded, self.query)
        wanted = list(places)[: self.query.top_k]
        space = Space.of(self.standing.collection, condition=condition_of(self.query))
        statement = pgvector.fetched(
            space, vector, wanted, k=max(1, len(wanted)), columns=self.columns
        )
        rows = {hit.id: hit for hit in pgvector.hits(ask(self.clock, statement))}
        if vector is None:
            near.plan, near.scanned = "keyword", len(worded)
        return self.reply(near, [_Place(rows[one], *places[one]) for one in wanted if one in rows])

    def reply(self, found: Found, places: Sequence[_Place]) -> Reply:
        metric = self.standing.collection.metric
        matches: list[Match] = []
        cut = 0
        for place in places:
            if hidden.is_hidden(place.hit.values[1]):
                continue
            score = _score(metric, place)
            if self.query.min_score is not None and (score is None or score < self.query.min_score):
                cut += 1
                continue
            matches.append(self.match(place, score, rank=len(matches) + 1))
        return Reply(
            matches,
            found.plan,
            found.complete,
            found.reason,
            candidates_scanned=found.scanned,
            cut_by_min_score=cut,
            pending_embeddings=self.standing.pending,
            lag_seq=self.standing.lag,
            took_ms=round(self.clock.spent_ms, 2),
            warnings=list(self.ladder.warnings) if self.ladder else [],
            explain=self.explained() if self.query.explain else None,
        )

    def match(self, place: _Place, score: float | None, *, rank: int) -> Match:
        external_id, namespace, *rest = place.hit.values
        included = dict(zip(self.query.include, rest, strict=True))
        return Match(
            external_id,
            namespace,
            rank,
            score,
            place.hit.distance,
            place.vector_rank,
            place.keyword_rank,
            **included,
        )

    def explained(self) -> dict[str, Any]:
        index = self.standing.index
        return {
            "steps": self.ladder.steps if self.ladder else [],
            "estimate": self.ladder.estimate if self.ladder else None,
            "placement": self.standing.collection.placement,
            "index_generation": index["generation"] if index else None,
            "ef_search": standing.effort_of(
                self.standing, wanted=self.query.ef_search, k=self.query.top_k
            ),
        }


def _plain(hits: Sequence[Hit]) -> list[_Place]:
    return [_Place(hit, rank, None) for rank, hit in enumerate(hits, start=1)]


def _score(metric: str, place: _Place) -> float | None:
    if place.fused is not None:
        return place.fused
    return None if place.hit.distance is None else pgvector.score_of(metric, place.hit.distance)


def _fused(
    near: Sequence[int], worded: Sequence[int], query: Query
) -> dict[int, tuple[int | None, int | None, float]]:
    """Every row of either list by the sum of weight / (k + rank), best first, ties by id."""
    hybrid = query.hybrid
    if hybrid is None:
        return {}
    ranks = [{row: rank for rank, row in enumerate(rows, start=1)} for rows in (near, worded)]
    places = {}
    for row in {*near, *worded}:
        own = [found.get(row) for found in ranks]
        score = sum(
            weight / (hybrid.k + rank)
            for weight, rank in zip(hybrid.weights, own, strict=True)
            if rank is not None
        )
        places[row] = (own[0], own[1], score)
    ordered = sorted(places, key=lambda row: (-places[row][2], row))
    return {row: places[row] for row in ordered}
