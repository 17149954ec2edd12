"""Collections over HTTP, as an integrator meets them."""

import json

import pytest
from django.test import Client

from accounts import tenancy
from laojun.models import AuditLog
from taishang import kinds
from taishang.models import Task, VectorCollection
from tests.rig import limits
from tests.taishang.vectors.conftest import DIMENSION, rows, vectors

pytestmark = pytest.mark.django_db
URL = "/api/v1/collections/"


@pytest.fixture(autouse=True)
def _limits_out_of_the_way(db):
    limits.ease()


def call(person, method: str, path: str, body=None, **headers):
    sent = {} if body is None else {"data": json.dumps(body), "content_type": "application/json"}
    return getattr(person.client, method)(path, headers=headers, **sent)


def made(person, **values) -> int:
    body = {"name": "notes", "dimension": DIMENSION, **values}
    answer = call(person, "post", URL, body)
    assert answer.status_code == 201, answer.content
    return answer.json()["id"]


def test_a_collection_is_made_filled_searched_and_emptied(alice):
    number = made(alice, metric="DOT")
    stored = vectors(3)

    written = call(alice, "post", f"{URL}{number}/upsert/", {"rows": rows(stored)})
    found = call(alice, "post", f"{URL}{number}/query/", {"vector": stored[1].tolist(), "top_k": 1})
    gone = call(alice, "post", f"{URL}{number}/delete/", {"ids": ["r1", "r9"]})
    shown = alice.get(f"{URL}{number}/").json()

    assert written.json()["counts"] == {"inserted": 3}
    assert [match["id"] for match in found.json()["matches"]] == ["r1"] or found.json()["complete"]
    assert [one["status"] for one in gone.json()["results"]] == ["deleted", "not_found"]
    assert (shown["metric"], shown["stats"]["rows"], shown["stats"]["write_seq"]) == ("ip", 2, 2)


def test_an_index_is_asked_for_with_every_wish(alice):
    number = made(alice)
    wishes = {
        "kind": "hnsw",
        "precision": "halfvec",
        "params": {"m": 8, "ef_construction": 40},
    }

    answer = call(alice, "post", f"{URL}{number}/index/", wishes)

    assert answer.status_code == 202, answer.content
    with tenancy.workspace(alice.workspace.id):
        task = Task.objects.get(pk=answer.json()["id"])
    assert task.payload == {**wishes, "collection": number}


def test_a_stranger_gets_404(alice, charlie):
    number = made(alice)

    for method, path, body in (
        ("get", "", None),
        ("patch", "", {"description": "mine"}),
        ("delete", "", None),
        ("post", "upsert/", {"rows": rows(vectors(1))}),
        ("post", "query/", {"vector": [1.0] * DIMENSION}),
        ("post", "delete/", {"ids": ["r0"]}),
        ("get", "vectors/", None),
        ("get", "namespaces/", None),
    ):
        answer = call(charlie, method, f"{URL}{number}/{path}", body)
        assert answer.status_code == 404, path


def test_equal_names_in_two_workspaces_do_not_meet(alice, charlie):
    for person in (alice, charlie):
        number = made(person)
        call(person, "post", f"{URL}{number}/upsert/", {"rows": rows(vectors(2))})

        names = [one["id"] for one in person.get(URL).json()["results"]]

        assert names == [number]


