"""Documents get their vectors in the background, and nothing that waits is dropped."""

import json

import pytest

from taishang.models import Model, VectorCollection, VectorRow, VectorState
from taishang.vectors import embedding, following, queries, querying, standing, writing
from tests.rig import limits
from tests.taishang.conftest import Bench
from tests.taishang.desk import desk  # noqa: F401
from tests.taishang.vectors.conftest import DIMENSION, make

URL = "/api/v1/collections/"


@pytest.fixture
def shelf(desk):  # noqa: F811
    """A desk with a model that embeds and a collection that uses it."""
    return stocked(desk, "echo")


def stocked(desk, provider="scripted", **model):  # noqa: F811
    """The desk with a collection whose documents this model reads."""
    desk.embedder = desk.model("embedder", kind="embedding", embedding_dimension=DIMENSION, **model)
    with desk.inside():
        Model.objects.filter(pk=desk.embedder.pk).update(provider=provider)
        desk.collection = make(desk.person, model_id=desk.embedder.pk)
    desk.bench = Bench(desk.person)
    return desk


def write(shelf, *documents: str) -> writing.Written:
    sent = [{"id": text, "document": text} for text in documents]
    with shelf.inside():
        written = writing.upsert(collection=shelf.collection, sent=sent)
        following.after_write(collection=shelf.collection, entry=written.entry)
    return written


def states(shelf) -> dict[str, str]:
    with shelf.inside():
        return dict(VectorRow.objects.values_list("external_id", "embed_state"))


def pending(shelf) -> int:
    with shelf.inside():
        return VectorState.objects.get(collection=shelf.collection).pending_embeddings


def ask(shelf, **sent):
    with shelf.inside():
        found = standing.with_standing(VectorCollection.objects.all()).get()
        return querying.search(collection=found, query=queries.read(sent, found))


def test_a_document_is_found_by_its_words_at_once_and_by_meaning_later(shelf):
    written = write(shelf, "灯塔", "a longer text")

    assert written.counts == {"accepted": 2}
    assert pending(shelf) == 2
    assert [match.id for match in ask(shelf, hybrid={"keyword": "灯塔"}).matches] == ["灯塔"]
    early = ask(shelf, vector=[13.0] + [1.0] * (DIMENSION - 1))
    assert (early.matches, early.pending_embeddings, early.complete) == ([], 2, True)

    shelf.bench.work(limit=20)

    assert states(shelf) == {"灯塔": "ready", "a longer text": "ready"}
    assert pending(shelf) == 0
    late = ask(shelf, vector=[13.0] + [1.0] * (DIMENSION - 1), top_k=1)
    assert [match.id for match in late.matches] == ["a longer text"]


def test_the_same_document_again_is_unchanged_and_keeps_its_vector(shelf):
    write(shelf, "text")
    shelf.bench.work(limit=20)

    assert write(shelf, "text").counts == {"unchanged": 1}
    assert states(shelf) == {"text": "ready"}


def test_a_document_that_changed_meanwhile_waits_again(shelf):
    write(shelf, "old")
    with shelf.inside():
        batch = embedding.waiting(shelf.collection, 10)
        changed = [{"id": "old", "document": "new words"}]
        writing.upsert(collection=shelf.collection, sent=changed)
        vectors = embedding.checked([[1.0] * DIMENSION], 1, shelf.collection)

        assert embedding.write(shelf.collection, batch, vectors) == 0

    assert (states(shelf), pending(shelf)) == ({"old": "pending"}, 1)


@pytest.mark.parametrize(
    "answer", [[], [[1.0]], [[1.0] * DIMENSION] * 2, [[float("nan")] * DIMENSION]]
)
def test_an_answer_of_another_shape_is_never_stored(shelf, answer):
    with pytest.raises(embedding.ModelMismatch):
        embedding.checked(answer, 1, shelf.collection)


def test_a_model_that_answers_wrongly_marks_the_rows_and_a_retry_asks_again(desk):  # noqa: F811
    short = [{"vectors": [0, [[1.0, 2.0]]]}, {"usage": [1, 0]}, {"done": "stop"}]
    shelf = stocked(desk, script=short)
    write(shelf, "text")
    shelf.bench.work(limit=20)

    assert states(shelf) == {"text": "failed"}
    with shelf.inside():
        assert VectorRow.objects.defer("embedding").get().embed_error
        assert embedding.retry(collection=shelf.collection) == 1
    assert (states(shelf), pending(shelf)) == ({"text": "pending"}, 1)


def test_a_provider_that_is_away_leaves_the_documents_waiting(desk):  # noqa: F811
    shelf = stocked(desk, script=[{"error": "server", "status": 503}])
    write(shelf, "text")

    shelf.bench.work(limit=1)

    assert (states(shelf), pending(shelf)) == ({"text": "pending"}, 1)


def test_a_model_that_comes_back_reads_what_waited(shelf):
    _set_status(shelf, "disabled")
    write(shelf, "text")
    shelf.bench.work(limit=1)
    assert (states(shelf), pending(shelf)) == ({"text": "pending"}, 1)

    _set_status(shelf, "active")
    with shelf.inside():
        task = following.ask(following.EMBED, shelf.collection)
    shelf.bench.hurry(task)
    shelf.bench.work(limit=20)

    assert (states(shelf), pending(shelf)) == ({"text": "ready"}, 0)


def _set_status(shelf, status: str) -> None:
    with shelf.inside():
        Model.objects.filter(pk=shelf.embedder.pk).update(status=status)


def test_a_text_is_searched_over_http(shelf):
    limits.ease()
    write(shelf, "four", "a longer text")
    shelf.bench.work(limit=20)
    client = shelf.person.client

    answer = client.post(
        f"{URL}{shelf.collection.pk}/query/",
        json.dumps({"text": "five5", "top_k": 1}),
        content_type="application/json",
    )

    assert answer.status_code == 200, answer.content
    assert [match["id"] for match in answer.json()["matches"]] == ["four"]


def test_a_collection_takes_its_dimension_from_its_model(shelf):
    limits.ease()
    client = shelf.person.client

    def send(**body):
        return client.post(URL, json.dumps(body), content_type="application/json")

    made = send(name="taken", model_id=shelf.embedder.pk)
    other = send(name="other", model_id=shelf.embedder.pk, dimension=3)
    unknown = send(name="unknown", model_id=999_999)
    neither = send(name="neither")

    assert (made.status_code, made.json()["dimension"]) == (201, DIMENSION)
    assert [one.status_code for one in (other, unknown, neither)] == [400, 400, 400]


def test_the_sweep_asks_again_for_what_waits(shelf):
    sent = [{"id": "a", "document": "text"}]
    with shelf.inside():
        writing.upsert(collection=shelf.collection, sent=sent)

    assert following.sweep() == 1
    shelf.bench.work(limit=20)

    assert states(shelf) == {"a": "ready"}
