"""The engines over HTTP: what there is, and the comparison that somebody asks for."""

import pytest

from accounts import tenancy
from laojun.models import AuditLog
from taishang.models import Task, VectorCollection
from taishang.vectors import probing
from taishang.vectors.backends import base
from tests import factories
from tests.rig import limits
from tests.taishang.vectors.shelf import Shelf, cloud

pytestmark = pytest.mark.django_db
BACKENDS = "/api/v1/vector-backends/"


@pytest.fixture(autouse=True)
def _apart(db, settings, tmp_path, monkeypatch):
    limits.ease()
    settings.DATA_DIR, settings.MILVUS_URI = tmp_path, ""
    base.get.cache_clear()
    monkeypatch.setattr(probing, "_found", (0.0, []))
    yield
    base.get.cache_clear()


def test_every_engine_says_whether_it_can_be_used(alice):
    answer = alice.get(BACKENDS)

    found = {one["name"]: one for one in answer.json()["results"]}
    assert list(found) == ["pgvector", "faiss", "milvus"]
    assert all(one["available"] for one in found.values())
    assert found["faiss"]["version"]
    assert found["faiss"]["kinds"] == ["flat", "hnsw", "ivfflat"]
    assert found["faiss"]["limits"]["rows"] == 5_000_000
    assert found["milvus"]["reason"] == "Milvus Lite starts with the first collection."


def test_an_engine_whose_package_is_absent_names_the_command(alice, monkeypatch):
    def absent(path):
        raise ImportError(name="faiss")

    monkeypatch.setattr(base, "import_string", absent)
    base.get.cache_clear()

    found = {one["name"]: one for one in alice.get(BACKENDS).json()["results"]}

    assert not found["faiss"]["available"]
    assert found["faiss"]["command"] == "pip install -r requirements-vectors.txt"
    refused = alice.client.post(
        "/api/v1/collections/",
        {"name": "n", "dimension": 3, "backend": "faiss"},
        content_type="application/json",
    )
    assert refused.status_code == 422
    assert refused.json()["code"] == "backend_unavailable"
    assert "requirements-vectors" in refused.json()["detail"]


def address(shelf) -> str:
    return f"/api/v1/collections/{shelf.collection.pk}/reconciliation/"


def test_a_comparison_is_asked_for_once_and_audited(alice, bench):
    shelf = Shelf.make(bench, "faiss")
    shelf.write(cloud(5))

    first, second = alice.post(address(shelf)), alice.post(address(shelf))

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    with bench.inside():
        assert Task.objects.get(pk=first.json()["id"]).type == "vectors.reconcile"
        rows = AuditLog.objects.filter(
            action="vector_collection.ask", resource_id=str(shelf.collection.pk)
        )
        assert rows.count() == 1


def test_a_collection_that_postgresql_ranks_has_no_engine_to_compare(alice, bench):
    answer = alice.post(address(Shelf.make(bench, "pgvector")))

    assert (answer.status_code, answer.json()["code"]) == (409, "no_engine")


def test_a_viewer_may_not_and_a_stranger_finds_nothing(alice, bench, charlie):
    shelf = Shelf.make(bench, "faiss")
    viewer = factories.colleague("vera", of=alice, role="viewer")

    assert viewer.post(address(shelf)).status_code == 403
    assert charlie.post(address(shelf)).status_code == 404


def test_building_the_index_of_an_engine_makes_a_new_generation(alice, bench):
    shelf = Shelf.make(bench, "faiss")
    shelf.write(cloud(20))
    shelf.publish()

    answer = alice.client.post(
        f"/api/v1/collections/{shelf.collection.pk}/index/", {}, content_type="application/json"
    )
    bench.work()

    assert answer.status_code == 202
    assert answer.json()["type"] == "vectors.rebuild_engine"
    assert shelf.index.generation == 2


@pytest.fixture
def console(olga):
    return olga


def test_the_operator_sees_engines_lag_and_what_still_works(console, bench):
    shelf = Shelf.make(bench, "faiss", name="late-one")
    shelf.write(cloud(5))
    with bench.inside():
        shelf.collection.changes.update(created_at="2020-01-01T00:00:00Z")

    page = console.get("/admin/taishang/vectorindex/engines/", headers={"Accept-Language": "en"})
    part = console.get("/admin/taishang/vectorindex/engines/", headers={"HX-Request": "true"})

    text = page.content.decode()
    assert page.status_code == part.status_code == 200
    assert "late-one" in text
    assert "pgvector" in text
    assert b"<html" not in part.content


def test_an_operators_deed_asks_first_and_then_for_tasks(console, bench):
    shelf = Shelf.make(bench, "faiss")
    shelf.write(cloud(5))
    shelf.publish()
    wish = {"action": "reconcile", "_selected_action": [str(shelf.index.pk)]}

    question = console.post("/admin/taishang/vectorindex/", wish)
    done = console.post("/admin/taishang/vectorindex/", {**wish, "confirmed": "1"})

    assert (question.status_code, done.status_code) == (200, 302)
    with bench.inside():
        assert Task.objects.live().filter(type="vectors.reconcile").count() == 1


def test_a_person_without_the_console_does_not_get_in(alice):
    assert alice.get("/admin/taishang/vectorindex/engines/").status_code in (302, 403, 404)


def test_generations_are_listed_and_opened(console, bench):
    shelf = Shelf.make(bench, "faiss")
    shelf.write(cloud(5))
    shelf.publish()

    assert console.get("/admin/taishang/vectorindex/").status_code == 200
    assert console.get(f"/admin/taishang/vectorindex/{shelf.index.pk}/change/").status_code == 200
    with tenancy.platform_scope(reason="test"):
        assert VectorCollection.objects.count() == 1
