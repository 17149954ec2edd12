"""Files become rows: once each, wherever the worker was killed, and what could not be written is named."""

import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from accounts import tenancy
from laojun import files
from laojun.files import Owner
from laojun.models import AuditLog, File, Notification
from taishang import kinds
from taishang.models import Task, VectorCollection, VectorNamespace, VectorRow, VectorState
from taishang.runs import Permanent, Run
from taishang.vectors import hidden, queries, querying, standing
from taishang.vectors.importing import running, sweeping
from tests.rig import limits
from tests.taishang.vectors.conftest import DIMENSION, fill, rows, vectors

pytestmark = pytest.mark.django_db
COUNT = 2_500


class Killed(BaseException):
    """What a worker does not catch."""


class Depot:
    """Alice's collection, files for it, and a worker."""

    def __init__(self, bench, collection) -> None:
        self.bench = bench
        self.person = bench.person
        self.number = collection.pk
        self.url = f"/api/v1/collections/{collection.pk}/imports/"

    def inside(self):
        return self.bench.inside()

    def file(self, content: bytes, name: str = "rows.jsonl") -> str:
        with self.inside():
            owner = Owner(self.person.user.pk, self.person.workspace.pk)
            kept = files.store(content=content, name=name, purpose="vector.import", owner=owner)
            return str(kept.pk)

    def ask(self, content: bytes, name: str = "rows.jsonl", **more):
        return self.send({"file_id": self.file(content, name), **more})

    def send(self, body: dict):
        return self.person.client.post(self.url, json.dumps(body), content_type="application/json")

    def brought(self, content: bytes, name: str = "rows.jsonl", **more) -> Task:
        answer = self.ask(content, name, **more)
        assert answer.status_code == 202, answer.content
        self.bench.work(limit=5)
        return self.task(answer.json()["id"])

    def task(self, number: str) -> Task:
        with self.inside():
            return Task.objects.get(pk=number)

    def stored(self) -> list[tuple[str, str]]:
        with self.inside():
            found = VectorRow.objects.filter(collection=self.number)
            return sorted(found.values_list("namespace", "external_id"))

    def now(self) -> VectorCollection:
        return standing.with_standing(VectorCollection.objects.filter(pk=self.number)).get()

    def found(self, **sent) -> list[str]:
        with self.inside():
            collection = self.now()
            query = queries.read({"vector": [1.0] * DIMENSION, "top_k": 1000, **sent}, collection)
            reply = querying.search(collection=collection, query=query)
            return [match.id for match in reply.matches]

    def rejected(self, task: Task) -> list[dict]:
        kept = (task.result or task.checkpoint)["rejected_file"]
        with self.inside():
            return [json.loads(one) for one in files.read(File.objects.get(pk=kept)).splitlines()]


@pytest.fixture
def depot(bench, collection) -> Depot:
    limits.ease()
    return Depot(bench, collection)


def lines(count: int = COUNT, *, start: int = 0, **more) -> bytes:
    array = vectors(count, seed=3)
    made = [
        {"id": f"r{start + place}", "vector": line.tolist(), "year": 2026, **more}
        for place, line in enumerate(array)
    ]
    return "\n".join(map(json.dumps, made)).encode()


def killed_after(monkeypatch, commits: int) -> None:
    """The worker dies just after its n-th committed batch."""
    commit, seen = running.Import.commit, []

    def dying(self, batch, count):
        commit(self, batch, count)
        seen.append(count)
        if len(seen) == commits:
            raise Killed

    monkeypatch.setattr(running.Import, "commit", dying)


# --- every format, end to end ---


def test_lines_are_imported_counted_audited_and_told(depot):
    task = depot.brought(lines(COUNT))

    assert (task.state, task.result["counts"]) == ("succeeded", {"inserted": COUNT})
    assert (task.progress_current, task.progress_total) == (COUNT, COUNT)
    shown = depot.person.get(depot.url).json()["results"]
    with depot.inside():
        row = VectorRow.objects.get(external_id="r7")
        deeds = AuditLog.objects.filter(action="vector_collection.import")
        assert row.payload == {"year": 2026}
        assert deeds.count() == 2
        assert Notification.objects.filter(user=depot.person.user).exists()
    assert [(one["rows"], one["counts"]) for one in shown] == [(COUNT, {"inserted": COUNT})]


def test_the_same_file_again_changes_nothing(depot):
    depot.brought(lines(1200))

    task = depot.brought(lines(1200))

    assert task.result["counts"] == {"unchanged": 1200}


def test_parquet_is_imported(depot):
    array = vectors(1500)
    out = io.BytesIO()
    columns = {"key": [f"k{n}" for n in range(1500)], "emb": pa.array(array.tolist())}
    pq.write_table(pa.table(columns), out, row_group_size=400)

    task = depot.brought(out.getvalue(), "rows.parquet")

    assert task.result["counts"] == {"inserted": 1500}, task.error_message
    assert depot.found(vector=array[9].tolist())[0] == "k9"


