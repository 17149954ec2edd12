"""What a search has to know of its collection, read together with the collection itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import JSONObject

from taishang.models import VectorCollection, VectorIndex, VectorNamespace, VectorRecallRun
from taishang.vectors import hidden

RECALL_MARGIN = 1.2
BUILT_BY = ("m", "ef_construction", "lists")
INDEX_FIELDS = ("id", "generation", "kind", "precision", "params", "rows")


def with_standing(queryset: QuerySet[VectorCollection]) -> QuerySet[VectorCollection]:
    """Collections with their counters, active index and recommended search effort. No further query."""
    active = VectorIndex.objects.filter(collection=OuterRef("pk"), is_active=True)
    measured = VectorRecallRun.objects.filter(
        collection=OuterRef("pk"), recommended_ef__isnull=False
    ).order_by("-created_at")
    unnamed = VectorNamespace.objects.filter(collection=OuterRef("pk"), name="")
    unseen = VectorNamespace.objects.filter(hidden.among("name"), collection=OuterRef("pk"))
    shown = {name: F(name) for name in INDEX_FIELDS}
    return queryset.select_related("state").annotate(
        active_index=Subquery(active.values(found=JSONObject(**shown))[:1]),
        recommended_ef=Subquery(measured.values("recommended_ef")[:1]),
        unnamed_rows=Subquery(unnamed.values("rows")[:1]),
        hidden_rows=Subquery(
            unseen.values("collection_id").annotate(found=Sum("rows")).values("found")[:1]
        ),
    )


@dataclass(frozen=True)
class Standing:
    """Units: rows. `embedded` = rows that can be found by a vector. `index` is the active generation, if any."""

    collection: VectorCollection
    rows: int
    pending: int
    lag: int
    unnamed: int
    index: dict[str, Any] | None
    recommended_ef: int | None
    hidden: int = 0

    @property
    def seen(self) -> int:
        """Rows that people may see: not those that an import is still bringing."""
        return self.rows - self.hidden

    @property
    def embedded(self) -> int:
        return self.rows - self.pending

    @property
    def is_stale(self) -> bool:
        """Whether the index was built by other settings than the collection's; it serves until it is built again."""
        if self.index is None:
            return False
        wanted = (self.collection.index_type, self.collection.precision)
        params, built = self.collection.index_params, self.index["params"]
        shape = [name for name in BUILT_BY if params.get(name) is not None]
        return (self.index["kind"], self.index["precision"]) != wanted or any(
            params[name] != built.get(name) for name in shape
        )

    @property
    def is_own(self) -> bool:
        return self.collection.placement == VectorCollection.Placement.OWN


def of(collection: VectorCollection) -> Standing:
    """The standing of a collection that was read through `with_standing`."""
    state = collection.state
    found: Any = collection
    return Standing(
        collection=collection,
        rows=state.rows,
        pending=state.pending_embeddings,
        lag=state.write_seq - state.published_seq if collection.backend != "pgvector" else 0,
        unnamed=found.unnamed_rows or 0,
        index=found.active_index,
        recommended_ef=found.recommended_ef,
        hidden=found.hidden_rows or 0,
    )


def effort_of(standing: Standing, *, wanted: int | None, k: int) -> int:
    """`ef_search`: asked for, set, recommended by the last measurement with a fifth more, or twice the rows wanted."""
    chosen = wanted or standing.collection.ef_search
    if chosen is None and standing.recommended_ef:
        chosen = round(standing.recommended_ef * RECALL_MARGIN)
    return min(1_000, max(chosen or max(40, 2 * k), k))
