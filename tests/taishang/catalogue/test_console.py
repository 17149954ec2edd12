"""The console of models: forms that say what is wrong, the platform's default, histories with the way back."""

import pytest

from accounts import tenancy
from taishang.models import Model, ModelAlias, ModelPrice, Task
from taishang.providers.base import PROVIDERS

pytestmark = pytest.mark.django_db
HERE = "/admin/taishang/model/"
FORM = {
    "kind": "chat",
    "provider": "openai",
    "name": "everybody's",
    "model_id": "gpt-4o",
    "base_url": "",
    "status": "active",
    "context_window": "1000",
    "max_output_tokens": "100",
    "embedding_dimension": "",
    "max_batch": "1",
    "tokenizer": "o200k",
    "supports_streaming": "on",
    "max_parallel": "",
    "api_key": "sk-canary-3",
}


@pytest.fixture
def olga(olga):
    olga.user.is_superuser = True
    olga.user.save(update_fields=["is_superuser"])
    return olga


def rows(table, **found):
    with tenancy.platform_scope(reason="test"):
        return list(table.objects.filter(**found).order_by("pk"))


def text(answer) -> str:
    return answer.content.decode()


def added(olga, **fields):
    answer = olga.post(f"{HERE}add/", {**FORM, **fields})
    assert answer.status_code == 302, text(answer)[-3000:]
    return rows(Model, name=fields.get("name", FORM["name"]))[-1]


def test_a_platform_model_is_added_changed_and_seen_by_everybody(olga, alice):
    model = added(olga)
    assert (model.scope, model.has_api_key, model.version) == ("platform", True, 1)
    assert "canary" not in text(olga.get(f"{HERE}{model.pk}/change/")) + text(olga.get(HERE))

    answer = olga.post(f"{HERE}{model.pk}/change/", {**FORM, "api_key": "", "context_window": "9"})

    assert answer.status_code == 302, text(answer)[-3000:]
    (model,) = rows(Model)
    assert (model.context_window, model.has_api_key) == (9, True)
    assert alice.get(f"/api/v1/models/{model.pk}/").status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"name": "a@b"},
        {"provider": "openai_compatible"},
        {"kind": "embedding"},
        {"provider": "ollama", "base_url": "http://169.254.169.254/"},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_saved(olga, fields):
    answer = olga.post(f"{HERE}add/", {**FORM, **fields})

    assert answer.status_code == 200
    assert rows(Model) == []


def test_a_provider_made_for_tests_is_not_offered_in_production(olga, alice, monkeypatch):
    monkeypatch.delitem(PROVIDERS._entries, "scripted")

    assert olga.post(f"{HERE}add/", {**FORM, "provider": "scripted"}).status_code == 200
    assert alice.post("/models/connect/scripted/", {"model_id": "x"}).status_code == 404
    body = {"name": "n", "provider": "scripted", "model_id": "x"}
    assert alice.client.post("/api/v1/models/", body, "application/json").status_code == 400
    assert rows(Model) == []


def test_a_workspaces_model_can_be_switched_off_and_nothing_else(olga, shelf):
    model = shelf.ours("theirs", provider="openai")

    answer = olga.post(
        f"{HERE}{model.pk}/change/", {"status": "disabled", "name": "other", "base_url": "x"}
    )

    assert answer.status_code == 302, text(answer)[-3000:]
    (row,) = rows(Model)
    assert (row.status, row.name, row.base_url) == ("disabled", "theirs", "")


def test_the_platforms_default_is_flag_and_alias(olga):
    model = added(olga)

    olga.post(HERE, {"action": "make_default", "_selected_action": [model.pk]})

    assert rows(Model)[0].is_default
    (alias,) = rows(ModelAlias)
    assert (alias.name, alias.workspace_id, alias.model_id) == ("@default", None, model.pk)


def test_an_alias_is_moved_and_taken_back(olga):
    small, large = added(olga, name="small"), added(olga, name="large")
    for model in (small, large):
        form = {"name": "@fast", "kind": "chat", "model": model.pk, "reason": "why"}
        answer = olga.post("/admin/taishang/modelalias/add/", form)
        assert answer.status_code == 302, text(answer)[-3000:]
    current = rows(ModelAlias, valid_to=None)[0]
    page = f"/admin/taishang/modelalias/{current.pk}/history-of/"
    assert "small@1" in text(olga.get(page))

    olga.post(page, {"revision": "1"})

    now = rows(ModelAlias, valid_to=None)[0]
    assert (now.revision, now.model_id) == (3, small.pk)


def test_a_price_is_said_per_million(olga):
    model = added(olga)
    form = {"model": model.pk, "input_price": "2.5", "output_price": "10", "currency": "CNY"}

    answer = olga.post("/admin/taishang/modelprice/add/", form)

    assert answer.status_code == 302, text(answer)[-3000:]
    (price,) = rows(ModelPrice)
    assert (str(price.input_price), price.workspace_id) == ("0.0025000000", None)
    assert rows(Model)[0].price_known
    bad = olga.post("/admin/taishang/modelprice/add/", {**form, "currency": "¥"})
    assert bad.status_code == 200


def test_used_models_without_a_price_are_found(olga, shelf):
    shelf.ours("quiet")
    shelf.ours("used", first_used_at="2026-01-01T00:00:00Z")

    page = text(olga.get(f"{HERE}?priced=missing"))

    assert "used@1" in page
    assert "quiet@1" not in page


def test_all_are_tried_by_a_task(olga, shelf):
    model = shelf.ours("used")

    olga.post(HERE, {"action": "test_all", "_selected_action": [model.pk]})

    (task,) = rows(Task, type="models.test_all")
    assert task.payload == {"models": [model.pk]}