def test_an_array_with_lines_beside_it_is_imported(depot):
    array, out = vectors(30), io.BytesIO()
    np.save(out, array)
    side = "\n".join(json.dumps({"id": f"s{n}", "n": n}) for n in range(30)).encode()

    task = depot.brought(out.getvalue(), "rows.npy", side_file_id=depot.file(side))

    assert task.result["counts"] == {"inserted": 30}
    assert depot.found(vector=array[4].tolist())[0] == "s4"


def test_a_mapping_is_obeyed(depot):
    raw = json.dumps({"a": "x", "b": [1.0] * DIMENSION, "c": "灯塔", "d": "left", "e": 5}).encode()
    mapping = {"id": "a", "vector": "b", "document": "c", "namespace": "d", "payload": ["e"]}

    depot.brought(raw, mapping=mapping)

    with depot.inside():
        row = VectorRow.objects.get()
        found = (row.external_id, row.document, row.namespace, row.payload)
    assert found == ("x", "灯塔", "left", {"e": 5})


# --- faulty rows ---


def spoiled(good: int) -> bytes:
    bad = [b"{", b'{"id": "short", "vector": [1]}', b'{"id": "\xff"}']
    return lines(good) + b"\n" + b"\n".join(bad)


def test_skipping_writes_the_good_rows_and_names_the_bad_ones(depot):
    task = depot.brought(spoiled(1100), on_error="skip")

    assert task.result["counts"] == {"inserted": 1100, "failed": 3}
    named = [(one["line"], one["id"], one["code"]) for one in depot.rejected(task)]
    assert sorted(named, key=str) == [
        (1101, None, "bad_json"),
        (1102, "short", "wrong_dimension"),
        (1103, None, "bad_utf8"),
    ]


def test_more_than_one_in_a_hundred_stops(depot):
    task = depot.brought(spoiled(50), on_error="skip")

    assert (task.state, task.error_code, depot.stored()) == ("failed", "rows_rejected", [])


def test_stopping_keeps_the_committed_batches_and_says_so(depot):
    task = depot.brought(spoiled(1100))

    assert (task.state, task.error_code) == ("failed", "rows_rejected")
    assert "1000" in task.error_message
    assert len(depot.stored()) == 1000
    assert {one["code"] for one in depot.rejected(task)} == {
        "bad_json",
        "bad_utf8",
        "wrong_dimension",
    }


# --- killed, cancelled, deleted ---


def test_a_killed_import_goes_on_and_counts_every_row_once(depot, monkeypatch):
    answer = depot.ask(spoiled(COUNT), on_error="skip")
    with monkeypatch.context() as patch:
        killed_after(patch, 1)
        first = Run(depot.bench.claim(), kinds.get("vectors.import"))
        with pytest.raises(Killed):
            running.run_import(first)
    assert len(depot.stored()) == 1000

    task = depot.task(answer.json()["id"])
    again = Run(task, kinds.get("vectors.import"))
    running.run_import(again)

    task = depot.task(answer.json()["id"])
    assert task.result["counts"] == {"inserted": COUNT, "failed": 3}
    assert depot.stored() == sorted(("", f"r{n}") for n in range(COUNT))
    assert len(depot.rejected(task)) == 3
    with depot.inside():
        assert VectorState.objects.get(collection=depot.number).rows == COUNT


def test_a_batch_is_not_kept_without_its_place(depot, monkeypatch):
    depot.ask(lines(1500))
    run = Run(depot.bench.claim(), kinds.get("vectors.import"))

    def dies(_data):
        raise Killed

    monkeypatch.setattr(run, "checkpoint", dies)
    with pytest.raises(Killed):
        running.run_import(run)

    assert depot.stored() == []


def test_cancelling_keeps_what_is_committed_and_names_it(depot, monkeypatch):
    answer = depot.ask(lines(COUNT))
    commit = running.Import.commit

    def cancelling(self, batch, count):
        commit(self, batch, count)
        assert depot.bench.cancel(self.run.task)
        self.run._looked_at = 0

    monkeypatch.setattr(running.Import, "commit", cancelling)
    depot.bench.work(limit=1)

    task = depot.task(answer.json()["id"])
    shown = depot.person.get(depot.url).json()["results"][0]
    assert task.state == "cancelled"
    assert (shown["rows"], shown["counts"]) == (1000, {"inserted": 1000})
    assert len(depot.stored()) == 1000


def test_a_file_that_was_deleted_ends_the_import(depot):
    number = depot.file(lines(10))
    answer = depot.send({"file_id": number})
    with depot.inside():
        files.delete(File.objects.get(pk=number))

    depot.bench.work(limit=1)

    task = depot.task(answer.json()["id"])
    assert (task.state, task.error_code) == ("failed", "file_gone")


# --- a namespace replaced ---


