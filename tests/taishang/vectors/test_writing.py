"""What is written is there, once, and counted."""

import base64

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError

from taishang.models import VectorNamespace, VectorRow, VectorState, VectorUsage
from taishang.vectors import ceilings, deleting, recounting, rows, writing
from tests.taishang.vectors.conftest import DIMENSION, make, vectors
from tests.taishang.vectors.conftest import rows as rows_of

pytestmark = pytest.mark.django_db


def state(collection) -> VectorState:
    return VectorState.objects.get(collection=collection)


def counted(collection) -> tuple[int, int]:
    """What the counter says, and what is there."""
    there = VectorRow.objects.filter(collection=collection).count()
    return state(collection).rows, there


def test_rows_are_inserted_updated_and_left_alone(collection):
    first = rows_of(vectors(3))
    second = [{**first[0], "payload": {"a": 1}}, first[1]]

    inserted = writing.upsert(collection=collection, sent=first)
    again = writing.upsert(collection=collection, sent=second)

    assert inserted.counts == {"inserted": 3}
    assert [result.status for result in again.results] == ["updated", "unchanged"]
    assert (inserted.seq, again.seq) == (1, 2)
    assert counted(collection) == (3, 3)


def test_the_same_rows_again_write_no_tuple(collection):
    sent = rows_of(vectors(5), payload={"tags": ["a", "b"], "n": 1.5})
    writing.upsert(collection=collection, sent=sent)
    before = _versions(collection)

    again = writing.upsert(collection=collection, sent=sent)

    assert again.counts == {"unchanged": 5}
    assert again.seq == 0
    assert _versions(collection) == before


def _versions(collection) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid, ctid, updated_at, revision FROM tai_vectors"
            " WHERE collection_id = %s ORDER BY id",
            [collection.pk],
        )
        return cursor.fetchall()


def test_base64_and_a_list_are_the_same_vector(collection):
    line = vectors(1)[0]
    packed = base64.b64encode(line.astype("<f4").tobytes()).decode()
    writing.upsert(collection=collection, sent=[{"id": "a", "vector": line.tolist()}])

    again = writing.upsert(collection=collection, sent=[{"id": "a", "vector_b64": packed}])

    assert again.counts == {"unchanged": 1}


FAULTY = {
    "wrong_dimension": {"id": "a", "vector": [1.0]},
    "not_finite": {"id": "b", "vector": [1e39] + [0.0] * (DIMENSION - 1)},
    "zero_vector": {"id": "c", "vector": [0.0] * DIMENSION},
    "bad_id": {"id": "x" * 257, "vector": [1.0] * DIMENSION},
    "bad_namespace": {"id": "d", "vector": [1.0] * DIMENSION, "namespace": "a\nb"},
    "payload_too_large": {"id": "e", "vector": [1.0] * DIMENSION, "payload": {"a": "b" * 17000}},
    "payload_too_deep": {
        "id": "f",
        "vector": [1.0] * DIMENSION,
        "payload": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {}}}}}}}}},
    },
    "bad_number": {"id": "g", "vector": [1.0] * DIMENSION, "payload": {"price": 2**53 + 2}},
    "document_too_long": {"id": "h", "vector": [1.0] * DIMENSION, "document": "a" * 20001},
    "no_vector_and_no_model": {"id": "i", "document": "words"},
    "duplicate_in_batch": {"id": "good", "vector": [2.0] * DIMENSION},
    "invalid_characters": {"id": "j", "vector": [1.0] * DIMENSION, "payload": {"a": "\x00"}},
    "unknown_field": {"id": "k", "vector": [1.0] * DIMENSION, "colour": "red"},
    "bad_row": 5,
}


def a_batch_of_every_fault() -> list:
    return [{"id": "good", "vector": [1.0] * DIMENSION}, *FAULTY.values()]


def test_a_partial_batch_writes_the_good_rows_and_names_each_fault(inside):
    collection = make(inside, filterable=[{"path": "price", "type": "number", "indexed": False}])

    answer = writing.upsert(collection=collection, sent=a_batch_of_every_fault(), mode="partial")

    assert answer.results[0].status == "inserted"
    assert [result.code for result in answer.results[1:]] == list(FAULTY)
    assert counted(collection) == (1, 1)


