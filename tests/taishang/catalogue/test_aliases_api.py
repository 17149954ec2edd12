"""Aliases over REST: moved with a history, taken back, never lost between two movers."""

import pytest

from taishang.catalogue import aliases
from tests.taishang.catalogue.test_models_api import call, connect, faulty

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(alice):
    return [connect(alice, scope="workspace", name=name) for name in ("small", "large")]


def move(person, model, alias="@fast", **fields):
    return call(person, "put", f"model-aliases/{alias}/", {"model": model, **fields})


def test_a_move_is_a_revision_and_going_back_is_one_too(alice, two):
    move(alice, "small", reason="cheap")
    move(alice, "large@1", reason="better")
    back = call(alice, "post", "model-aliases/@fast/rollback/", {"revision": 1})

    assert (back.json()["revision"], back.json()["model"]) == (3, "small@1")
    rows = alice.get("/api/v1/model-aliases/@fast/history/").json()["results"]
    assert [(row["revision"], row["model"]) for row in rows] == [
        (3, "small@1"),
        (2, "large@1"),
        (1, "small@1"),
    ]
    assert [row["reason"] for row in rows[1:]] == ["better", "cheap"]
    assert [row["valid_to"] is None for row in rows] == [True, False, False]
    assert rows[0]["changed_by_id"] == str(alice.user.id)


def test_who_saw_an_older_revision_is_told_the_current_one(alice, two):
    assert move(alice, "small", revision=0).status_code == 200

    late = move(alice, "large", revision=0)

    assert (late.status_code, late.json()["code"], late.json()["revision"]) == (
        409,
        "alias_moved",
        1,
    )
    assert move(alice, "large", revision=1).json()["revision"] == 2


def test_only_who_manages_models_moves_an_alias(alice, bob, two):
    assert move(bob, "small").status_code == 403
    move(alice, "small")
    assert bob.get("/api/v1/model-aliases/@fast/").json()["model"] == "small@1"


@pytest.mark.parametrize(
    ("alias", "fields", "pointer"),
    [
        ("fast", {}, "/name"),
        ("@Fast", {}, "/name"),
        ("@" + "a" * 33, {}, "/name"),
        ("@fast", {"model": "nobody"}, "/model"),
        ("@fast", {"model": "@fast"}, "/model"),
        ("@fast", {"fallbacks": ["nobody"]}, "/fallbacks"),
        ("@fast", {"fallbacks": ["small"]}, "/fallbacks"),
        ("@fast", {"fallbacks": ["large", "large"]}, "/fallbacks"),
        ("@fast", {"on_quota": "@nobody"}, "/on_quota"),
        ("@fast", {"on_quota": "@fast"}, "/on_quota"),
        ("@fast", {"surprise": 1}, "/surprise"),
    ],
)
def test_bad_aliases_are_named(alice, two, alias, fields, pointer):
    answer = call(alice, "put", f"model-aliases/{alias}/", {"model": "small", **fields})

    assert pointer in faulty(answer)


def test_a_circle_through_used_up_costs_is_refused(alice, two):
    move(alice, "small", "@a")
    move(alice, "small", "@b", on_quota="@a")
    assert move(alice, "large", "@c", on_quota="@b").status_code == 200

    assert "/on_quota" in faulty(move(alice, "small", "@a", on_quota="@c"))


def test_a_personal_model_is_no_alias_for_others(alice, two):
    connect(alice, name="secret")

    assert "/model" in faulty(move(alice, "secret"))


def test_an_alias_is_of_one_kind(alice, two):
    connect(alice, scope="workspace", name="vec", kind="embedding", embedding_dimension=4)

    assert "/model" in faulty(move(alice, "vec"))
    answer = call(alice, "put", "model-aliases/@fast/?kind=embedding", {"model": "vec"})
    assert answer.json()["kind"] == "embedding"
    assert alice.get("/api/v1/model-aliases/@fast/").status_code == 404


def test_only_so_many_aliases(alice, two, monkeypatch):
    monkeypatch.setattr(aliases, "MOST_ALIASES", 1)
    move(alice, "small", "@a")

    assert move(alice, "small", "@b").json()["code"] == "limit_reached"
    assert move(alice, "large", "@a").status_code == 200


def test_moving_the_default_moves_the_flag(alice, two):
    move(alice, "small", "@default")
    move(alice, "large", "@default")

    flags = {
        one["name"]: one["is_default"] for one in alice.get("/api/v1/models/").json()["results"]
    }
    assert flags == {"small": False, "large": True}
