"""pgvector: every statement that measures a distance, and the rules that keep the planner on the right path.

Collection, workspace, dimension and LIMIT are literals and nothing is prepared: a generic plan would lose partition
pruning and the index expression. The query vector is bound in binary. The index is used only by an ascending
distance with LIMIT over the very expression it was built on; an exact search adds 0 to that distance, which keeps
the planner off the vector index and leaves it the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import connection

from taishang.models import VectorCollection
from taishang.models.vectors import MAX_DIMENSION, MAX_INDEXED
from taishang.vectors import staging
from taishang.vectors.backends.base import Backend, Probe, Stats, Target
from taishang.vectors.filters.compiling import TRUE, Condition
from taishang.vectors.staging import Vector

if TYPE_CHECKING:
    pass

OLDEST = (0, 8, 2)
OPERATORS = {"cosine": "<=>", "l2": "<->", "ip": "<#>"}
CLASSES = {
    "float32": {"cosine": "vector_cosine_ops", "l2": "vector_l2_ops", "ip": "vector_ip_ops"},
    "halfvec": {"cosine": "halfvec_cosine_ops", "l2": "halfvec_l2_ops", "ip": "halfvec_ip_ops"},
    "binary": {"cosine": "bit_hamming_ops", "ip": "bit_hamming_ops"},
}
STRICT, RELAXED, OFF = "strict_order", "relaxed_order", "off"
# A halved number ranks a little differently; this many times more candidates are measured again.
HALF_OVERSAMPLE = 2
MAX_CANDIDATES = 5_000
EVERY = 2**31 - 1
# Rows beside the border that may lie at the same distance.
BORDER = 8


@dataclass(frozen=True)
class Space:
    """What is searched: a collection's numbers, and which rows count. `alias` of the rows is `v`."""

    collection_id: int
    workspace_id: int
    dimension: int
    metric: str
    precision: str = "float32"
    oversample: int = 20
    condition: Condition = TRUE
    without: int | None = None

    @classmethod
    def of(cls, collection: VectorCollection, **options: Any) -> Space:
        return cls(
            collection.pk,
            collection.workspace_id,
            collection.dimension,
            collection.metric,
            oversample=collection.oversample,
            **options,
        )

    @property
    def rows(self) -> str:
        """The literals that prune partitions, and the row left out."""
        other = "" if self.without is None else f" AND v.id <> {self.without:d}"
        return f"v.collection_id = {self.collection_id:d} AND v.workspace_id = {self.workspace_id:d}{other}"

    @property
    def distance(self) -> str:
        return f"v.embedding {OPERATORS[self.metric]} %s"


@dataclass(frozen=True)
class Effort:
    """How hard an index searches. `iterative` goes on scanning until enough rows pass the condition."""

    ef_search: int
    iterative: str = OFF
    max_scan_tuples: int = 20_000
    probes: int = 0


@dataclass(frozen=True)
class Hit:
    """One row, nearest first. `values` are the columns asked for, in their order."""

    id: int
    distance: float
    values: tuple[Any, ...] = field(repr=False, default=())


def exact(
    space: Space, vector: Vector, *, k: int, columns: Sequence[str] = ()
) -> tuple[str, list[Any]]:
    """The k nearest of all rows that count, read one by one."""
    return (
        f"""
        SELECT v.id, ({space.distance}) AS distance{_listed(columns)} FROM tai_vectors v
        WHERE {space.rows} AND v.embedding IS NOT NULL AND {space.condition.sql}
        ORDER BY ({space.distance}) + 0, v.id LIMIT {k:d}
        """,
        [vector, *space.condition.params, vector],
    )


