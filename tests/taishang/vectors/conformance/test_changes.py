"""What was written is found by the next search, what was deleted by none, whether an indexer runs or not."""

import os
import signal

import numpy as np
import pytest

from taishang.vectors import outbox
from taishang.vectors.backends import base
from tests.taishang.vectors.shelf import cloud, order

pytestmark = pytest.mark.django_db
KINDS = ("flat", "hnsw")
HERE = np.eye(8, dtype="f4")[0]


@pytest.fixture(params=KINDS)
def shelf(request, make, settle):
    """120 rows that the engine knows; whatever a test changes, no indexer runs unless it says so."""
    made = make(index_type=request.param)
    made.rows = cloud(120)
    made.write(made.rows)
    settle(made)
    return made


@pytest.fixture(params=["waiting", "published"])
def after(request, settle):
    """Let the engine learn of the changes, or not."""
    return settle if request.param == "published" else lambda shelf: None


def test_a_new_row_is_found(shelf, after):
    shelf.write({"new": HERE})
    after(shelf)

    assert shelf.names(HERE, 1) == ["new"]


def test_a_moved_row_is_found_where_it_is_and_not_where_it_was(shelf, after):
    was = shelf.rows["r5"]
    shelf.write({"r5": HERE})
    after(shelf)

    assert shelf.names(HERE, 1) == ["r5"]
    assert "r5" not in shelf.names(was, 5)


def test_a_deleted_row_is_not_found_and_another_takes_its_place(shelf, after):
    shelf.delete("r5", "r6")
    after(shelf)

    reply = shelf.search(shelf.rows["r5"], 20)

    left = {name: vector for name, vector in shelf.rows.items() if name not in ("r5", "r6")}
    assert [match.id for match in reply.matches] == order(left, shelf.rows["r5"])[:20]
    assert reply.complete


def test_a_row_deleted_and_written_again_is_found_once(shelf, after):
    shelf.delete("r5")
    shelf.write({"r5": HERE})
    after(shelf)

    assert shelf.names(HERE, 3).count("r5") == 1


def test_everything_deleted_leaves_nothing(shelf, after):
    shelf.delete(*shelf.rows)
    after(shelf)

    assert shelf.names(HERE, 5) == []


def test_a_changed_payload_counts_at_once(shelf, after):
    shelf.write({"r5": shelf.rows["r5"]}, payload={"r5": {"colour": "red"}})
    after(shelf)

    red = {"field": "colour", "op": "eq", "value": "red"}
    assert shelf.names(HERE, 5, filter=red) == ["r5"]


def test_how_far_an_engine_lags_is_said(shelf, backend):
    shelf.write({"new": HERE})

    reply = shelf.search(HERE, 1)

    assert reply.lag_seq == (0 if backend == "pgvector" else 1)


def test_the_same_rows_again_are_no_change(shelf):
    before = shelf.state.write_seq
    shelf.write(shelf.rows)

    assert shelf.state.write_seq == before


def test_after_a_restart_the_answers_are_the_same(shelf, backend, request, settings):
    before = shelf.names(shelf.rows["r3"], 10)
    if backend == "milvus":
        lite = request.getfixturevalue("lite")
        os.kill(lite.process.pid, signal.SIGKILL)
        lite.stop()
        lite.uri = settings.MILVUS_URI = lite.start()
    base.get.cache_clear()

    reply = shelf.search(shelf.rows["r3"], 10)

    assert [match.id for match in reply.matches] == before
    assert reply.plan == ("exact" if backend == "pgvector" else backend)


def test_an_index_built_anew_answers_the_same(shelf, backend):
    if backend == "pgvector":
        pytest.skip("the rows themselves are the index")
    before = shelf.names(shelf.rows["r3"], 10)

    done = shelf.run(outbox.REBUILD)

    assert done.state == "succeeded", done.error_detail
    assert shelf.index.generation == 2
    assert shelf.names(shelf.rows["r3"], 10) == before
    assert shelf.search(shelf.rows["r3"], 10).plan == backend


def test_an_engine_that_lost_rows_is_mended(shelf, backend):
    if backend == "pgvector":
        pytest.skip("the rows themselves are the index")
    ids = shelf.ids()
    gone = np.array([ids["r3"], ids["r4"]], "i8")
    with shelf.engine.writer(shelf.target) as writer:
        writer.apply(base.Batch(np.array([2**40], "i8"), HERE.reshape(1, -1), gone))
        done = writer.publish(seq=shelf.state.published_seq)
    with shelf.bench.inside():
        type(shelf.index).objects.filter(pk=shelf.index.pk).update(
            locator=done.locator, sha256=done.sha256
        )
    assert "r3" not in shelf.names(shelf.rows["r3"], 5)

    assert shelf.run(outbox.RECONCILE).result == {"missing": 2, "extra": 1}

    shelf.bench.work()
    assert shelf.held() == sorted(ids.values())
    assert shelf.names(shelf.rows["r3"], 5) == order(shelf.rows, shelf.rows["r3"])[:5]
