"""A search answers what an exact twin in numpy answers, and says so."""

import numpy as np
import pytest

from taishang.models import VectorCollection, VectorRow
from taishang.vectors import queries, querying, standing, writing
from taishang.vectors.queries import QueryInvalid
from tests.taishang.vectors.conftest import DIMENSION, fill, make, rows, vectors

pytestmark = pytest.mark.django_db


def ask(collection, **sent):
    found = standing.with_standing(VectorCollection.objects.filter(pk=collection.pk)).get()
    return querying.search(collection=found, query=queries.read(sent, found))


def ids(reply) -> list[str]:
    return [match.id for match in reply.matches]


def distances(metric: str, stored: np.ndarray, asked: np.ndarray) -> np.ndarray:
    stored, asked = stored.astype(np.float64), asked.astype(np.float64)
    if metric == "l2":
        return np.linalg.norm(stored - asked, axis=1)
    if metric == "ip":
        return -(stored @ asked)
    return 1 - (stored @ asked) / (np.linalg.norm(stored, axis=1) * np.linalg.norm(asked))


@pytest.mark.parametrize("metric", ["cosine", "l2", "ip"])
def test_an_exact_search_agrees_with_numpy(inside, metric):
    collection = make(inside, metric=metric)
    stored = vectors(500)
    fill(collection, rows(stored))

    for asked in vectors(5, seed=1):
        reply = ask(collection, vector=asked.tolist(), top_k=7)
        wanted = distances(metric, stored, asked)

        assert ids(reply) == [f"r{place}" for place in np.argsort(wanted)[:7]]
        assert np.allclose(
            [match.distance for match in reply.matches], np.sort(wanted)[:7], atol=1e-5
        )
        assert (reply.plan, reply.complete, reply.candidates_scanned) == ("exact", True, 500)


def test_scores_fall_as_distances_rise(inside):
    for metric in ("cosine", "l2", "ip"):
        collection = make(inside, metric, metric=metric)
        fill(collection, rows(vectors(20)))

        scores = [match.score for match in ask(collection, vector=[1.0] * DIMENSION).matches]

        assert scores == sorted(scores, reverse=True)


def test_a_filter_and_a_namespace_leave_only_what_matches(collection):
    stored = vectors(60)
    sent = rows(stored)
    for place, row in enumerate(sent):
        row |= {"payload": {"n": place % 6}, "namespace": "ab"[place % 2]}
    fill(collection, sent)
    condition = {"field": "n", "op": "in", "value": [0, 2]}

    reply = ask(collection, vector=stored[0].tolist(), filter=condition, namespace="a", top_k=100)

    assert set(ids(reply)) == {f"r{place}" for place in range(0, 60, 2) if place % 6 in (0, 2)}
    assert reply.complete


def test_the_usual_namespace_is_the_unnamed_one_and_a_star_is_all(collection):
    line = vectors(1)[0].tolist()
    sent = [{"id": name, "vector": line, "namespace": name} for name in ("", "x", "y")]
    sent[0]["id"] = "plain"
    fill(collection, sent)

    assert ids(ask(collection, vector=line)) == ["plain"]
    assert set(ids(ask(collection, vector=line, namespace=["x", "y"]))) == {"x", "y"}
    assert len(ask(collection, vector=line, namespace="*").matches) == 3


def test_rows_at_the_same_distance_come_in_the_order_of_their_insertion(collection):
    line = vectors(1)[0].tolist()
    fill(collection, [{"id": f"t{place}", "vector": line} for place in range(9)])

    assert ids(ask(collection, vector=line, top_k=4)) == ["t0", "t1", "t2", "t3"]


def test_an_example_is_left_out_of_what_resembles_it(collection):
    stored = vectors(30)
    fill(collection, rows(stored))

    reply = ask(collection, id="r3", top_k=5)

    order = [place for place in np.argsort(distances("cosine", stored, stored[3])) if place != 3]
    assert ids(reply) == [f"r{place}" for place in order[:5]]


def test_an_unknown_example_is_not_found(collection):
    with pytest.raises(VectorRow.DoesNotExist):
        ask(collection, id="nobody")


def test_min_score_cuts_and_says_how_many(collection):
    fill(collection, rows(vectors(50)))

    reply = ask(collection, vector=[1.0] * DIMENSION, top_k=50, min_score=0.2)

    assert all(match.score >= 0.2 for match in reply.matches)
    assert reply.cut_by_min_score == 50 - len(reply.matches)
    assert reply.complete


