"""Order, distance and score: equal on every backend, because PostgreSQL measures what engines only rank."""

import numpy as np
import pytest

from tests.taishang.vectors.shelf import cloud, distances, order

pytestmark = pytest.mark.django_db
METRICS = ("cosine", "l2", "ip")
KINDS = ("flat", "hnsw", "ivfflat")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("metric", METRICS)
def test_the_nearest_rows_in_their_order_with_distance_and_score(
    make, settle, backend, metric, kind
):
    shelf = make(metric=metric, index_type=kind)
    rows = cloud(250)
    shelf.write(rows)
    settle(shelf)

    reply = shelf.search(rows["r9"] * 0.5, 10, ef_search=500)

    wanted = order(rows, rows["r9"] * 0.5, metric)[:10]
    assert [match.id for match in reply.matches] == wanted
    assert reply.complete
    assert reply.plan == (backend if backend != "pgvector" else "exact")
    exact = distances(rows, rows["r9"] * 0.5, metric)
    assert np.allclose(
        [match.distance for match in reply.matches], [exact[name] for name in wanted], atol=1e-5
    )
    scores = {"cosine": lambda d: 1 - d, "l2": lambda d: 1 / (1 + d), "ip": lambda d: -d}
    for match in reply.matches:
        assert match.score == pytest.approx(scores[metric](match.distance))


@pytest.mark.parametrize("metric", METRICS)
def test_rows_at_the_same_distance_come_by_id_also_at_the_border(make, settle, metric):
    shelf = make(metric=metric)
    here = np.ones(8, "f4")
    ids = shelf.write({f"t{place}": here for place in range(12)} | {"far": -here})
    settle(shelf)

    wanted = sorted((name for name in ids if name != "far"), key=ids.get)

    assert shelf.names(here, 20)[:12] == wanted
    assert shelf.names(here, 5) == wanted[:5]


@pytest.mark.parametrize("top_k", [1, 40, 1000])
def test_as_many_as_asked_for_or_as_there_are(make, settle, top_k):
    shelf = make()
    rows = cloud(60)
    shelf.write(rows)
    settle(shelf)

    reply = shelf.search(rows["r1"], top_k)

    assert [match.id for match in reply.matches] == order(rows, rows["r1"])[:top_k]
    assert reply.complete


def test_an_exact_search_asks_no_engine(make, settle):
    shelf = make()
    rows = cloud(30)
    shelf.write(rows)
    settle(shelf)

    assert shelf.search(rows["r1"], 3, exact=True).plan == "exact"


def test_by_example_the_row_itself_is_left_out(make, settle):
    shelf = make()
    rows = cloud(30)
    shelf.write(rows)
    settle(shelf)

    assert (
        shelf.names(None, 5, id="r4")
        == [name for name in order(rows, rows["r4"]) if name != "r4"][:5]
    )


def test_an_empty_collection_answers_with_nothing(make, settle):
    reply = make().search(np.ones(8), 5)

    assert reply.matches == []
    assert reply.complete


@pytest.mark.parametrize("kind", ["hnsw", "ivfflat"])
def test_recall_is_that_of_an_exact_search(make, settle, kind):
    centres = np.random.default_rng(3).standard_normal((40, 16)).astype("f4") * 3
    noise = cloud(2000, 16, seed=4)
    rows = {
        name: vector + centres[place % 40] for place, (name, vector) in enumerate(noise.items())
    }
    shelf = make(dimension=16, metric="l2", index_type=kind)
    shelf.write(rows)
    settle(shelf)

    found = [
        len(
            set(shelf.names(rows[f"r{place}"], 10)) & set(order(rows, rows[f"r{place}"], "l2")[:10])
        )
        for place in range(0, 2000, 50)
    ]

    assert sum(found) / (10 * len(found)) >= 0.99
