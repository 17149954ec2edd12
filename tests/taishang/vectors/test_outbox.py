from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from accounts import tenancy
from laojun import configs
from taishang import restored, transitions
from taishang.models import Task, VectorChange, VectorCollection, VectorState
from taishang.vectors import outbox, publishing
from taishang.vectors.backends import base, faiss, side
from taishang.vectors.backends.base import Refused, Unavailable
from tests.taishang.vectors.shelf import Shelf, cloud, order

pytestmark = pytest.mark.django_db


@pytest.fixture
def shelf(bench, settings, tmp_path, engines_at_once):
    settings.DATA_DIR = tmp_path
    base.get.cache_clear()
    yield Shelf.make(bench, "faiss", index_type="hnsw")
    base.get.cache_clear()


def test_what_was_written_is_found_while_no_indexer_runs(shelf):
    rows = cloud(50)
    shelf.write(rows)

    reply = shelf.search(rows["r7"], 3)

    assert [match.id for match in reply.matches] == order(rows, rows["r7"])[:3]
    assert (reply.complete, reply.lag_seq) == (True, 1)
    assert (shelf.state.write_seq, shelf.state.published_seq) == (1, 0)


def test_a_publication_empties_the_outbox_and_the_engine_answers(shelf):
    rows = cloud(300)
    ids = shelf.write(rows)

    done = shelf.publish()

    assert done.state == "succeeded", done.error_detail
    assert shelf.state.published_seq == shelf.state.write_seq
    assert shelf.changes == []
    assert shelf.held() == sorted(ids.values())
    assert "published" in shelf.bench.events(done)
    reply = shelf.search(rows["r7"], 5)
    assert [match.id for match in reply.matches] == order(rows, rows["r7"])[:5]
    assert (reply.plan, reply.complete, reply.lag_seq) == ("faiss", True, 0)


def test_after_a_publication_changed_rows_are_found_where_they_are_now_and_deleted_ones_nowhere(
    shelf,
):
    rows = cloud(300)
    shelf.write(rows)
    shelf.publish()

    here = np.eye(8, dtype="f4")[0]
    shelf.write({"r0": here, "new": -here})
    shelf.delete("r1")

    assert shelf.names(here, 1) == ["r0"]
    assert shelf.names(-here, 1) == ["new"]
    assert "r1" not in shelf.names(rows["r1"], 100)
    shelf.publish()
    assert shelf.names(here, 1) == ["r0"]
    assert len(shelf.held()) == 300


def test_rows_without_a_vector_are_no_engines_matter(shelf):
    shelf.write(cloud(5))
    with shelf.bench.inside():
        shelf.collection.vectors.filter(external_id="r3").update(
            embedding=None, embed_state="failed"
        )

    shelf.publish()

    assert len(shelf.held()) == 4


def test_a_snapshot_waits_for_enough_changes_or_long_enough(shelf):
    shelf.write(cloud(10))
    assert outbox.sweep() == 0

    with shelf.bench.inside():
        VectorChange.objects.update(created_at="2020-01-01T00:00:00Z")

    assert outbox.sweep() == 1
    assert outbox.sweep() == 1
    with shelf.bench.inside():
        assert Task.objects.live().filter(type="vectors.publish").count() == 1


def test_enough_changes_are_published_at_once(shelf, monkeypatch):
    shelf.write(cloud(10))
    monkeypatch.setattr(configs, "value", lambda key, workspace=None: 10)

    assert outbox.sweep() == 1


def test_an_engine_that_is_away_costs_a_pause_that_doubles_and_loses_nothing(shelf, monkeypatch):
    rows = cloud(20)
    shelf.write(rows)

    def away(self, batch):
        raise Unavailable("It hangs.")

    monkeypatch.setattr(faiss.FaissWriter, "apply", away)
    shelf.publish()
    shelf.publish()

    [change] = shelf.changes
    assert change.attempts == 2
    assert change.error == "It hangs."
    assert shelf.state.last_error == "It hangs."
    assert 1 <= (change.next_try_at - change.updated_at).total_seconds() <= 3
    with shelf.bench.inside():
        VectorChange.objects.update(created_at="2020-01-01T00:00:00Z")
    assert outbox.sweep() == 0
    assert shelf.names(rows["r3"], 1) == ["r3"]

    monkeypatch.undo()
    shelf.publish()
    assert len(shelf.held()) == 20
    assert shelf.state.last_error == ""


def test_a_row_the_engine_refuses_is_parked_alone_and_still_found(shelf, monkeypatch):
    rows = cloud(20)
    ids = shelf.write(rows)
    poison = ids["r13"]
    honest = faiss.FaissWriter.apply

    def picky(self, batch):
        if poison in batch.ids:
            raise Refused("It does not like this row.")
        honest(self, batch)

    monkeypatch.setattr(faiss.FaissWriter, "apply", picky)
    done = shelf.publish()

    assert "parked" in shelf.bench.events(done)
    assert shelf.state.published_seq == shelf.state.write_seq
    assert sorted(shelf.held()) == sorted(set(ids.values()) - {poison})
    [parked] = shelf.changes
    assert (parked.ids, parked.error) == ([poison], "It does not like this row.")
    assert shelf.names(rows["r13"], 1) == ["r13"]

    monkeypatch.undo()
    shelf.write({"r13": rows["r13"] * 2})
    shelf.publish()
    assert shelf.changes == []
    assert poison in shelf.held()