def exact_containing(
    space: Space,
    vector: Vector,
    held: Sequence[str],
    namespaces: Sequence[str] | None,
    *,
    k: int,
    columns: Sequence[str] = (),
) -> tuple[str, list[Any]]:
    """The k nearest of the rows whose payloads contain these JSON documents, which the search role looks up by GIN."""
    return (
        f"""
        SELECT v.id, ({space.distance}) AS distance{_listed(columns)}
        FROM tai_vectors_containing({space.collection_id:d}, %s::text[], %s::jsonb[], {EVERY:d}) c (id)
        JOIN tai_vectors v ON v.id = c.id
        WHERE {space.rows} AND v.embedding IS NOT NULL AND {space.condition.sql}
        ORDER BY ({space.distance}) + 0, v.id LIMIT {k:d}
        """,
        [
            vector,
            None if namespaces is None else list(namespaces),
            list(held),
            *space.condition.params,
            vector,
        ],
    )


def indexed(
    space: Space, vector: Vector, *, k: int, columns: Sequence[str] = (), spare: int = 1
) -> tuple[str, list[Any]]:
    """The k nearest as the vector index finds them, measured again on the full vectors and ordered with their ids.

    The index is asked for `spare` times as many.
    """
    expression, operator, asked = _expression(space)
    candidates = min(MAX_CANDIDATES, k * spare * _oversampling(space)) + BORDER
    outer = replace(space, condition=TRUE)
    return (
        f"""
        WITH near AS MATERIALIZED (
            SELECT v.id FROM tai_vectors v WHERE {space.rows} AND {space.condition.sql}
            ORDER BY {expression} {operator} {asked} LIMIT {candidates:d}
        )
        SELECT v.id, ({space.distance}) AS distance{_listed(columns)}
        FROM near n JOIN tai_vectors v ON v.id = n.id
        WHERE {outer.rows} ORDER BY 2, 1 LIMIT {k:d}
        """,
        [*space.condition.params, vector, vector],
    )


def fetched(
    space: Space, vector: Vector | None, ids: Sequence[int], *, k: int, columns: Sequence[str] = ()
) -> tuple[str, list[Any]]:
    """The k nearest of the rows with these ids that exist and count; without a vector they have no distance."""
    distance = "NULL::float8" if vector is None else f"({space.distance})"
    params = [*([] if vector is None else [vector]), list(ids), *space.condition.params]
    return (
        f"""
        SELECT v.id, {distance} AS distance{_listed(columns)} FROM tai_vectors v
        WHERE {space.rows} AND v.id = ANY (%s::bigint[]) AND {space.condition.sql}
        ORDER BY 2, 1 LIMIT {k:d}
        """,
        params,
    )


def worded(
    space: Space, terms: Sequence[str], weights: Sequence[float], *, k: int
) -> tuple[str, list[Any]]:
    """Ids of the k rows with the heaviest terms, then the fewest others. Each of `terms` is a tsquery."""
    return (
        f"""
        SELECT v.id FROM tai_vectors v, LATERAL (
            SELECT sum(a.weight) AS weight FROM unnest(%s::tsquery[], %s::float8[]) a (term, weight)
            WHERE v.tsv @@ a.term) found
        WHERE {space.rows} AND v.tsv @@ %s::tsquery AND {space.condition.sql}
        ORDER BY found.weight DESC, length(v.tsv), v.id LIMIT {k:d}
        """,
        [list(terms), list(weights), " | ".join(terms), *space.condition.params],
    )


def worded_own(
    space: Space,
    terms: Sequence[str],
    weights: Sequence[float],
    namespaces: Sequence[str] | None,
    *,
    through: int,
    k: int,
) -> tuple[str, list[Any]]:
    """The same on an own partition, by its GIN index: the search role ranks, the policy and the filter judge."""
    return (
        f"""
        SELECT v.id FROM tai_vectors_matching({space.collection_id:d}, %s::text[], %s::tsquery[],
            %s::float8[], {through:d}) WITH ORDINALITY found (id, place)
        JOIN tai_vectors v ON v.id = found.id
        WHERE {space.rows} AND {space.condition.sql} ORDER BY found.place LIMIT {k:d}
        """,
        [
            None if namespaces is None else list(namespaces),
            list(terms),
            list(weights),
            *space.condition.params,
        ],
    )


