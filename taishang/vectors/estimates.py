"""How many rows a condition leaves, by a fixed sample of a large collection."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
from django.core.cache import cache

from taishang.vectors import staging
from taishang.vectors.filters.compiling import Condition
from taishang.vectors.filters.grammar import And, Node, Source, Test
from taishang.vectors.standing import Standing

SAMPLE = 1_000
# The sample is taken by pages; a few more than needed make up for pages that are half empty.
SURPLUS = 2
SAMPLE_SECONDS = 300
RESULT_SECONDS = 60


def rows_left(standing: Standing, condition: Condition) -> int:
    """About how many rows of the collection meet the condition. Two statements at most, seldom any."""
    key = hashlib.blake2b(
        orjson.dumps([condition.sql, condition.params], default=str), digest_size=12
    ).hexdigest()
    found = cache.get(_key(standing, f"estimate:{key}"))
    if found is not None:
        return int(found)
    ids = sample(standing)
    if not ids:
        return standing.rows
    statement = (
        "SELECT count(*) FROM tai_vectors v"
        f" WHERE v.collection_id = {standing.collection.pk:d}"
        f" AND v.id = ANY (%s::bigint[]) AND {condition.sql}"
    )
    hits = staging.run((statement, [ids, *condition.params]))[0].rows[0][0]
    # No hit at all means fewer than one in the sample, not none.
    estimate = round(max(hits, 0.5) / len(ids) * standing.rows)
    cache.set(_key(standing, f"estimate:{key}"), estimate, RESULT_SECONDS)
    return estimate


def sample(standing: Standing) -> list[int]:
    """About a thousand row ids of a collection with a partition of its own, the same ones for five minutes."""
    found = cache.get(_key(standing, "sample"))
    if found is not None:
        return list(found)
    percent = min(100.0, 100 * SURPLUS * SAMPLE / max(1, standing.rows))
    statement = (
        f"SELECT id FROM tai_vectors v TABLESAMPLE SYSTEM ({percent:f}) REPEATABLE (7)"
        f" WHERE v.collection_id = {standing.collection.pk:d}"
    )
    rows = staging.run((statement, []))[0].rows
    ids = [row[0] for row in rows][: SAMPLE * SURPLUS]
    cache.set(_key(standing, "sample"), ids, SAMPLE_SECONDS)
    return ids


def containments(node: Node | None) -> list[str]:
    """JSON documents that the payload of every match contains: what a GIN index on it can serve."""
    if isinstance(node, And):
        return [document for part in node.parts for document in containments(part)]
    if not isinstance(node, Test) or node.field.source is not Source.PAYLOAD:
        return []
    held: Any = {"eq": node.value, "all": node.value}.get(node.op)
    if held is None:
        return []
    value = list(held) if node.op == "all" else held
    for key in reversed(node.field.path):
        value = {key: value}
    return [orjson.dumps(value).decode()]


def _key(standing: Standing, name: str) -> str:
    collection = standing.collection
    return f"vectors:{collection.workspace_id}:{collection.pk}:{name}"
