"""A collection moves and gets its index while it is read and written, and nothing is lost."""

import json
import threading
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from django.db import connection, transaction
from django.db.models import Count
from django.db.utils import ProgrammingError
from psycopg import errors

from accounts import tenancy
from laojun import files
from laojun.files import Owner
from taishang.models import (
    VectorChange,
    VectorCollection,
    VectorIndex,
    VectorRecallRun,
    VectorRow,
    VectorState,
    VectorUsage,
)
from taishang.runs import Cancelled
from taishang.vectors import (
    ddl,
    deleting,
    following,
    indexing,
    ladder,
    ledger,
    orphans,
    placement,
    purging,
    queries,
    querying,
    standing,
    writing,
)
from taishang.vectors.collections import By
from taishang.vectors.importing import asking
from taishang.vectors.importing.asking import Files, Wish
from tests import factories
from tests.taishang.conftest import Bench
from tests.taishang.vectors.conftest import DIMENSION, fill, make, principal_of, vectors

ROWS = 300


class Yard:
    """Alice's committed collection, and a worker."""

    def __init__(self) -> None:
        self.person = factories.person("alice")
        self.bench = Bench(self.person)

    @contextmanager
    def inside(self):
        with tenancy.workspace(self.person.workspace.id, user_id=self.person.user.id):
            yield

    def collection(self, count: int = ROWS, **values) -> VectorCollection:
        with self.inside():
            made = make(self.person, **values)
            fill(made, [self.row(place) for place in range(count)])
        return made

    def row(self, place: int) -> dict:
        line = STORED[place % len(STORED)]
        payload = {"n": place % 10, "half": place % 2 == 0}
        words = f"第{place}号灯塔"
        return {"id": f"r{place}", "vector": line.tolist(), "payload": payload, "document": words}

    def now(self, collection: VectorCollection) -> VectorCollection:
        with self.inside():
            rows = VectorCollection.objects.filter(pk=collection.pk)
            return standing.with_standing(rows).get()

    def work(self, kind: str, collection: VectorCollection, **payload):
        with self.inside():
            task = following.ask(kind, collection, payload=payload)
        self.bench.work(limit=20)
        return self.bench.now(task)

    def ask(self, collection: VectorCollection, **sent):
        found = self.now(collection)
        with self.inside():
            return querying.search(collection=found, query=queries.read(sent, found))

    def counts(self, collection: VectorCollection) -> tuple[int, int, int]:
        """Rows as the state, the namespaces and the table say."""
        with self.inside():
            state = VectorState.objects.get(collection=collection)
            named = sum(collection.namespaces.values_list("rows", flat=True))
            return state.rows, named, VectorRow.objects.filter(collection=collection).count()


STORED = vectors(5000, seed=3)


@pytest.fixture
def yard(committed, settings_of):
    made = Yard()
    settings_of({"vectors.promote_rows": 100})
    yield made
    with tenancy.platform_scope(reason="tests"):
        left = list(VectorCollection.objects.all())
    for collection in left:
        with tenancy.workspace(collection.workspace_id):
            purging.purge(collection=collection)
    orphans.sweep()
    settings_of({"vectors.promote_rows": 10_000})


def tables() -> list[str]:
    with ddl.connection("test") as opened:
        return sorted(name for name, _attached in opened.execute(orphans.TABLES).fetchall())


def ids(reply) -> list[str]:
    return [match.id for match in reply.matches]


def test_a_moved_collection_answers_as_before(yard):
    collection = yard.collection()
    asked = {"vector": STORED[5].tolist(), "top_k": 20}
    before = ids(yard.ask(collection, **asked))

    task = yard.work("vectors.promote", collection)

    assert (task.state, task.result["promoted"]) == ("succeeded", True), task.error
    assert yard.now(collection).placement == "own"
    assert ids(yard.ask(collection, **asked)) == before
    assert yard.counts(collection) == (ROWS, ROWS, ROWS)
    with yard.inside():
        assert VectorUsage.objects.get().own_partitions == 1
        assert not VectorChange.objects.exists()


def test_what_is_written_while_the_rows_are_copied_is_not_lost(yard, monkeypatch):
    collection = yard.collection()
    original = placement.Move.copy

    def copied(move, total):
        original(move, total)
        with yard.inside():
            deleting.by_ids(collection=collection, external_ids=["r1", "r2"])
            changed = {**yard.row(3), "payload": {"n": 99}}
            writing.upsert(collection=collection, sent=[yard.row(1), changed, yard.row(900)])

    monkeypatch.setattr(placement.Move, "copy", copied)

    task = yard.work("vectors.promote", collection)

    assert task.state == "succeeded", task.error
    assert yard.counts(collection) == (ROWS, ROWS, ROWS)
    with yard.inside():
        there = dict(VectorRow.objects.values_list("external_id", "payload__n"))
    assert "r2" not in there
    assert (there["r1"], there["r3"], there["r900"]) == (1, 99, 0)


