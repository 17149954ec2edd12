"""Models over REST: connected, changed, versioned, chosen, taken away; what is refused and how."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import secrets, tenancy
from laojun.models import AuditLog
from taishang.catalogue import uses
from taishang.models import Model

pytestmark = pytest.mark.django_db
JSON = "application/json"
OWN = {"name": "mine", "provider": "openai", "model_id": "gpt-4o", "api_key": "sk-canary-1"}
PUBLIC = "https://203.0.113.7/v1"


@pytest.fixture(autouse=True)
def _names_resolve(monkeypatch):
    """Names are not looked up outside; an address of the documentation range counts as public."""
    monkeypatch.setattr("taishang.catalogue.fields.check_address", lambda _url: None)


def call(person, method, path, body=None, **headers):
    send = getattr(person.client, method)
    text = json.dumps(body) if body is not None else None
    return send(f"/api/v1/{path}", text, content_type=JSON, headers=headers)


def connect(person, **fields):
    answer = call(person, "post", "models/", {**OWN, **fields})
    assert answer.status_code == 201, answer.content
    return answer.json()


def patch(person, model, **fields):
    path = f"models/{model['id']}/"
    tag = person.get(f"/api/v1/{path}")["ETag"]
    return call(person, "patch", path, fields, **{"If-Match": tag})


def faulty(answer) -> set[str]:
    assert answer.status_code == 400, answer.content
    return {entry["pointer"] for entry in answer.json()["errors"]}


def test_a_person_connects_a_model_for_themselves(alice, bob, charlie):
    model = connect(bob)

    assert (model["scope"], model["reference"], model["has_api_key"]) == ("user", "mine@1", True)
    assert bob.get(f"/api/v1/models/{model['id']}/").status_code == 200
    assert alice.get(f"/api/v1/models/{model['id']}/").status_code == 404
    assert charlie.get(f"/api/v1/models/{model['id']}/").status_code == 404


def test_only_who_manages_models_connects_for_everybody(alice, bob):
    assert call(bob, "post", "models/", {**OWN, "scope": "workspace"}).status_code == 403

    model = connect(alice, scope="workspace")
    assert bob.get(f"/api/v1/models/{model['id']}/").json()["scope"] == "workspace"
    assert patch(bob, model, family="x").status_code == 403
    assert call(bob, "delete", f"models/{model['id']}/").status_code == 403
    assert call(bob, "post", f"models/{model['id']}/default/").status_code == 403


def test_a_key_is_never_shown_and_never_in_the_log(alice):
    model = connect(alice)
    answer = alice.get(f"/api/v1/models/{model['id']}/")
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        row = Model.objects.get(pk=model["id"])
        log = list(AuditLog.objects.values_list("payload", flat=True))

    assert "canary" not in answer.content.decode() + str(log) + row.api_key_encrypted
    place = f"tai_models.api_key_encrypted:{row.pk}"
    assert secrets.unseal(row.api_key_encrypted, place=place) == "sk-canary-1"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"name": "a@b"}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"provider": "nobody"}, "/provider"),
        ({"kind": "song"}, "/kind"),
        ({"kind": "rerank"}, "/kind"),
        ({"kind": "embedding"}, "/embedding_dimension"),
        ({"embedding_dimension": 4}, "/embedding_dimension"),
        ({"context_window": 0}, "/context_window"),
        ({"provider": "openai_compatible"}, "/base_url"),
        ({"api_key": "with space"}, "/api_key"),
        ({"params": {"shoe_size": 43}}, "/params"),
        ({"params": {"temperature": 3}}, "/params"),
        ({"params": {"temperature": True}}, "/params"),
        ({"quota_exempt": True}, "/quota_exempt"),
        ({"surprise": 1}, "/surprise"),
        ({"model_id": ""}, "/model_id"),
    ],
)
def test_bad_fields_are_named_and_nothing_is_saved(alice, fields, pointer):
    answer = call(alice, "post", "models/", {**OWN, **fields})

    assert pointer in faulty(answer)
    assert alice.get("/api/v1/models/").json()["results"] == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:11434/v1",
        "http://localhost/v1",
        "http://169.254.169.254/latest",
        "http://[::1]/",
        "http://0x7f000001/",
        "https://user:pass@203.0.113.7/",
        "file:///etc/passwd",
    ],
)
def test_an_inner_address_is_refused(alice, url, monkeypatch):
    monkeypatch.undo()
    body = {**OWN, "provider": "openai_compatible", "base_url": url}

    answer = call(alice, "post", "models/", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "blocked_address")


def test_a_new_address_clears_the_key_and_the_test(alice):
    model = connect(alice, provider="openai_compatible", base_url="https://a.example/v1")
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        Model.objects.filter(pk=model["id"]).update(last_test_ok=True, last_test_at=timezone.now())

    changed = patch(alice, model, base_url="https://b.example/v1").json()

    assert (changed["has_api_key"], changed["last_test"]["ok"]) == (False, None)
    both = patch(alice, model, base_url="https://c.example/v1", api_key="sk-new").json()
    assert both["has_api_key"] is True


def test_a_change_needs_what_was_seen(alice):
    model = connect(alice)
    path = f"models/{model['id']}/"
    tag = alice.get(f"/api/v1/{path}")["ETag"]

    assert call(alice, "patch", path, {"family": "x"}).status_code == 428
    assert call(alice, "patch", path, {"family": "x"}, **{"If-Match": tag}).status_code == 200
    assert call(alice, "patch", path, {"family": "y"}, **{"If-Match": tag}).status_code == 412
    fresh = alice.get(f"/api/v1/{path}")["ETag"]
    assert alice.get(f"/api/v1/{path}", headers={"If-None-Match": fresh}).status_code == 304


def test_a_used_version_is_frozen_and_the_next_one_is_not(alice):
    model = connect(alice)
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        uses.note(model["id"])

    refused = patch(alice, model, model_id="gpt-5", family="x")
    assert (refused.status_code, refused.json()["code"]) == (409, "version_immutable")
    assert refused.json()["fields"] == ["model_id", "family"]
    assert patch(alice, model, base_url=PUBLIC).status_code == 200

    answer = call(alice, "post", f"models/{model['id']}/versions/", {"model_id": "gpt-5"})
    assert (answer.status_code, answer.json()["reference"]) == (201, "mine@2")
    assert answer.json()["model_id"] == "gpt-5"


def test_a_new_version_takes_key_price_and_aliases_along(alice):
    model = connect(alice, scope="workspace")
    call(alice, "post", f"models/{model['id']}/prices/", {"input_price": "2", "output_price": "4"})
    call(alice, "post", f"models/{model['id']}/default/")
    call(alice, "put", "model-aliases/@fast/", {"model": "mine"})

    body = {"family": "x", "move_aliases": True}
    fresh = call(alice, "post", f"models/{model['id']}/versions/", body).json()

    assert (fresh["has_api_key"], fresh["input_price"], fresh["is_default"]) == (
        True,
        "2.0000000000",
        True,
    )
    assert alice.get("/api/v1/model-aliases/@fast/").json()["model_id"] == fresh["id"]
    elsewhere = call(alice, "post", f"models/{model['id']}/versions/", {"base_url": PUBLIC}).json()
    assert elsewhere["has_api_key"] is False


def test_a_name_is_there_once(alice, bob):
    connect(alice)

    again = call(alice, "post", "models/", OWN)
    assert (again.status_code, again.json()["code"]) == (409, "name_taken")
    connect(bob)
    connect(alice, scope="workspace")


def test_what_is_named_is_not_deleted(alice):
    model = connect(alice, scope="workspace")
    call(alice, "put", "model-aliases/@fast/", {"model": "mine"})

    refused = call(alice, "delete", f"models/{model['id']}/")
    assert (refused.status_code, refused.json()["code"]) == (409, "model_in_use")
    assert [use["label"] for use in refused.json()["uses"]] == ["@fast"]

    assert call(alice, "delete", "model-aliases/@fast/").status_code == 204
    assert call(alice, "delete", f"models/{model['id']}/").status_code == 204
    assert alice.get(f"/api/v1/models/{model['id']}/").status_code == 404
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        assert Model.objects.get(pk=model["id"]).api_key_encrypted == ""


def test_the_default_is_one_and_gone_when_switched_off(alice):
    first, second = connect(alice, scope="workspace"), connect(alice, scope="workspace", name="b")
    call(alice, "post", f"models/{first['id']}/default/")
    chosen = call(alice, "post", f"models/{second['id']}/default/").json()

    flags = {
        one["name"]: one["is_default"] for one in alice.get("/api/v1/models/").json()["results"]
    }
    assert (chosen["is_default"], flags) == (True, {"mine": False, "b": True})

    assert patch(alice, second, status="disabled").json()["is_default"] is False
    assert alice.get("/api/v1/model-aliases/@default/").status_code == 404
    refused = call(alice, "post", f"models/{second['id']}/default/")
    assert (refused.status_code, refused.json()["code"]) == (409, "default_refused")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def test_lists_are_filtered(alice, bob, shelf):
    connect(alice), connect(alice, scope="workspace", name="ours"), connect(bob, name="his")
    shelf.platform("everybody's")

    def names(query):
        answer = alice.get(f"/api/v1/models/?{query}")
        return sorted(one["name"] for one in answer.json()["results"])

    assert names("") == ["everybody's", "mine", "ours"]
    assert names("scope=workspace") == ["ours"]
    assert names("q=MIN") == ["mine"]
    assert names("kind=embedding") == []
    assert alice.get("/api/v1/models/?kind=song").status_code == 400


def test_the_platforms_addresses_are_nobodys_business(alice, shelf):
    model = shelf.platform(base_url="http://10.0.0.7:8000")

    assert "10.0.0.7" not in alice.get(f"/api/v1/models/{model.pk}/").content.decode()


def test_prices_are_kept_per_thousand_and_name_what_they_touch(alice):
    model = connect(alice, scope="workspace")
    path = f"models/{model['id']}/prices/"
    since = (timezone.now() - timedelta(days=2)).isoformat()
    body = {"input_price": "2.5", "output_price": None, "per": 1_000_000, "effective_from": since}

    made = call(alice, "post", path, body)

    assert made.status_code == 201, made.content
    assert (made.json()["input_price"], made.json()["output_price"]) == ("0.0025000000", None)
    assert made.json()["affected_calls"] == 0
    assert call(alice, "post", path, body).json()["code"] == "price_taken"
    assert len(alice.get(f"/api/v1/{path}").json()["results"]) == 1


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"input_price": "-1"}, "/input_price"),
        ({"input_price": "NaN"}, "/input_price"),
        ({"input_price": "1" * 30}, "/input_price"),
        ({"input_price": "0.000000001", "per": 1_000_000}, "/input_price"),
        ({"per": 7}, "/per"),
        ({"currency": "¥"}, "/currency"),
        ({"currency": "usd", "fx_rate": "7"}, "/currency"),
        ({"currency": "USD"}, "/fx_rate"),
        ({"currency": "USD", "fx_rate": "0"}, "/fx_rate"),
    ],
)
def test_bad_prices_are_named(alice, fields, pointer):
    model = connect(alice)

    assert pointer in faulty(call(alice, "post", f"models/{model['id']}/prices/", fields))


def test_who_can_be_connected_is_listed(alice):
    found = {one["key"]: one for one in alice.get("/api/v1/models/providers/").json()}

    assert {"openai", "anthropic", "deepseek", "ollama", "openai_compatible"} <= set(found)
    assert found["openai_compatible"]["needs_url"] is True
    assert found["openai"]["options"][0]["name"] == "temperature"
