"""Generated filters: every backend and the reference evaluator name the same rows."""

from datetime import UTC, datetime

import numpy as np
import pytest
from django.db import connection
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from taishang.vectors.backends import base
from taishang.vectors.filters.evaluating import matches
from taishang.vectors.filters.grammar import Row
from taishang.vectors.filters.parsing import parse
from tests.taishang.vectors import filtering
from tests.taishang.vectors.conformance.conftest import BACKENDS
from tests.taishang.vectors.shelf import Shelf, cloud, order

COUNT = 120


def payloads() -> dict[str, dict]:
    """Fixed ones, made by the same strategy as those of the compiler's test."""
    made = []

    @settings(
        max_examples=COUNT * 3,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(filtering.payloads)
    def collect(payload):
        made.append(payload)

    collect()
    rich = sorted(made, key=len, reverse=True)[:COUNT]
    return {f"r{place}": payload for place, payload in enumerate(rich)}


@pytest.fixture
def world(bench, lite, settings, tmp_path, engines_at_once, django_db_setup):
    settings.DATA_DIR, settings.MILVUS_URI = tmp_path, lite.uri
    base.get.cache_clear()
    vectors, contents = cloud(COUNT), payloads()
    fields = [
        {"path": path, "type": kind, "indexed": False} for path, kind in filtering.TYPES.items()
    ]
    shelves = {}
    for backend in BACKENDS:
        shelf = Shelf.make(bench, backend, name=backend, filterable=fields)
        shelf.write(vectors, payload=contents)
        if backend != "pgvector":
            assert shelf.publish().state == "succeeded"
        with bench.inside():
            times = dict.fromkeys(("created_at", "updated_at"), datetime(2024, 2, 29, tzinfo=UTC))
            shelf.collection.vectors.update(**times)
        shelves[backend] = shelf
    rows = {
        name: Row(name, contents[name], times["created_at"], times["updated_at"])
        for name in vectors
    }
    yield shelves, vectors, rows
    base.get("milvus").drop(shelves["milvus"].target)
    base.get.cache_clear()


@pytest.mark.django_db
@pytest.mark.timeout(900)
def test_every_backend_and_the_evaluator_name_the_same_rows(world):
    shelves, vectors, rows = world
    query = np.ones(8, "f4")
    ranked = order(vectors, query)
    plans = set()

    @settings(
        max_examples=filtering.EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(filtering.filters, st.integers(1, 6))
    def compare(raw, top_k):
        node = parse(raw, filtering.TYPES)
        matching = [name for name in ranked if matches(node, rows[name])]
        for backend, shelf in shelves.items():
            reply = shelf.search(query, top_k, filter=raw, timeout_ms=10_000)
            plans.add((backend, reply.plan))
            assert [match.id for match in reply.matches] == matching[:top_k], (backend, raw)
            every = shelf.search(query, COUNT, filter=raw, timeout_ms=10_000)
            assert {match.id for match in every.matches} == set(matching), (backend, raw)

    compare()

    assert {("faiss", "faiss"), ("milvus", "milvus")} <= plans
    assert connection.in_atomic_block
