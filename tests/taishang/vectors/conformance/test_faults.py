"""Engines that are cut, emptied, hung or gone: right answers in time, or a word on why not all."""

import os
import shutil
import signal
import time

import pytest

from taishang.vectors import outbox
from taishang.vectors.backends import base, faiss
from tests.taishang.vectors.shelf import Shelf, cloud, order

pytestmark = pytest.mark.django_db
BUDGET_MS = 2_000


@pytest.fixture
def on(bench, settings, tmp_path, engines_at_once):
    settings.DATA_DIR = tmp_path

    def build(backend):
        base.get.cache_clear()
        shelf = Shelf.make(bench, backend)
        shelf.rows = cloud(200)
        shelf.write(shelf.rows)
        assert shelf.publish().state == "succeeded"
        return shelf

    yield build
    base.get.cache_clear()


def right(shelf, reply):
    return [match.id for match in reply.matches] == order(shelf.rows, shelf.rows["r7"])[:10]


def test_a_faiss_snapshot_cut_by_one_byte(on):
    shelf = on("faiss")
    path = faiss.root() / shelf.index.locator.replace(".json", ".index")
    os.truncate(path, path.stat().st_size - 1)

    reply = shelf.search(shelf.rows["r7"], 10)

    assert right(shelf, reply)
    assert (reply.complete, reply.plan, reply.warnings) == (True, "exact", ["engine_damaged"])
    shelf.bench.work()
    assert shelf.search(shelf.rows["r7"], 10).plan == "faiss"


def test_milvus_lites_data_removed_then_reconciled(on, lite, settings):
    settings.MILVUS_URI = lite.uri
    shelf = on("milvus")
    ids = shelf.ids()
    lite.stop()
    shutil.rmtree(lite.folder)
    lite.uri = settings.MILVUS_URI = lite.start()

    reply = shelf.search(shelf.rows["r7"], 10)
    assert right(shelf, reply)
    assert reply.warnings == ["engine_damaged"]

    shelf.run(outbox.RECONCILE)
    shelf.bench.work()

    assert shelf.held() == sorted(ids.values())
    reply = shelf.search(shelf.rows["r7"], 10)
    assert right(shelf, reply)
    assert reply.plan == "milvus"


def test_milvus_hung(on, lite, settings):
    settings.MILVUS_URI = lite.uri
    shelf = on("milvus")
    os.kill(lite.process.pid, signal.SIGSTOP)
    try:
        spent = []
        for _ in range(5):
            began = time.monotonic()
            reply = shelf.search(shelf.rows["r7"], 10, timeout_ms=BUDGET_MS)
            spent.append(time.monotonic() - began)
            assert right(shelf, reply) or (
                not reply.complete and reply.incomplete_reason == "engine_down"
            )
            assert reply.plan == "exact"
        shelf.write({"new": shelf.rows["r7"]})
        assert "new" in shelf.names(shelf.rows["r7"], 2)
        assert shelf.publish().result == {"postponed": shelf.state.last_error}
    finally:
        os.kill(lite.process.pid, signal.SIGCONT)
    assert max(spent) < BUDGET_MS / 1000 + 0.5
    assert min(spent) < 0.25
    assert len(shelf.changes) == 1


def test_milvus_down(on, lite, settings):
    settings.MILVUS_URI = lite.uri
    shelf = on("milvus")
    lite.stop()
    try:
        reply = shelf.search(shelf.rows["r7"], 10)
        assert right(shelf, reply)
        assert reply.warnings == ["engine_down"]
    finally:
        lite.uri = lite.start()


def test_rows_that_only_the_engine_still_has_are_never_shown(on):
    shelf = on("faiss")
    with shelf.bench.inside():
        shelf.collection.vectors.filter(external_id="r7").delete()

    reply = shelf.search(shelf.rows["r7"], 10)

    assert "r7" not in [match.id for match in reply.matches]
    assert len(reply.matches) == 10