def test_rows_brought_by_a_swap_that_got_no_lock_are_brought_again(yard, monkeypatch):
    collection = yard.collection()
    tried, compare, replay = [], placement.Move.compare, placement.Move.replay

    def replayed(move, *, until):
        replay(move, until=until)
        if not tried:
            with yard.inside():
                writing.upsert(collection=collection, sent=[yard.row(900)])

    def compared(move):
        compare(move)
        tried.append(move.seq)
        if len(tried) == 1:
            raise errors.LockNotAvailable

    monkeypatch.setattr(placement.Move, "replay", replayed)
    monkeypatch.setattr(placement.Move, "compare", compared)

    task = yard.work("vectors.promote", collection)

    assert task.state == "succeeded", task.error
    assert len(tried) == 2
    assert yard.counts(collection) == (ROWS + 1, ROWS + 1, ROWS + 1)


def test_writers_who_meet_the_move_lose_nothing_and_double_nothing(yard):
    collection = yard.collection()
    stop, failures = threading.Event(), []

    def write(seed: int) -> None:
        order = np.random.default_rng(seed)
        try:
            while not stop.is_set():
                places = [int(place) for place in order.integers(0, 400, 20)]
                # Who is told to send the same again later does.
                with suppress(ledger.CollectionMoving), yard.inside():
                    sent = [yard.row(place) | {"payload": {"by": seed}} for place in set(places)]
                    writing.upsert(collection=collection, sent=sent)
                with suppress(ledger.CollectionMoving), yard.inside():
                    gone = [f"r{place}" for place in places[:7]]
                    deleting.by_ids(collection=collection, external_ids=gone)
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    try:
        task = yard.work("vectors.promote", collection)
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert failures == []
    assert task.state == "succeeded", task.error
    state, named, there = yard.counts(collection)
    assert state == named == there
    with yard.inside():
        doubled = VectorRow.objects.values("external_id").annotate(n=Count("id")).filter(n__gt=1)
        assert not doubled.exists()
        state = VectorState.objects.get(collection=collection)
        size = sum(4 * DIMENSION for _row in range(there))
        assert state.bytes > size


def test_a_move_that_fails_leaves_the_collection_where_it_was(yard, monkeypatch):
    collection = yard.collection()
    monkeypatch.setattr(placement.Move, "compare", _differ)

    yard.work("vectors.promote", collection)

    assert yard.now(collection).placement == "shared"
    assert tables() == []
    assert yard.counts(collection) == (ROWS, ROWS, ROWS)
    with yard.inside():
        assert VectorUsage.objects.get().own_partitions == 0
        assert not VectorState.objects.get().capture


def _differ(move):
    raise placement.SidesDiffer("on purpose")


def test_a_long_transaction_puts_the_move_off_and_stops_nobody(yard, monkeypatch):
    """Whoever waits for a lock makes everybody after them wait, so the move never waits long."""
    collection = yard.collection()
    monkeypatch.setattr(placement, "TRIES", 2)
    with ddl.connection("somebody") as holder, holder.transaction():
        holder.execute("SELECT count(*) FROM tai_vectors")

        task = yard.work("vectors.promote", collection)

        assert (task.state, task.error_code) == ("queued", "retry_later")
        assert yard.counts(collection) == (ROWS, ROWS, ROWS)
        assert yard.ask(collection, vector=STORED[0].tolist()).complete
    yard.bench.hurry(task)
    yard.bench.work(limit=5)

    assert yard.bench.now(task).state == "succeeded"
    assert yard.now(collection).placement == "own"


def test_what_a_dead_worker_left_is_swept_away(yard):
    collection = yard.collection()
    with ddl.connection("dead") as opened:
        opened.execute(f"CREATE TABLE {ddl.partition(collection.pk)} (LIKE tai_vectors)")
    with yard.inside():
        VectorCollection.objects.filter(pk=collection.pk).update(placement="copying")
        VectorUsage.objects.update(own_partitions=1)

    orphans.sweep()

    assert tables() == []
    assert yard.now(collection).placement == "shared"


def test_a_workspace_has_only_so_many_own_partitions(yard, settings_of):
    collection = yard.collection()
    settings_of({"vectors.workspace_partitions": 0})

    task = yard.work("vectors.promote", collection)

    settings_of({"vectors.workspace_partitions": 20})
    assert (task.state, task.result["reason"]) == ("succeeded", "limit_reached")
    assert yard.now(collection).placement == "shared"