def test_a_name_is_taken_until_its_collection_is_deleted(alice):
    number = made(alice)
    assert (
        call(alice, "post", URL, {"name": "notes", "dimension": 3}).json()["code"] == "name_taken"
    )

    assert call(alice, "delete", f"{URL}{number}/").status_code == 204
    again = made(alice)
    refused = call(alice, "post", f"{URL}{number}/restoration/")
    call(alice, "delete", f"{URL}{again}/")
    restored = call(alice, "post", f"{URL}{number}/restoration/")

    assert alice.get(f"{URL}{again}/").status_code == 404
    assert (refused.status_code, refused.json()["code"]) == (409, "name_taken")
    assert (restored.status_code, restored.json()["id"]) == (200, number)


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"dimension": 2001}, 422, "dimension_over_index_limit"),
        ({"dimension": 4001, "precision": "halfvec"}, 422, "dimension_over_index_limit"),
        ({"dimension": 2001, "precision": "halfvec"}, 201, None),
        ({"dimension": 4001, "precision": "binary"}, 201, None),
        ({"dimension": 16000, "index_type": "FLAT"}, 201, None),
        ({"dimension": 16001}, 400, "validation_error"),
        ({"precision": "binary", "metric": "l2"}, 422, "search_refused"),
        ({"name": "a b"}, 400, "validation_error"),
        ({"name": "《笔记》"}, 400, "validation_error"),
        ({"name": "笔记_2026-11"}, 201, None),
        ({"shard_count": 2}, 422, "search_refused"),
        ({"index_params": {"m": 40, "ef_construction": 41}}, 422, "search_refused"),
        ({"index_params": {"m": 1}}, 400, "validation_error"),
        ({"backend": "oracle"}, 400, "validation_error"),
        ({"colour": "red"}, 400, "unknown_field"),
    ],
)
def test_what_a_new_collection_may_be(alice, values, status, code):
    answer = call(alice, "post", URL, {"name": "notes", "dimension": DIMENSION, **values})

    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.content


def test_over_an_index_limit_the_way_out_is_named(alice):
    answer = call(alice, "post", URL, {"name": "wide", "dimension": 2001}).json()

    assert "halfvec" in answer["detail"]
    assert answer["limit"] == 2000


def test_dimension_and_metric_are_settled_with_the_first_row(alice):
    number = made(alice)
    assert call(alice, "patch", f"{URL}{number}/", {"metric": "l2"}).status_code == 200
    call(alice, "post", f"{URL}{number}/upsert/", {"rows": rows(vectors(1))})

    refused = call(alice, "patch", f"{URL}{number}/", {"metric": "ip", "dimension": 3})
    renamed = call(alice, "patch", f"{URL}{number}/", {"name": "other"})

    assert (refused.status_code, refused.json()["fields"]) == (409, ["dimension", "metric"])
    assert renamed.json()["name"] == "other"


def test_a_readonly_collection_is_searched_and_not_written(alice):
    number = made(alice)
    call(alice, "patch", f"{URL}{number}/", {"status": "readonly"})

    written = call(alice, "post", f"{URL}{number}/upsert/", {"rows": rows(vectors(1))})
    found = call(alice, "post", f"{URL}{number}/query/", {"vector": [1.0] * DIMENSION})

    assert (written.status_code, written.json()["code"]) == (409, "collection_readonly")
    assert found.status_code == 200


def test_the_same_batch_with_the_same_key_is_answered_byte_by_byte(alice):
    number = made(alice)
    body = {"rows": rows(vectors(4))}
    path = f"{URL}{number}/upsert/"

    first = call(alice, "post", path, body, **{"Idempotency-Key": "batch-1"})
    again = call(alice, "post", path, body, **{"Idempotency-Key": "batch-1"})
    other = call(alice, "post", path, {"rows": rows(vectors(3))}, **{"Idempotency-Key": "batch-1"})
    without = call(alice, "post", path, body)

    assert first.content == again.content
    assert other.status_code == 409
    assert without.json()["counts"] == {"unchanged": 4}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {},
        {"rows": []},
        {"rows": "many"},
        {"rows": [{}] * 1001},
        {"rows": [{"id": "a"}], "mode": "wild"},
        {"rows": [{"id": "a"}], "colour": "red"},
    ],
)
def test_an_upsert_of_the_wrong_shape_is_a_400(alice, body):
    assert call(alice, "post", f"{URL}{made(alice)}/upsert/", body).status_code == 400


