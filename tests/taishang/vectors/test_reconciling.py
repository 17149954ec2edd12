import numpy as np
import pytest

from taishang.models import Task, VectorIndex
from taishang.vectors import outbox, reconciling
from taishang.vectors.backends import base, faiss
from taishang.vectors.backends.base import Batch, Unavailable
from tests.taishang.vectors.shelf import Shelf, cloud, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(bench, settings, tmp_path, engines_at_once):
    settings.DATA_DIR = tmp_path
    base.get.cache_clear()
    yield Shelf.make(bench, "faiss")
    base.get.cache_clear()


def tampered(shelf, *, missing=(), extra=()):
    """An engine that lost rows and holds others that nobody knows."""
    ids = shelf.ids()
    vectors = np.eye(8, dtype="f4")[: len(extra)]
    with shelf.engine.writer(shelf.target) as writer:
        writer.apply(
            Batch(np.array(extra, "i8"), vectors, np.array([ids[name] for name in missing], "i8"))
        )
        done = writer.publish(seq=shelf.state.published_seq)
    with shelf.bench.inside():
        VectorIndex.objects.filter(pk=shelf.index.pk).update(
            locator=done.locator, sha256=done.sha256
        )


def test_afterwards_the_engine_holds_what_the_database_holds(shelf, monkeypatch):
    monkeypatch.setattr(reconciling, "BUCKET", 30)
    rows = cloud(100)
    ids = shelf.write(rows)
    shelf.publish()
    tampered(shelf, missing=("r3", "r99"), extra=(10**12, 0))

    done = shelf.run(outbox.RECONCILE)

    assert done.result == {"missing": 2, "extra": 2}
    assert shelf.held() == sorted(ids.values())
    assert shelf.names(rows["r3"], 3) == order(rows, rows["r3"])[:3]


def test_what_waits_in_the_outbox_is_no_difference(shelf):
    shelf.write(cloud(20))
    shelf.publish()
    shelf.write(cloud(5, seed=9, prefix="n"))
    shelf.delete("r1")

    assert shelf.run(outbox.RECONCILE).result == {"missing": 0, "extra": 0}


def test_equal_sides_leave_no_trace(shelf):
    shelf.write(cloud(20))
    shelf.publish()
    before = shelf.state.write_seq

    shelf.run(outbox.RECONCILE)

    assert shelf.state.write_seq == before


def test_a_lost_index_is_rebuilt(shelf):
    ids = shelf.write(cloud(20))
    shelf.publish()
    (faiss.root() / shelf.index.locator).unlink()

    assert "rebuild" in shelf.run(outbox.RECONCILE).result

    shelf.bench.work()
    assert shelf.held() == sorted(ids.values())


def test_an_engine_that_is_away_is_asked_again_later(shelf, monkeypatch):
    shelf.write(cloud(3))
    shelf.publish()

    def away(self, target):
        raise Unavailable("It hangs.")

    monkeypatch.setattr(faiss.Faiss, "ids", away)

    assert shelf.run(outbox.RECONCILE).state == "queued"


def test_every_night_all_of_them_are_compared(shelf):
    assert outbox.reconcile_all() == 1
    with shelf.bench.inside():
        assert Task.objects.live().filter(type="vectors.reconcile").count() == 1