def test_nobody_reads_a_partition_by_its_name(yard):
    collection = yard.collection()
    yard.work("vectors.promote", collection)

    for table in ("tai_vectors_shared", ddl.partition(collection.pk)):
        with (
            yard.inside(),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction.atomic(),
        ):
            connection.cursor().execute(f"SELECT count(*) FROM {table}")
    assert VectorRow.objects.count() == 0


def test_an_index_is_built_and_found_by_the_search(yard):
    collection = yard.collection(2000)

    task = yard.work("vectors.index", collection)

    assert task.state == "succeeded", task.error
    found = yard.now(collection)
    assert (found.placement, found.active_index["generation"]) == ("own", 1)
    for asked in vectors(5, seed=9):
        reply = yard.ask(collection, vector=asked.tolist(), top_k=10)
        exact = yard.ask(collection, vector=asked.tolist(), top_k=10, exact=True)
        assert (reply.plan, reply.complete, exact.plan) == ("hnsw", True, "exact")
        assert len(set(ids(reply)) & set(ids(exact))) >= 9


def test_every_metric_and_precision_gets_the_operators_it_is_asked_by(yard):
    for metric, precision, wanted in (
        ("cosine", "float32", "vector_cosine_ops"),
        ("l2", "float32", "vector_l2_ops"),
        ("ip", "float32", "vector_ip_ops"),
        ("l2", "halfvec", "halfvec_l2_ops"),
        ("cosine", "binary", "bit_hamming_ops"),
    ):
        collection = yard.collection(
            150, name=f"{metric}-{precision}", metric=metric, precision=precision
        )
        assert yard.work("vectors.index", collection).state == "succeeded"
        name = indexing.name_of(collection.pk, 1)
        with ddl.connection("test") as opened:
            made = opened.execute("SELECT indexdef FROM pg_indexes WHERE indexname = %s", [name])
            assert wanted in made.fetchone()[0]
        reply = yard.ask(collection, vector=STORED[7].tolist(), top_k=3)
        assert (reply.plan, reply.matches[0].id) == ("hnsw", "r7") or metric == "ip"


def test_ten_runs_of_a_search_keep_the_index(yard):
    collection = yard.collection(1000)
    yard.work("vectors.index", collection)

    plans = {yard.ask(collection, vector=STORED[1].tolist()).plan for _run in range(10)}

    assert plans == {"hnsw"}
    with yard.inside():
        shown = _plan(collection)
    assert f"Index Scan using {indexing.name_of(collection.pk, 1)}" in shown
    assert "tai_vectors_shared" not in shown


def _plan(collection) -> str:
    space = ladder.Space.of(collection)
    statement, params = ladder.pgvector.indexed(space, ladder.Vector.of(STORED[1]), k=10)
    rows = ladder.staging.run((f"EXPLAIN {statement}", params))[0].rows
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("share", "k", "plan"), [(10, 10, "hnsw"), (5, 9, "hnsw"), (5, 10, "exact"), (1, 10, "exact")]
)
def test_as_many_rows_come_back_as_match(yard, share, k, plan):
    """Where a filter leaves most rows the index ranks them; where it leaves few, all are read in order."""
    collection = yard.collection(3000)
    yard.work("vectors.index", collection)
    condition = {"field": "n", "op": "lt", "value": share}

    for asked in vectors(3, seed=share):
        sent = {"vector": asked.tolist(), "filter": condition, "top_k": k, "namespace": "*"}
        reply = yard.ask(collection, **sent)
        exact = yard.ask(collection, **sent, exact=True)
        assert (len(reply.matches), reply.complete, reply.plan) == (k, True, plan)
        assert len(set(ids(reply)) & set(ids(exact))) >= k - 1


def test_a_narrow_filter_and_words_use_gin_on_an_own_partition(yard):
    collection = yard.collection(3000)
    yard.work("vectors.index", collection)

    narrow = {"field": "half", "op": "eq", "value": True}
    reply = yard.ask(collection, vector=STORED[2].tolist(), filter=narrow, explain=True)
    words = yard.ask(collection, hybrid={"keyword": "第2999号"})

    assert reply.plan == "exact"
    assert reply.explain["estimate"] <= 3000
    assert words.matches[0].id == "r2999"


def test_another_generation_takes_the_place_of_the_first(yard):
    collection = yard.collection(300)
    yard.work("vectors.index", collection)

    task = yard.work("vectors.index", collection, params={"m": 8, "ef_construction": 40})

    assert task.state == "succeeded", task.error
    with yard.inside():
        generations = dict(VectorIndex.objects.values_list("generation", "is_active"))
    assert generations == {1: False, 2: True}
    with ddl.connection("test") as opened:
        assert not ddl.exists(opened, indexing.name_of(collection.pk, 1))
    assert yard.ask(collection, vector=STORED[0].tolist()).plan == "hnsw"