def test_an_atomic_batch_with_a_fault_writes_nothing(inside):
    collection = make(inside, filterable=[{"path": "price", "type": "number", "indexed": False}])

    with pytest.raises(writing.RowsRejected) as refused:
        writing.upsert(collection=collection, sent=a_batch_of_every_fault())

    assert len(refused.value.members["results"]) == 1 + len(FAULTY)
    assert counted(collection) == (0, 0)


@pytest.mark.parametrize(
    "value", [["1.0"] * DIMENSION, [True] * DIMENSION, "text", {"a": 1}, [None]]
)
def test_only_numbers_are_numbers(value):
    with pytest.raises(rows.RowFault, match="not_finite"):
        rows.listed(value, DIMENSION)


def test_namespaces_keep_equal_ids_apart(collection):
    line = vectors(1)[0].tolist()
    sent = [{"id": "a", "vector": line, "namespace": name} for name in ("", "x", "y")]

    writing.upsert(collection=collection, sent=sent)
    deleting.by_ids(collection=collection, external_ids=["a"], namespace="x")

    names = dict(VectorNamespace.objects.values_list("name", "rows"))
    assert names == {"": 1, "y": 1}


def test_a_delete_answers_which_ids_were_there(collection):
    writing.upsert(collection=collection, sent=rows_of(vectors(3)))

    gone, entry = deleting.by_ids(collection=collection, external_ids=["r0", "r2", "r9"])

    assert gone == {"r0", "r2"}
    assert (entry.rows, state(collection).deleted_since_build) == (1, 2)
    assert counted(collection) == (1, 1)


def test_counters_end_at_zero(collection):
    sent = rows_of(vectors(4), payload={"a": 1}, document="四个字词")
    writing.upsert(collection=collection, sent=sent)
    usage = VectorUsage.objects.get()
    assert (usage.rows, usage.bytes > 4 * 4 * DIMENSION) == (4, True)

    deleting.delete_some(collection=collection)

    usage.refresh_from_db()
    assert (usage.rows, usage.bytes, state(collection).bytes) == (0, 0, 0)


def test_a_workspace_holds_only_so_many_rows(collection, settings_of):
    settings_of({"vectors.workspace_rows": 4})
    writing.upsert(collection=collection, sent=rows_of(vectors(3)))

    with pytest.raises(ceilings.LimitReached) as refused:
        writing.upsert(collection=collection, sent=rows_of(vectors(6)))

    assert refused.value.members == {"what": "rows", "limit": 4, "used": 3}


def test_what_a_copy_must_learn_enters_the_changes_under_the_number_of_the_write(collection):
    VectorState.objects.filter(collection=collection).update(capture=True)

    written = writing.upsert(collection=collection, sent=rows_of(vectors(3)))
    deleting.by_ids(collection=collection, external_ids=["r1"])

    changes = list(collection.changes.order_by("seq").values_list("seq", "op", "ids"))
    assert [(seq, op, len(ids)) for seq, op, ids in changes] == [(1, "upsert", 3), (2, "delete", 1)]
    assert set(changes[0][2]) == set(written.ids)


def test_the_database_itself_refuses_another_dimension(collection):
    with (
        pytest.raises(IntegrityError, match="tai_vectors_dims_ck"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO tai_vectors (workspace_id, collection_id, external_id, dims, embedding,"
            " row_hash) VALUES (%s, %s, 'x', 8, '[1,2]', %s)",
            [collection.workspace_id, collection.pk, b"0" * 16],
        )


def test_a_payload_of_any_json_comes_back_as_it_was(collection):
    payload = {"中": [1, 1.5, None, True, {"a": "b\"'\\"}], "empty": {}}
    line = vectors(1)[0].tolist()

    writing.upsert(collection=collection, sent=[{"id": "a", "vector": line, "payload": payload}])

    row = VectorRow.objects.defer("embedding").get(collection=collection)
    assert row.payload == payload


def test_wrong_counters_are_found_and_repaired(collection):
    sent = [*rows_of(vectors(4)), {**rows_of(vectors(1))[0], "namespace": "x"}]
    writing.upsert(collection=collection, sent=sent)
    assert not recounting.recount(collection=collection)
    VectorState.objects.filter(collection=collection).update(rows=9, bytes=1)
    VectorNamespace.objects.filter(name="x").update(rows=7)

    assert recounting.recount(collection=collection)

    assert counted(collection) == (5, 5)
    assert dict(VectorNamespace.objects.values_list("name", "rows")) == {"": 4, "x": 1}
    assert not recounting.recount(collection=collection)
