"""A person makes a collection by hand, fills it and finds what is in it."""

import json

import pytest

from accounts import tenancy
from taishang.models import Task, VectorCollection, VectorRow
from tests.rig import limits
from tests.taishang.vectors.conftest import make

pytestmark = pytest.mark.django_db
NEW = {"dimension": "3", "metric": "cosine", "index_type": "hnsw", "precision": "float32"}
ROWS = [
    {"id": "a", "vector": [1, 0, 0], "document": "沈知微推开了灯塔的门", "payload": {"年": 1}},
    {"id": "b", "vector": [1, 1, 0], "document": "The harbour at night"},
]


@pytest.fixture(autouse=True)
def _limits_out_of_the_way(db):
    limits.ease()


@pytest.fixture
def shelf(inside) -> VectorCollection:
    return make(inside, dimension=3)


def again(person):
    """Back inside after a request, which leaves nobody's context behind."""
    return tenancy.workspace(person.workspace.id, user_id=person.user.id)


def add(person, collection, text: str):
    return person.post(f"/vectors/{collection.pk}/rows/add/", {"pasted": text})


def test_an_empty_list_says_what_to_do(alice):
    page = alice.get("/vectors/").content.decode()

    assert "/vectors/new/" in page


def test_a_collection_is_made_filled_and_searched(inside):
    made = inside.post("/vectors/new/", {**NEW, "name": "灯塔"})
    with again(inside):
        collection = VectorCollection.objects.get()
    written = add(inside, collection, json.dumps(ROWS))

    words = inside.get(f"/vectors/{collection.pk}/?q=灯塔").content.decode()
    alike = inside.get(f"/vectors/{collection.pk}/?like=a").content.decode()

    assert (made.status_code, written.status_code) == (302, 302)
    assert "沈知微推开了灯塔的门" in words
    assert "The harbour" not in words
    assert "The harbour" in alike


def test_what_does_not_fit_is_said_at_the_form(inside):
    wide = inside.post("/vectors/new/", {**NEW, "name": "wide", "dimension": "3000"})
    nothing = inside.post("/vectors/new/", {**NEW, "name": "none", "dimension": ""})

    assert "halfvec" in wide.content.decode()
    assert nothing.status_code == 200
    with again(inside):
        assert not VectorCollection.objects.exists()


def test_rows_that_cannot_be_written_are_named(inside, shelf):
    short = add(inside, shelf, json.dumps([{"id": "x", "vector": [1]}]))
    broken = add(inside, shelf, "[{]")

    assert "x" in short.content.decode()
    assert (short.status_code, broken.status_code) == (200, 200)
    with again(inside):
        assert not VectorRow.objects.exists()


def test_a_row_is_deleted(inside, shelf):
    add(inside, shelf, json.dumps(ROWS))
    with again(inside):
        row = VectorRow.objects.get(external_id="a")

    inside.post(f"/vectors/{shelf.pk}/rows/{row.pk}/deletion/")

    with again(inside):
        assert list(VectorRow.objects.values_list("external_id", flat=True)) == ["b"]


def test_an_index_is_asked_for_once(inside, shelf):
    for _time in range(2):
        assert inside.post(f"/vectors/{shelf.pk}/work/index/").status_code == 302

    with again(inside):
        assert Task.objects.filter(type="vectors.index").count() == 1
    assert inside.get(f"/vectors/{shelf.pk}/quality/").status_code == 200


def test_settings_are_changed_and_the_collection_deleted(inside, shelf):
    changed = {"name": "other", "description": "d", "is_readonly": "on"}
    inside.post(f"/vectors/{shelf.pk}/settings/", changed)
    with again(inside):
        shelf.refresh_from_db()
    assert (shelf.name, shelf.status) == ("other", "readonly")

    inside.post(f"/vectors/{shelf.pk}/deletion/")

    assert inside.get(f"/vectors/{shelf.pk}/").status_code == 404


def test_a_stranger_sees_nothing(inside, shelf, charlie):
    for tail in ("", "rows/", "quality/", "programs/", "settings/"):
        assert charlie.get(f"/vectors/{shelf.pk}/{tail}").status_code == 404
    assert charlie.post(f"/vectors/{shelf.pk}/deletion/").status_code == 404