def test_an_index_of_other_settings_is_stale_and_one_of_deleted_rows_is_built_again(yard):
    collection = yard.collection(200)
    yard.work("vectors.index", collection)
    assert not standing.of(yard.now(collection)).is_stale

    with yard.inside():
        VectorCollection.objects.filter(pk=collection.pk).update(precision="halfvec")
        gone = [f"r{place}" for place in range(70)]
        deleting.by_ids(collection=collection, external_ids=gone)
    assert standing.of(yard.now(collection)).is_stale
    assert following.sweep() == 1
    yard.bench.work(limit=5)

    found = yard.now(collection)
    assert (found.active_index["generation"], found.active_index["precision"]) == (2, "halfvec")
    assert following.sweep() == 0


def test_a_dropped_index_leaves_exact_search(yard):
    collection = yard.collection(200)
    yard.work("vectors.index", collection)

    assert yard.work("vectors.drop_index", collection).state == "succeeded"

    assert yard.ask(collection, vector=STORED[0].tolist()).plan == "exact"


def test_a_cancelled_build_leaves_no_invalid_index(yard, monkeypatch):
    collection = yard.collection(300)

    def stopped(build, statement):
        build.opened.execute(statement)
        raise Cancelled

    monkeypatch.setattr(indexing.Build, "watched", stopped)

    task = yard.work("vectors.index", collection)

    assert task.state == "cancelled"
    with ddl.connection("test") as opened:
        assert not ddl.exists(opened, indexing.name_of(collection.pk, 1))
        assert opened.execute(orphans.INVALID).fetchall() == []
    assert yard.ask(collection, vector=STORED[0].tolist()).complete


def test_recall_is_measured_and_a_poor_index_is_told(yard):
    good = yard.collection(2000, name="good")
    poor = yard.collection(2000, name="poor", dimension=DIMENSION)
    yard.work("vectors.index", good)
    yard.work("vectors.index", poor, params={"m": 2, "ef_construction": 4})

    for collection in (good, poor):
        assert yard.work("vectors.recall", collection, sample=20).state == "succeeded"

    with yard.inside():
        fine, low = (
            VectorRecallRun.objects.get(collection=collection) for collection in (good, poor)
        )
    assert (fine.verdict, fine.recommended_ef is not None, fine.sample) == ("ok", True, 20)
    assert fine.points[-1]["mean"] >= low.points[0]["mean"]
    assert [point["ef"] for point in fine.points] == [20, 40, 80, 120, 200, 400]


def test_recall_of_a_few_rows_is_unknown_and_says_why(yard):
    collection = yard.collection(5)

    yard.work("vectors.recall", collection)

    with yard.inside():
        run = VectorRecallRun.objects.get()
    assert (run.verdict, run.points) == ("unknown", [])
    assert "exact" in run.reason


def test_rows_of_another_workspace_are_not_reached_through_the_search_functions(yard):
    collection = yard.collection(200)
    yard.work("vectors.index", collection)
    stranger = factories.person("charlie")
    call = "SELECT count(*) FROM tai_vectors_containing(%s, NULL, ARRAY['{}']::jsonb[], 1000)"

    for workspace, wanted in ((yard.person.workspace.id, 200), (stranger.workspace.id, 0)):
        with tenancy.workspace(workspace), connection.cursor() as cursor:
            cursor.execute(call, [collection.pk])
            assert cursor.fetchone() == (wanted,)
    with connection.cursor() as cursor:
        cursor.execute(call, [collection.pk])
        assert cursor.fetchone() == (0,)


def test_purging_takes_rows_partition_and_index_along(yard):
    collection = yard.collection(200)
    yard.work("vectors.index", collection)

    with yard.inside():
        purging.purge(collection=collection)
    orphans.sweep()

    assert tables() == []
    with yard.inside():
        usage = VectorUsage.objects.get()
        assert (usage.rows, usage.collections, usage.own_partitions) == (0, 0, 0)


def test_an_import_of_many_rows_gets_its_place_before_the_first(yard):
    collection = yard.collection(0)
    sent = "\n".join(json.dumps(yard.row(place)) for place in range(ROWS))
    with yard.inside():
        owner = Owner(yard.person.user.pk, yard.person.workspace.pk)
        file = files.store(
            content=sent.encode(), name="a.jsonl", purpose="vector.import", owner=owner
        )
    with yard.inside():
        by = By.principal(principal_of(yard.person))
        task = asking.ask(collection=yard.now(collection), wish=Wish(Files(file)), by=by)

    yard.bench.work(limit=20)

    task, found = yard.bench.now(task), yard.now(collection)
    assert (task.state, task.result["counts"]) == ("succeeded", {"inserted": ROWS}), task.error
    assert task.checkpoint["own"]
    assert (found.placement, found.active_index["generation"]) == ("own", 1)