def test_what_is_included_is_what_was_asked_for(collection):
    line = vectors(1)[0]
    sent = {"id": "a", "vector": line.tolist(), "payload": {"a": [1]}, "document": "words"}
    fill(collection, [sent])

    everything = ask(collection, vector=line.tolist(), include=["vector", "document", "payload"])
    nothing = ask(collection, vector=line.tolist(), include=[])

    match = everything.matches[0]
    assert (match.payload, match.document) == ('{"a": [1]}', "words")
    assert np.allclose(match.vector, line)
    assert nothing.matches[0].payload is None


def test_fewer_rows_than_wanted_are_all_there_are(collection):
    fill(collection, rows(vectors(3)))

    reply = ask(collection, vector=[1.0] * DIMENSION, top_k=10)

    assert (len(reply.matches), reply.complete) == (3, True)


def test_words_find_rows_in_chinese_and_english(collection):
    documents = ["沈知微推开了门", "The harbour at night", "门外下着雨", "沈知微不在家"]
    stored = vectors(len(documents))
    sent = rows(stored)
    for row, document in zip(sent, documents, strict=True):
        row["document"] = document
    fill(collection, sent)

    assert set(ids(ask(collection, hybrid={"keyword": "沈知微"}))) == {"r0", "r3"}
    assert ids(ask(collection, hybrid={"keyword": "harbour"})) == ["r1"]
    assert ids(ask(collection, hybrid={"keyword": "沈知微推开"}))[0] == "r0"
    reply = ask(collection, hybrid={"keyword": "沈知微"})
    assert (reply.plan, reply.complete, reply.matches[0].keyword_rank) == ("keyword", True, 1)


def test_hybrid_joins_both_lists_by_their_ranks(collection):
    stored = vectors(40)
    sent = rows(stored)
    sent[7]["document"] = "蓝色的灯塔"
    fill(collection, sent)

    reply = ask(collection, vector=stored[3].tolist(), hybrid={"keyword": "灯塔"}, top_k=3)

    found = {match.id: match for match in reply.matches}
    assert set(ids(reply)[:2]) == {"r3", "r7"}
    assert (found["r7"].keyword_rank, found["r3"].vector_rank) == (1, 1)
    assert found["r3"].score == pytest.approx(1 / 61)


def test_a_filter_holds_for_words_too(collection):
    stored = vectors(4)
    sent = rows(stored, document="灯塔")
    for place, row in enumerate(sent):
        row["payload"] = {"n": place}
    fill(collection, sent)
    condition = {"field": "n", "op": "gte", "value": 2}

    assert set(ids(ask(collection, hybrid={"keyword": "灯塔"}, filter=condition))) == {"r2", "r3"}


WRONG = {
    "/top_k": {"top_k": 0},
    "/timeout_ms": {"timeout_ms": 20},
    "/namespace": {"namespace": ["a"] * 21},
    "/include": {"include": ["secrets"]},
    "/hybrid/weights": {"hybrid": {"keyword": "a", "weights": [1, -1]}},
    "/filter/op": {"filter": {"field": "a", "op": "like", "value": 1}},
    "/text": {"text": "words"},
    "/colour": {"colour": "red"},
    "/exact": {"exact": "yes"},
    "/min_score": {"min_score": "high"},
}


def test_every_fault_of_a_search_is_named(collection):
    sent = {"vector": [1.0] * DIMENSION}
    for extra in WRONG.values():
        sent |= extra

    with pytest.raises(QueryInvalid) as refused:
        queries.read(sent, collection)

    assert set(WRONG) <= {pointer for pointer, _code, _detail in refused.value.faults}


def test_a_search_that_runs_out_of_time_says_so_and_leaves_the_transaction_whole(
    collection, monkeypatch
):
    fill(collection, rows(vectors(10)))
    monkeypatch.setattr("taishang.vectors.backends.pgvector.exact", _slow)

    reply = ask(collection, vector=[1.0] * DIMENSION, timeout_ms=50)

    assert (reply.complete, reply.incomplete_reason, reply.matches) == (False, "timeout", [])
    assert VectorCollection.objects.filter(pk=collection.pk).exists()


def _slow(space, vector, *, k, columns=()):
    return "SELECT pg_sleep(5), 0, '', ''", []


def test_a_row_is_found_by_the_very_next_search(collection):
    line = vectors(1)[0].tolist()
    writing.upsert(collection=collection, sent=[{"id": "new", "vector": line}])

    assert ids(ask(collection, vector=line)) == ["new"]