def test_a_namespace_is_replaced_whole_or_not_at_all(depot, monkeypatch):
    with depot.inside():
        collection = VectorCollection.objects.get(pk=depot.number)
        fill(collection, rows(vectors(5)))
        fill(collection, rows(vectors(3), namespace="other"))
    seen = []
    commit = running.Import.commit

    def watching(self, batch, count):
        commit(self, batch, count)
        seen.append((len(depot.found()), len(depot.found(namespace="*"))))

    monkeypatch.setattr(running.Import, "commit", watching)
    task = depot.brought(lines(1200, start=9000), write_mode="replace_namespace")

    assert task.state == "succeeded", task.error_message
    assert seen == [(5, 8), (5, 8)]
    after = depot.stored()
    assert [one for one in after if one[0] == ""] == sorted(
        ("", f"r{9000 + n}") for n in range(1200)
    )
    assert len(after) == 1203
    with depot.inside():
        names = dict(VectorNamespace.objects.values_list("name", "rows"))
        state = VectorState.objects.get(collection=depot.number)
    assert names == {"": 1200, "other": 3}
    assert state.rows == 1203


def test_hidden_rows_show_nowhere_and_are_removed_when_their_import_ends(depot, monkeypatch):
    with depot.inside():
        fill(VectorCollection.objects.get(pk=depot.number), rows(vectors(5)))
    swept = []

    def ends_badly(_self):
        swept.append(sweeping.sweep())
        raise Permanent("tested", "It ends here.")

    monkeypatch.setattr(running.Import, "finish", ends_badly)
    task = depot.brought(lines(1500), write_mode="replace_namespace")
    base = depot.url.removesuffix("imports/")
    names = depot.person.get(f"{base}namespaces/").json()["results"]
    listed = depot.person.get(f"{base}vectors/").json()["results"]
    shown = depot.person.get(base).json()["stats"]["rows"]
    stored, found = len(depot.stored()), depot.found(namespace="*")
    swept.append(sweeping.sweep())
    depot.bench.work(limit=2)

    assert (task.state, task.error_code, stored) == ("failed", "tested", 1505)
    assert ([one["name"] for one in names], len(listed), shown, len(found)) == ([""], 5, 5, 5)
    assert swept == [0, 1]
    assert len(depot.stored()) == 5


def test_nobody_names_a_hidden_namespace(depot):
    name = hidden.MARK + "x"

    answer = depot.ask(lines(1), namespace=name)

    assert answer.status_code == 400


# --- refused at the door ---


@pytest.mark.parametrize(
    ("content", "name", "more", "status", "code"),
    [
        (b"id,vector", "rows.csv", {}, 415, "unsupported_format"),
        (b'{"id": 1}', "rows.jsonl", {"format": "parquet"}, 415, "unsupported_format"),
        (b"PAR1xxxxxxxxxxxxxx", "a.parquet", {}, 422, "import_file_refused"),
        (b"\x93NUMPY\x01\x00", "a.npy", {}, 422, "import_file_refused"),
        (b'{"id": 1}', "rows.jsonl", {"mapping": {"vector": "x"}}, 400, "validation_error"),
        (b'{"id": 1}', "rows.jsonl", {"write_mode": "x"}, 400, "validation_error"),
        (b'{"id": 1}', "rows.jsonl", {"color": "x"}, 400, "unknown_field"),
    ],
)
def test_what_cannot_be_imported_is_refused_at_once(depot, content, name, more, status, code):
    answer = depot.ask(content, name, **more)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


def test_more_rows_than_the_workspace_may_hold_are_refused_before_the_first(depot, settings_of):
    settings_of({"vectors.workspace_rows": 100})

    answer = depot.ask(lines(101))

    assert (answer.status_code, answer.json()["code"]) == (409, "limit_reached")
    assert depot.stored() == []


def test_a_stranger_and_a_strangers_file_get_nothing(depot, charlie):
    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        owner = Owner(charlie.user.pk, charlie.workspace.pk)
        foreign = files.store(
            content=lines(1), name="a.jsonl", purpose="vector.import", owner=owner
        )

    own = depot.send({"file_id": str(foreign.pk)})
    answer = charlie.client.post(
        depot.url, json.dumps({"file_id": str(foreign.pk)}), content_type="application/json"
    )

    assert (own.status_code, answer.status_code) == (400, 404)
    assert charlie.get(depot.url).status_code == 404


# --- the page ---


def test_a_person_imports_by_hand(depot):
    pages = f"/vectors/{depot.number}/imports/"
    upload = io.BytesIO(lines(1050))
    upload.name = "灯塔.jsonl"

    sent = depot.person.client.post(f"{pages}upload/", {"file": upload})
    preview = depot.person.client.get(sent["Location"]).content.decode()
    values = {"id": "id", "vector": "vector", "payload": ["year"], "write_mode": "upsert"}
    begun = depot.person.client.post(sent["Location"], {**values, "on_error": "stop"})
    depot.bench.work(limit=2)
    after = depot.person.client.get(pages).content.decode()

    assert "r19" in preview
    assert "r20" not in preview
    assert (sent.status_code, begun.status_code) == (302, 302)
    assert "灯塔.jsonl" in after
    assert "1050" in after
    assert len(depot.stored()) == 1050
