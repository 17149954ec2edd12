"""The one way rows are written: by the API, by imports and by apps of the platform.

Rows → one float32 array → COPY BINARY into a temporary table → one INSERT … ON CONFLICT that touches only what
differs. Whether a row is new is told by its revision, since a partitioned table does not answer `xmax`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from laojun import textindex
from taishang.models import VectorCollection
from taishang.vectors import collections, ledger, rows, staging
from taishang.vectors.ledger import Entry, Moved
from taishang.vectors.rows import Batch, Result, Row, Shape


class RowsRejected(Exception):
    """One row of an atomic batch cannot be written, so none was. `results` has an answer for each row."""

    code = "rows_rejected"

    def __init__(self, results: list[Result]) -> None:
        super().__init__("rows rejected")
        failed = [result for result in results if result.code]
        self.members = {
            "results": [result.shown() for result in results],
            "counts": {"failed": len(failed)},
        }
        first = failed[0]
        self.detail = _("%(count)s rows were refused, the first (%(name)s): %(reason)s") % {
            "count": len(failed),
            "name": first.id,
            "reason": first.detail or first.code,
        }


@dataclass
class Written:
    """An answer for each row in the order sent. `seq` numbers the write; 0 when nothing changed."""

    results: list[Result]
    entry: Entry | None = None
    ids: list[int] = field(default_factory=list)

    @property
    def seq(self) -> int:
        return self.entry.seq if self.entry else 0

    @property
    def counts(self) -> dict[str, int]:
        return dict(Counter(result.status for result in self.results))


def upsert(
    *,
    collection: VectorCollection,
    sent: Sequence[Any],
    mode: str = "atomic",
    by_app: str = "",
) -> Written:
    """Write rows (at most 1,000), or nothing at all when `mode` is atomic and one of them is faulty.

    Shapes: each of `sent` is `{id, vector | vector_b64 | document, payload?, namespace?}`.
    Raises RowsRejected, ManagedCollection, CollectionReadonly, CollectionMoving, LimitReached.
    Cost: five round trips whatever the number of rows; the collection's lock and hot rows until the commit.
    """
    if collection.managed_by != by_app:
        collections.require_unmanaged(collection)
    batch = rows.read(sent, shape_of(collection))
    if batch.has_failures and mode == "atomic":
        raise RowsRejected(batch.results)
    return write(collection=collection, batch=batch)


def write(*, collection: VectorCollection, batch: Batch, namespace: str | None = None) -> Written:
    """Write the good rows of a batch that was read before; all into `namespace`, where one is given.

    Raises CollectionReadonly, CollectionMoving, LimitReached.
    """
    if namespace is not None:
        placed = [replace(row, namespace=namespace) for row in batch.rows]
        batch = replace(batch, rows=placed)
    return ledger.attempt(lambda: _write(collection, batch))


def shape_of(collection: VectorCollection) -> Shape:
    return Shape(
        dimension=collection.dimension,
        metric=collection.metric,
        embeds=collection.model_id is not None,
        numbers=tuple(one["path"] for one in collection.filterable if one["type"] == "number"),
    )


def _write(collection: VectorCollection, batch: Batch) -> Written:
    ledger.enter(collection)
    if not batch.rows:
        return Written(batch.results)
    staging.fill(_staged(collection, batch))
    older, touched = staging.run(_older(collection), _merge(collection))
    fresh = {row.place: row for row in batch.rows}
    before = {place: (size, state) for place, size, state in older.rows}
    moved = Moved("upsert", [row_id for _place, row_id, *_rest in touched.rows])
    after = {}
    for place, _row_id, revision, size, state in touched.rows:
        row = fresh[place]
        if revision > 1 and place not in before:
            raise ledger.Overtaken
        after[place] = revision
        old_size, old_state = before.get(place, (0, ""))
        moved.bytes += size - old_size
        moved.pending += (state == "pending") - (old_state == "pending")
        if revision == 1:
            moved.rows += 1
            moved.namespaces[row.namespace] = moved.namespaces.get(row.namespace, 0) + 1
    _answer(batch, after)
    if not touched.rows:
        return Written(batch.results)
    return Written(batch.results, ledger.close(collection, moved), list(moved.ids))


def _answer(batch: Batch, after: dict[int, int]) -> None:
    for row in batch.rows:
        result = batch.results[row.place]
        revision = after.get(row.place)
        if revision is None:
            result.status = "unchanged"
        elif row.vector < 0:
            result.status = "accepted"
        else:
            result.status = "inserted" if revision == 1 else "updated"


def _staged(collection: VectorCollection, batch: Batch) -> Any:
    vectors = staging.vectors(batch.vectors)
    for row in batch.rows:
        yield (
            staging.integer(row.place),
            row.namespace.encode(),
            row.external_id.encode(),
            vectors[row.vector] if row.vector >= 0 else None,
            staging.jsonb(row.payload),
            row.document.encode(),
            _terms(collection, row),
            row.row_hash,
        )


def _terms(collection: VectorCollection, row: Row) -> bytes | None:
    if not (collection.keyword_enabled and row.document):
        return None
    return textindex.as_tsvector(textindex.terms(row.document)).encode()


def _older(collection: VectorCollection) -> tuple[str, list[Any]]:
    """Lock the rows that will change, in the order of their keys, so that two batches never wait in a circle."""
    return (
        f"""
        SELECT s.place, {ledger.SIZE}, v.embed_state
        FROM {staging.TABLE} s JOIN tai_vectors v
            ON v.collection_id = {collection.pk:d} AND v.namespace = s.namespace
            AND v.external_id = s.external_id
        WHERE v.row_hash <> s.row_hash
        ORDER BY s.namespace, s.external_id FOR UPDATE OF v
        """,
        [],
    )


def _merge(collection: VectorCollection) -> tuple[str, list[Any]]:
    """Insert what is new and change what differs; rows that are equal are not even locked."""
    return (
        f"""
        WITH touched AS (
            INSERT INTO tai_vectors AS v (workspace_id, collection_id, namespace, external_id, dims,
                embedding, embed_state, payload, document, tsv, row_hash)
            SELECT {collection.workspace_id:d}, {collection.pk:d}, s.namespace, s.external_id,
                {collection.dimension:d}, s.embedding,
                CASE WHEN s.embedding IS NULL THEN 'pending' ELSE 'ready' END,
                s.payload, s.document, s.terms::tsvector, s.row_hash
            FROM {staging.TABLE} s
            WHERE NOT EXISTS (
                SELECT 1 FROM tai_vectors k WHERE k.collection_id = {collection.pk:d}
                    AND k.namespace = s.namespace AND k.external_id = s.external_id
                    AND k.row_hash = s.row_hash)
            ORDER BY s.namespace, s.external_id
            ON CONFLICT (collection_id, namespace, external_id) DO UPDATE
            SET embedding = EXCLUDED.embedding, embed_state = EXCLUDED.embed_state,
                embed_error = '', payload = EXCLUDED.payload, document = EXCLUDED.document,
                tsv = EXCLUDED.tsv, row_hash = EXCLUDED.row_hash, revision = v.revision + 1,
                updated_at = clock_timestamp()
            WHERE v.row_hash <> EXCLUDED.row_hash
            RETURNING v.namespace, v.external_id, v.id, v.revision, {ledger.SIZE} AS size, v.embed_state
        )
        SELECT s.place, t.id, t.revision, t.size, t.embed_state
        FROM touched t JOIN {staging.TABLE} s USING (namespace, external_id)
        """,
        [],
    )
