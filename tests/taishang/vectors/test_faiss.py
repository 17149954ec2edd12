import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from taishang.vectors.backends import faiss, snapshots
from taishang.vectors.backends.base import Batch, Damaged, Target, Unavailable

NOBODY = np.empty(0, "i8")


@pytest.fixture
def engine(tmp_path, settings):
    settings.DATA_DIR = tmp_path
    return faiss.Faiss()


def target(kind="flat", metric="cosine", dimension=8, **changes) -> Target:
    return replace(
        Target(7, 1, dimension, metric, kind, {"m": 8, "ef_construction": 40}), **changes
    )


def rows(count, dimension=8, seed=1, first=1):
    found = np.random.default_rng(seed).standard_normal((count, dimension)).astype("f4")
    return np.arange(first, first + count, dtype="i8"), found


def filled(engine, wanted, ids, vectors, deleted=NOBODY, seq=1) -> Target:
    with engine.writer(wanted) as writer:
        writer.apply(Batch(ids, vectors, deleted))
        done = writer.publish(seq=seq)
    return replace(wanted, locator=done.locator, sha256=done.sha256, bytes=done.bytes, seq=done.seq)


def exact(metric, vectors, query):
    dots = vectors @ query
    if metric == "l2":
        return np.linalg.norm(vectors - query, axis=1)
    if metric == "ip":
        return -dots
    return 1 - dots / np.linalg.norm(vectors, axis=1) / np.linalg.norm(query)


@pytest.mark.parametrize("metric", ["cosine", "l2", "ip"])
@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivfflat"])
def test_the_nearest_rows_come_in_the_metrics_own_scale(engine, kind, metric):
    ids, vectors = rows(500)
    held = filled(engine, target(kind, metric), ids, vectors)

    hits = engine.search(held, vectors[3], k=5, ef_search=500)

    distances = exact(metric, vectors, vectors[3])
    assert list(hits.ids) == list(ids[np.argsort(distances)[:5]])
    assert np.allclose(hits.distances, np.sort(distances)[:5], atol=1e-3)


@pytest.mark.parametrize("kind", ["flat", "hnsw"])
def test_a_row_written_again_is_found_where_it_is_now_and_a_deleted_one_nowhere(engine, kind):
    ids, vectors = rows(300)
    held = filled(engine, target(kind), ids, vectors)
    moved = np.eye(8, dtype="f4")[:1]

    held = filled(engine, held, ids[:1], moved, deleted=ids[1:3], seq=2)

    assert engine.search(held, moved[0], k=1).ids[0] == ids[0]
    found = engine.search(held, vectors[1], k=300, ef_search=1000)
    assert set(found.ids) == set(ids) - {2, 3}
    assert found.exhausted
    assert list(next(iter(engine.ids(held)))) == sorted(set(ids) - {2, 3})
    assert engine.stats(held).dead == 3


def test_the_same_batch_twice_changes_nothing(engine):
    ids, vectors = rows(50)
    held = filled(engine, target(), ids, vectors)
    held = filled(engine, held, ids, vectors, seq=1)

    assert engine.stats(held).rows == 50


def test_an_index_with_a_tenth_of_dead_rows_is_rebuilt(engine):
    ids, vectors = rows(100)
    held = filled(engine, target("hnsw"), ids, vectors)

    held = filled(engine, held, NOBODY, np.empty((0, 8), "f4"), deleted=ids[:20], seq=2)

    stats = engine.stats(held)
    assert (stats.rows, stats.dead) == (80, 0)
    assert engine.search(held, vectors[50], k=1).ids[0] == ids[50]


def test_lists_are_learnt_once_there_are_enough_rows(engine):
    ids, vectors = rows(12_000)
    held = filled(engine, target("ivfflat", "l2"), ids, vectors)

    assert snapshots.read(faiss.root(), held.locator, held.sha256).facts["kind"] == "ivfflat"
    assert engine.search(held, vectors[11], k=1).ids[0] == ids[11]
    held = filled(engine, held, NOBODY, np.empty((0, 8), "f4"), deleted=ids[:2000], seq=2)
    assert engine.stats(held).dead == 0
    assert engine.search(held, vectors[5000], k=1).ids[0] == ids[5000]


def test_only_selected_rows_are_ranked(engine):
    ids, vectors = rows(200)
    held = filled(engine, target(), ids, vectors)

    hits = engine.search(held, vectors[0], k=10, selector=np.array([5, 9, 9999], "i8"))

    assert set(hits.ids) == {5, 9}
    assert hits.exhausted


def test_before_the_first_snapshot_nothing_is_found(engine):
    hits = engine.search(target(), np.ones(8, "f4"), k=3)

    assert len(hits.ids) == 0
    assert hits.exhausted


