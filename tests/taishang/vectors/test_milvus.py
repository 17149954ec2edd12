import os
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from taishang.vectors.backends import milvus as module
from taishang.vectors.backends import side
from taishang.vectors.backends.base import Batch, Damaged, Refused, Target, Unavailable
from tests.taishang.vectors.lite import Lite

NOBODY = np.empty(0, "i8")


@pytest.fixture
def target(milvus, request):
    wanted = Target(abs(hash(request.node.nodeid)) % 10**9, 1, 8, "cosine", "flat")
    yield wanted
    milvus.drop(wanted)


def rows(count, seed=1):
    found = np.random.default_rng(seed).standard_normal((count, 8)).astype("f4")
    return np.arange(1, count + 1, dtype="i8"), found


def filled(engine, wanted, ids, vectors, deleted=NOBODY, seq=1):
    with engine.writer(wanted) as writer:
        writer.apply(Batch(ids, vectors, deleted))
        done = writer.publish(seq=seq)
    return replace(wanted, locator=done.locator, seq=done.seq)


@pytest.mark.parametrize("metric", ["cosine", "l2", "ip"])
@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivfflat"])
def test_the_nearest_rows_come_in_the_metrics_own_scale(milvus, target, kind, metric):
    ids, vectors = rows(300)
    held = filled(milvus, replace(target, kind=kind, metric=metric), ids, vectors)

    hits = milvus.search(held, vectors[3], k=5, ef_search=300)

    dots = vectors @ vectors[3]
    distances = {
        "cosine": 1 - dots / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors[3]),
        "l2": np.linalg.norm(vectors - vectors[3], axis=1),
        "ip": -dots,
    }[metric]
    assert list(hits.ids) == list(ids[np.argsort(distances)[:5]])
    assert np.allclose(hits.distances, np.sort(distances)[:5], atol=1e-3)


def test_what_is_written_again_moves_and_what_is_deleted_goes(milvus, target):
    ids, vectors = rows(50)
    held = filled(milvus, target, ids, vectors)
    held = filled(milvus, held, ids[:1], np.eye(8, dtype="f4")[:1], deleted=ids[1:3], seq=2)

    assert milvus.search(held, np.eye(8, dtype="f4")[0], k=1).ids[0] == 1
    assert np.concatenate(list(milvus.ids(held))).tolist() == [1, *range(4, 51)]
    assert milvus.stats(held).rows == 48
    hits = milvus.search(held, vectors[9], k=3, selector=np.array([7, 8, 2], "i8"))
    assert set(hits.ids.tolist()) == {7, 8}
    assert hits.exhausted


def test_a_collection_that_milvus_lost_is_named_as_damaged(milvus, target):
    ids, vectors = rows(5)
    held = filled(milvus, target, ids, vectors)
    milvus.drop(held)

    with pytest.raises(Damaged):
        milvus.search(held, vectors[0], k=1)
    with pytest.raises(Damaged):
        filled(milvus, held, ids[:1], vectors[:1], seq=2)


def test_a_batch_of_another_dimension_is_refused_for_good(milvus, target):
    with milvus.writer(target) as writer, pytest.raises(Refused):
        writer.apply(Batch(np.array([1], "i8"), np.ones((1, 5), "f4"), NOBODY))


def test_a_hung_server_costs_its_deadline_once_and_then_nothing(milvus, target, lite):
    ids, vectors = rows(20)
    held = filled(milvus, target, ids, vectors)
    os.kill(lite.process.pid, signal.SIGSTOP)
    try:
        spent = []
        for _ in range(6):
            began = time.monotonic()
            with pytest.raises(Unavailable):
                milvus.search(held, vectors[0], k=1, timeout_s=0.4)
            spent.append(time.monotonic() - began)
    finally:
        os.kill(lite.process.pid, signal.SIGCONT)
    assert max(spent) < 3
    assert max(spent[3:]) < 0.25
    deadline = time.monotonic() + 20
    while milvus._breaker.is_open and time.monotonic() < deadline:
        time.sleep(0.1)
    assert milvus.search(held, vectors[0], k=1).ids[0] == 1


def test_its_directory_is_held_by_one_process_and_its_rows_survive_it(tmp_path, settings):
    lite = Lite(tmp_path)
    settings.MILVUS_URI = lite.start()
    engine = module.Milvus()
    ids, vectors = rows(20)
    held = filled(engine, Target(1, 1, 8, "l2", "flat"), ids, vectors)
    try:
        with pytest.raises(RuntimeError, match="lock"):
            Lite(tmp_path).start()
        lite.stop()
        with pytest.raises(Unavailable):
            engine.search(held, vectors[0], k=1)
        settings.MILVUS_URI = lite.start()
        assert module.Milvus().search(held, vectors[0], k=1).ids[0] == 1
    finally:
        lite.stop()


def test_the_side_process_is_wanted_with_the_first_collection_only(tmp_path, settings):
    settings.DATA_DIR, settings.MILVUS_URI = tmp_path, ""
    assert not side.is_wanted()
    assert module.Milvus().probe().available

    with pytest.raises(Unavailable, match="not running"):
        module.Milvus().create(Target(1, 1, 8, "l2", "flat"))

    assert side.is_wanted()
    assert not module.Milvus().probe().available
    settings.MILVUS_URI = "http://milvus.example"
    assert not side.is_wanted()
