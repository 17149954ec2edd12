"""The pages of AI models: from nothing to a model that is used, and what each person finds there."""

import pytest

from accounts import tenancy
from taishang.models import Model

pytestmark = pytest.mark.django_db
FORM = {"model_id": "gpt-4o", "api_key": "sk-canary-2"}


@pytest.fixture(autouse=True)
def _names_resolve(monkeypatch):
    monkeypatch.setattr("taishang.catalogue.fields.check_address", lambda _url: None)


def text(answer) -> str:
    return answer.content.decode()


def connect(person, provider="openai", kind="chat", **fields):
    answer = person.post(f"/models/connect/{provider}/?kind={kind}", {**FORM, **fields})
    assert answer.status_code == 302, text(answer)
    return int(answer["Location"].split("/")[2])


def now(person, model_id) -> Model:
    with tenancy.workspace(person.workspace.id, user_id=person.user.id):
        return Model.objects.get(pk=model_id)


def test_without_a_model_the_page_leads_to_one(alice):
    assert 'href="/models/connect/"' in text(alice.get("/models/"))
    assert 'href="/models/connect/openai/?kind=chat"' in text(alice.get("/models/connect/"))
    assert 'name="api_key"' in text(alice.get("/models/connect/openai/?kind=chat"))


def test_a_model_is_kept_off_until_it_is_put_to_use(alice):
    number = connect(alice, shared="on")
    row = now(alice, number)
    assert (row.status, row.scope, row.context_window) == ("disabled", "workspace", 128_000)

    page = text(alice.get(f"/models/{number}/trial/"))
    assert f'action="/models/{number}/test/"' in page
    alice.post(f"/models/{number}/activation/", {"default": "yes"})

    row = now(alice, number)
    assert (row.status, row.is_default) == ("active", True)
    assert "canary" not in page + text(alice.get("/models/")) + text(
        alice.get(f"/models/{number}/")
    )


def test_who_may_not_share_connects_for_themselves(bob, charlie):
    number = connect(bob, shared="on")

    assert now(bob, number).scope == "user"
    assert charlie.get(f"/models/{number}/").status_code == 404


@pytest.mark.parametrize(
    ("provider", "kind", "fields", "words"),
    [
        ("openai", "chat", {"api_key": ""}, "id_api_key"),
        ("openai", "embedding", {"model_id": "mine"}, "id_embedding_dimension"),
        ("openai_compatible", "chat", {"base_url": ""}, "id_base_url"),
        ("openai", "chat", {"api_key": "with space"}, "id_api_key"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(alice, provider, kind, fields, words):
    answer = alice.post(f"/models/connect/{provider}/?kind={kind}", {**FORM, **fields})

    assert answer.status_code == 400
    assert f'href="#{words}"' in text(answer)


def test_an_inner_address_is_explained(alice, monkeypatch):
    monkeypatch.undo()
    answer = alice.post("/models/connect/ollama/?kind=chat", {"model_id": "qwen2.5"})

    assert answer.status_code == 400
    assert 'href="#id_base_url"' in text(answer)


def test_known_dimensions_need_not_be_typed(alice):
    number = connect(alice, kind="embedding", model_id="text-embedding-3-small")

    assert now(alice, number).embedding_dimension == 1536


def test_settings_are_saved_and_a_stale_page_is_told(alice):
    number = connect(alice, shared="on")
    page = {"seen": str(now(alice, number).row_version), "name": "renamed", "model_id": "gpt-4o"}
    sizes = {"context_window": "1000", "max_output_tokens": "100", "tokenizer": "o200k"}

    first = alice.post(f"/models/{number}/", {**page, **sizes, "option_temperature": "0.5"})
    second = alice.post(f"/models/{number}/", {**page, **sizes, "name": "late"})

    assert (first.status_code, second.status_code) == (302, 400)
    row = now(alice, number)
    assert (row.name, row.params, row.context_window) == ("renamed", {"temperature": 0.5}, 1000)
    assert row.has_api_key, "an empty key stays as it is"


def test_a_card_says_what_a_model_is_called_and_costs(alice):
    number = connect(alice, shared="on")
    alice.post(f"/models/{number}/activation/", {"default": "yes"})
    alice.client.put(
        "/api/v1/model-aliases/@fast/", {"model": "gpt-4o"}, content_type="application/json"
    )
    alice.post(
        f"/models/{number}/prices/",
        {"input_price": "2.5", "output_price": "10", "currency": "CNY"},
    )

    page = text(alice.get("/models/"))
    assert "@fast" in page
    assert "2.5 / 10 CNY" in page


def test_a_viewer_looks_and_touches_nothing(alice, bob, shelf):
    dan_sees = shelf.ours("ours")
    for path in ("switch", "default", "deletion", "activation", "trial", "version"):
        answer = bob.post(f"/models/{dan_sees.pk}/{path}/", {"on": "no"})
        assert answer.status_code == 403, path
    assert bob.get(f"/models/{dan_sees.pk}/").status_code == 200


def test_switching_off_and_deleting(alice, shelf):
    model = shelf.ours("ours")
    alice.post(f"/models/{model.pk}/default/", {"on": "yes"})
    refused = alice.post(f"/models/{model.pk}/deletion/", follow=True)
    assert "@default" in text(refused)

    alice.post(f"/models/{model.pk}/switch/", {"on": "no"})
    row = now(alice, model.pk)
    assert (row.status, row.is_default) == ("disabled", False)
    alice.post(f"/models/{model.pk}/deletion/")
    assert now(alice, model.pk).deleted_at is not None


def test_a_new_version_comes_by_a_form(alice, shelf):
    model = shelf.ours("ours", provider="openai", status="active")
    page = alice.get(f"/models/{model.pk}/version/")
    assert page.status_code == 200
    body = {
        "seen": "x",
        "model_id": "gpt-5",
        "context_window": "1000",
        "max_output_tokens": "100",
        "tokenizer": "o200k",
        "move_aliases": "on",
    }

    answer = alice.post(f"/models/{model.pk}/version/", body)

    assert answer.status_code == 302, text(answer)
    number = int(answer["Location"].split("/")[2])
    assert str(now(alice, number)) == "ours@2"