def test_a_task_that_lost_its_lease_publishes_nothing(shelf, monkeypatch):
    shelf.write(cloud(20))
    honest, rescued = faiss.FaissWriter.publish, []

    def slow(self, *, seq):
        """Meanwhile the worker counts as dead, and the task goes back to the queue."""
        rescued.extend(_rescued(shelf))
        return honest(self, seq=seq)

    monkeypatch.setattr(faiss.FaissWriter, "publish", slow)
    outbox.ask(
        outbox.PUBLISH,
        collection_id=shelf.collection.pk,
        workspace_id=shelf.collection.workspace_id,
    )
    shelf.bench.work(limit=1)

    assert len(rescued) == 1
    assert shelf.state.published_seq == 0
    assert len(shelf.changes) == 1


def _rescued(shelf):
    with tenancy.dispatcher_scope():
        return transitions.rescue(
            lease=timedelta(hours=1), dead_owners=[shelf.bench.claimant.owner]
        )


def test_a_damaged_snapshot_answers_exactly_and_is_rebuilt(shelf):
    rows = cloud(200)
    ids = shelf.write(rows)
    shelf.publish()
    path = faiss.root() / shelf.index.locator.replace("json", "index")
    path.write_bytes(path.read_bytes()[:-1])

    reply = shelf.search(rows["r5"], 3)

    assert [match.id for match in reply.matches] == order(rows, rows["r5"])[:3]
    assert (reply.plan, reply.complete, reply.warnings) == ("exact", True, ["engine_damaged"])
    with shelf.bench.inside():
        assert Task.objects.live().filter(type="vectors.rebuild_engine").count() == 1
    shelf.bench.work()
    assert shelf.index.generation == 2
    assert shelf.held() == sorted(ids.values())
    assert shelf.names(rows["r5"], 3) == order(rows, rows["r5"])[:3]
    assert not (faiss.root() / str(shelf.collection.pk) / "g1").exists()


def test_changes_that_come_during_a_rebuild_follow_it(shelf, monkeypatch):
    rows = cloud(100)
    shelf.write(rows)
    shelf.publish()
    honest = faiss.FaissWriter.apply
    here = np.eye(8, dtype="f4")[0]

    def busy(self, batch):
        honest(self, batch)
        if self.target.generation == 2:
            monkeypatch.undo()
            shelf.write({"late": here, "r1": -here})

    monkeypatch.setattr(faiss.FaissWriter, "apply", busy)
    done = shelf.run(outbox.REBUILD)

    assert done.state == "succeeded", done.error_detail
    assert shelf.names(here, 1) == ["late"]
    assert shelf.names(-here, 1) == ["r1"]
    shelf.publish()
    assert len(shelf.held()) == 101


def test_the_outbox_keeps_what_a_generation_that_is_being_filled_still_needs(shelf):
    shelf.write(cloud(10))
    shelf.publish()
    with shelf.bench.inside():
        publishing.generations.make(shelf.collection, state="building", seq=1)
    shelf.write(cloud(3, seed=2))

    shelf.publish()

    assert [change.seq for change in shelf.changes] == [2]


def test_a_read_only_or_deleted_collection_is_handled(shelf):
    shelf.write(cloud(3))
    with shelf.bench.inside():
        VectorCollection.objects.update(status="deleting")

    done = shelf.publish()

    assert (done.state, done.error_code) == ("failed", "collection_gone")
    assert outbox.sweep() == 0


def test_numbers_without_changes_are_published_too(shelf):
    shelf.write(cloud(3))
    shelf.publish()
    with shelf.bench.inside():
        VectorState.objects.update(write_seq=9)

    assert outbox.sweep() == 1
    shelf.bench.work()

    assert shelf.state.published_seq == 9


def test_recall_of_an_engine_is_measured_through_it(shelf):
    shelf.write(cloud(300))
    shelf.publish()

    done = shelf.run("vectors.recall")

    assert done.state == "succeeded", done.error_detail
    assert done.result["verdict"] == "ok"
    assert [point["ef"] for point in done.result["points"]] == [20, 40, 80, 120, 200, 400]
    assert done.result["points"][-1]["mean"] >= 0.99


def test_after_a_restore_nothing_an_engine_holds_is_used_until_it_is_filled_anew(shelf):
    rows = cloud(100)
    ids = shelf.write(rows)
    shelf.publish()
    restored.forget_engines(made_at=timezone.now())
    shelf.write({"new": rows["r1"]})

    reply = shelf.search(rows["r1"], 3)
    shelf.publish()

    assert {"r1", "new"} <= {match.id for match in reply.matches}
    assert (reply.plan, reply.warnings) == ("exact", ["engine_damaged"])
    shelf.bench.work()
    assert shelf.search(rows["r1"], 3).plan == "faiss"
    assert len(shelf.held()) == len(ids) + 1


def test_a_milvus_that_ended_uncleanly_is_compared(shelf):
    side.want()
    side.killed_file().touch()

    outbox.sweep()
    outbox.sweep()

    assert not side.killed_file().exists()
    with shelf.bench.inside():
        assert Task.objects.live().filter(type="vectors.reconcile").count() == 1