def held(space: Space, terms: Sequence[str], ids: Sequence[int] | None) -> tuple[str, list[Any]]:
    """How many rows there are (of `ids`, or all), and how many hold each term."""
    counts = "".join(", count(*) FILTER (WHERE v.tsv @@ %s::tsquery)" for _term in terms)
    among = "TRUE" if ids is None else "v.id = ANY (%s::bigint[])"
    return (
        f"SELECT count(*){counts} FROM tai_vectors v WHERE {space.rows} AND {among}",
        [*terms, *([] if ids is None else [list(ids)])],
    )


def effort(chosen: Effort, *, timeout_ms: int) -> tuple[str, list[Any]]:
    """Settings of this transaction. The constant loads the library, without which wrong values pass in silence."""
    return (
        "SELECT '[1]'::vector, set_config('statement_timeout', %s, true),"
        " set_config('hnsw.ef_search', %s, true),"
        " set_config('hnsw.iterative_scan', %s, true),"
        " set_config('hnsw.max_scan_tuples', %s, true),"
        " set_config('ivfflat.iterative_scan', %s, true),"
        " set_config('ivfflat.probes', %s, true)",
        [
            str(timeout_ms),
            str(chosen.ef_search),
            chosen.iterative,
            str(chosen.max_scan_tuples),
            OFF if chosen.iterative == OFF else RELAXED,
            str(max(1, chosen.probes)),
        ],
    )


def hits(rows: Sequence[tuple[Any, ...]]) -> list[Hit]:
    return [Hit(row[0], row[1], row[2:]) for row in rows]


def score_of(metric: str, distance: float) -> float:
    """More is nearer: the cosine, 1/(1+d), or the inner product."""
    if metric == "l2":
        return 1 / (1 + distance)
    return 1 - distance if metric == "cosine" else -distance


def index_sql(space: Space) -> str:
    """What an index is built on: expression and operator class, as `indexed` asks for them."""
    expression, _operator, _asked = _expression(space, alias="")
    return f"(({expression}) {CLASSES[space.precision][space.metric]})"


def _expression(space: Space, alias: str = "v.") -> tuple[str, str, str]:
    """The indexed expression, its operator, and the query's side."""
    column, size = f"{alias}embedding", f"{space.dimension:d}"
    if space.precision == "binary":
        return f"binary_quantize({column})::bit({size})", "<~>", f"binary_quantize(%s)::bit({size})"
    kind = "halfvec" if space.precision == "halfvec" else "vector"
    return f"{column}::{kind}({size})", OPERATORS[space.metric], f"%s::{kind}({size})"


def _oversampling(space: Space) -> int:
    if space.precision == "binary":
        return space.oversample
    return HALF_OVERSAMPLE if space.precision == "halfvec" else 1


def _listed(columns: Sequence[str]) -> str:
    return "".join(f", {column}" for column in columns)


class Pgvector(Backend):
    """The database itself: its rows are the index's rows, so there is nothing to send or to publish."""

    name = "pgvector"
    kinds = ("flat", "hnsw", "ivfflat")
    limits: ClassVar = {"dimension": MAX_DIMENSION, **MAX_INDEXED}

    def probe(self) -> Probe:
        with connection.cursor() as cursor:
            cursor.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'")
            row = cursor.fetchone()
        if row is None:
            return Probe(
                available=False,
                reason="The extension is missing.",
                command="CREATE EXTENSION vector",
            )
        version = str(row[0])
        if tuple(map(int, version.split("."))) < OLDEST:
            return Probe(
                available=False,
                version=version,
                reason="Older than 0.8.2.",
                command="ALTER EXTENSION vector UPDATE",
            )
        return Probe(available=True, version=version)

    def stats(self, target: Target) -> Stats:
        statement = "SELECT rows, bytes FROM tai_vector_states WHERE collection_id = %s"
        rows, size = staging.run((statement, [target.collection_id]))[0].rows[0]
        return Stats(rows=rows, bytes=size)