def test_two_writers_at_once_are_one_too_many(engine):
    with (
        engine.writer(target()),
        pytest.raises(Unavailable, match="Another process"),
        engine.writer(target()),
    ):
        pass


def harm_cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def harm_swapped(path):
    raw = path.read_bytes()
    path.unlink()
    path.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))


def harm_missing(path):
    path.unlink()


@pytest.mark.parametrize("harm", [harm_cut, harm_swapped, harm_missing])
@pytest.mark.parametrize("part", ["index", "ids", "json"])
@pytest.mark.parametrize("already_open", [False, True])
def test_a_harmed_snapshot_is_refused_before_it_is_touched(engine, harm, part, already_open):
    ids, vectors = rows(2000)
    held = filled(engine, target("hnsw"), ids, vectors)
    if already_open and part == "json":
        pytest.skip("the manifest is not read again")
    if already_open:
        engine.search(held, vectors[0], k=1)
    harm(faiss.root() / held.locator.replace("json", part))

    with pytest.raises(Damaged):
        (engine if already_open else faiss.Faiss()).search(held, vectors[0], k=1)


def test_a_cut_file_would_kill_whoever_maps_it(engine, tmp_path):
    """The reason for every check: without them this is how a web process ends."""
    ids, vectors = rows(200_000, 4)
    held = filled(engine, target("flat", dimension=4), ids, vectors)
    path = snapshots.read(faiss.root(), held.locator, held.sha256).path("index")
    program = (
        "import faiss, numpy, os, sys\n"
        f"index = faiss.read_index({str(path)!r}, faiss.IO_FLAG_MMAP_IFC)\n"
        f"os.truncate({str(path)!r}, 4096)\n"
        "index.search(numpy.ones((1, 4), 'f4'), 1)\n"
    )

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode < 0


def test_a_snapshot_of_another_version_is_refused(engine, monkeypatch):
    ids, vectors = rows(10)
    held = filled(engine, target(), ids, vectors)
    monkeypatch.setattr(faiss.faiss, "__version__", "9.9.9")

    with pytest.raises(Damaged, match="another index"):
        faiss.Faiss().search(held, vectors[0], k=1)


def test_a_full_disk_leaves_no_half_files_and_the_old_snapshot_serving(engine, monkeypatch):
    ids, vectors = rows(10)
    held = filled(engine, target(), ids, vectors)
    folder = (faiss.root() / held.locator).parent
    before = sorted(folder.iterdir())

    def full(index, path):
        with Path(path).open("wb") as file:
            file.write(b"half")
        raise RuntimeError("write error: No space left on device")

    monkeypatch.setattr(faiss.faiss, "write_index", full)
    with pytest.raises(Unavailable, match="No space"):
        filled(engine, held, ids, vectors, seq=2)

    assert sorted(folder.iterdir()) == before
    assert len(engine.search(held, vectors[0], k=3).ids) == 3


def test_two_snapshots_and_those_of_the_last_minutes_are_kept(engine, monkeypatch):
    ids, vectors = rows(10)
    held = target()
    for seq in range(1, 5):
        held = filled(engine, held, ids, vectors, seq=seq)
    folder = (faiss.root() / held.locator).parent
    assert len(list(folder.glob("*.json"))) == 4

    monkeypatch.setattr(snapshots, "KEPT_SECONDS", -1)
    held = filled(engine, held, ids, vectors, seq=5)

    assert len(list(folder.glob("*.json"))) == 2
    assert len(engine.search(held, vectors[0], k=3).ids) == 3


def test_what_is_dropped_is_gone(engine):
    ids, vectors = rows(10)
    held = filled(engine, target(), ids, vectors)
    engine.drop(held)
    engine.drop(held)

    assert not (faiss.root() / "7").exists()
    with pytest.raises(Damaged):
        engine.search(held, vectors[0], k=1)


def test_the_probe_maps_a_file(engine, monkeypatch):
    assert engine.probe().available

    def unmapped(path, flags=0):
        raise RuntimeError("mmap is not supported")

    monkeypatch.setattr(faiss.faiss, "read_index", unmapped)
    assert "mmap is not supported" in engine.probe().reason


def test_a_search_waits_for_a_new_snapshot_as_long_as_it_may_and_the_next_one_finds_it(
    engine, monkeypatch
):
    ids, vectors = rows(10)
    held = filled(engine, target(), ids, vectors)
    go_on = threading.Event()
    digest = snapshots.digest

    def slow(path):
        go_on.wait(10)
        return digest(path)

    monkeypatch.setattr(snapshots, "digest", slow)
    fresh = faiss.Faiss()
    with pytest.raises(Unavailable, match="being checked"):
        fresh.search(held, vectors[0], k=1, timeout_s=0.05)
    go_on.set()

    assert fresh.search(held, vectors[0], k=1, timeout_s=5).ids[0] == ids[0]