def test_a_faulty_row_refuses_the_whole_batch_and_every_row_is_answered(alice):
    number = made(alice)
    sent = [*rows(vectors(1)), {"id": "bad", "vector": [1.0]}]

    answer = call(alice, "post", f"{URL}{number}/upsert/", {"rows": sent})

    assert (answer.status_code, answer.json()["code"]) == (422, "rows_rejected")
    assert answer.json()["results"][1]["error"]["code"] == "wrong_dimension"
    assert alice.get(f"{URL}{number}/").json()["stats"]["rows"] == 0


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"vector": [1.0]}, 422, "wrong_dimension"),
        ({"vector": [1.0] * DIMENSION, "top_k": 0}, 400, "validation_error"),
        ({"vector": [1.0] * DIMENSION, "id": "r0"}, 400, "validation_error"),
        ({}, 400, "validation_error"),
        ({"id": "nobody"}, 404, "not_found"),
        ({"text": "words"}, 422, "no_embedding_model"),
        ({"vector": [0.0] * DIMENSION}, 400, "validation_error"),
        ({"vector": [1.0] * 20_001}, 400, "body_too_deep"),
    ],
)
def test_what_a_search_may_ask(alice, body, status, code):
    answer = call(alice, "post", f"{URL}{made(alice)}/query/", body)

    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content


def test_a_vector_of_a_thousand_numbers_is_no_deep_body(alice):
    number = made(alice, dimension=2000)
    sent = rows(vectors(200, 2000))

    assert call(alice, "post", f"{URL}{number}/upsert/", {"rows": sent}).status_code == 200


def test_a_namespace_is_deleted_by_a_task_and_the_others_stay(alice, bench):
    number = made(alice)
    sent = rows(vectors(6))
    for place, row in enumerate(sent):
        row["namespace"] = "ab"[place % 2]
    call(alice, "post", f"{URL}{number}/upsert/", {"rows": sent})

    dry = call(alice, "post", f"{URL}{number}/delete/", {"namespace": "a", "dry_run": True})
    answer = call(alice, "delete", f"{URL}{number}/namespaces/a/")
    bench.work(limit=20)

    assert dry.json() == {"count": 3}
    assert answer.status_code == 202
    assert alice.get(f"{URL}{number}/namespaces/").json()["results"] == [{"name": "b", "rows": 3}]


def test_rows_are_deleted_by_a_filter_and_the_log_says_which(alice, bench):
    number = made(alice)
    sent = rows(vectors(4))
    for place, row in enumerate(sent):
        row["payload"] = {"n": place}
    call(alice, "post", f"{URL}{number}/upsert/", {"rows": sent})
    condition = {"field": "n", "op": "lt", "value": 3}

    answer = call(alice, "post", f"{URL}{number}/delete/", {"filter": condition})
    bench.work(limit=20)

    left = alice.get(f"{URL}{number}/vectors/").json()["results"]
    assert answer.status_code == 202
    assert [row["id"] for row in left] == ["r3"]
    with tenancy.workspace(alice.workspace.id):
        deeds = AuditLog.objects.filter(action="vector_collection.delete_rows")
        assert {deed.payload["details"].get("deleted") for deed in deeds} == {None, 3}
        assert Task.objects.get(type="vectors.delete").state == "succeeded"


def test_nobody_writes_what_an_app_keeps(alice):
    number = made(alice)
    with tenancy.workspace(alice.workspace.id):
        VectorCollection.objects.filter(pk=number).update(managed_by="studio")

    for method, path, body in (
        ("post", "upsert/", {"rows": rows(vectors(1))}),
        ("post", "delete/", {"all": True}),
        ("patch", "", {"description": "mine"}),
        ("delete", "", None),
    ):
        answer = call(alice, method, f"{URL}{number}/{path}", body)
        assert (answer.status_code, answer.json()["code"]) == (403, "managed_collection")


def test_without_a_sign_in_there_is_nothing(db):
    assert Client().get(URL).status_code == 401


def test_the_kinds_are_on_their_own_queue():
    assert kinds.get("vectors.delete").queue == "vectors"
