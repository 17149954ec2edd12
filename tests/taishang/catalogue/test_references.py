"""Which model is meant, and which one when nothing is said."""

import pytest
from django.utils import timezone

from accounts import tenancy
from accounts.models import UserSettings
from laojun import configs
from laojun.audit import Actor
from laojun.configs import Change
from taishang.catalogue import aliases, defaults, references
from taishang.catalogue.aliases import Name, Target
from taishang.catalogue.references import Place
from taishang.catalogue.refusals import ModelDisabled, ModelNotFound, NoModelConfigured
from taishang.models import Model
from taishang.providers.base import PROVIDERS

pytestmark = pytest.mark.django_db
TEST = Actor.system("test")


@pytest.fixture
def place(alice) -> Place:
    return Place(alice.workspace.id, alice.user.id)


def off(shelf, model, **fields):
    with shelf.inside():
        Model.objects.filter(pk=model.pk).update(**({"status": "disabled"} | fields))


def found(shelf, place, reference, **options):
    with shelf.inside():
        return references.resolve(reference, place=place, **options).model


def name_it(shelf, model, alias="@fast", workspace=True, **target):
    place = shelf.person.workspace.id if workspace else None
    with shelf.inside() if workspace else tenancy.platform_scope(reason="test"):
        return aliases.move(
            name=Name(alias, model.kind, place),
            target=Target(model, **target),
            by=None,
            actor=TEST,
        )


def test_the_nearest_scope_wins(shelf, place):
    platform = shelf.platform("same")
    assert found(shelf, place, "same") == platform
    ours = shelf.ours("same")
    assert found(shelf, place, "same") == ours
    mine = shelf.mine("same")
    assert found(shelf, place, "same") == mine


def test_a_name_means_its_newest_active_version(shelf, place):
    first, second = shelf.ours("m"), shelf.ours("m", version=2)
    assert found(shelf, place, "m") == second
    assert found(shelf, place, "m@1") == first
    off(shelf, second)
    assert found(shelf, place, "m") == first
    with pytest.raises(ModelDisabled):
        found(shelf, place, "m@2")


@pytest.mark.parametrize("reference", ["", "nobody", "m@9", "@nobody", "m@", "m@01", "@", "m@1@1"])
def test_what_names_nothing_is_not_found(shelf, place, reference):
    shelf.ours("m")
    with pytest.raises(ModelNotFound):
        found(shelf, place, reference)


def test_a_model_of_another_kind_is_not_meant(shelf, place):
    shelf.ours("m", kind="embedding")
    with pytest.raises(ModelNotFound):
        found(shelf, place, "m")
    assert found(shelf, place, "m", kind="embedding")


def test_a_deleted_model_and_strangers_are_not_found(shelf, place, bob, charlie):
    gone = shelf.ours("gone")
    off(shelf, gone, status="active", deleted_at=timezone.now())
    shelf.mine("his", person=bob)
    type(shelf)(charlie).ours("theirs")
    for reference in ("gone", "his", "theirs"):
        with pytest.raises(ModelNotFound):
            found(shelf, place, reference)


def test_a_provider_that_is_not_offered_answers_not_found(shelf, place, monkeypatch):
    """A row of a test's provider that got into the table is no model of this installation."""
    shelf.ours("smuggled", provider="scripted")
    assert found(shelf, place, "smuggled")
    monkeypatch.delitem(PROVIDERS._entries, "scripted")
    with pytest.raises(ModelNotFound):
        found(shelf, place, "smuggled")


def test_an_alias_is_the_workspaces_before_the_platforms(shelf, place):
    platform, ours = shelf.platform("p"), shelf.ours("o")
    name_it(shelf, platform, workspace=False)
    assert found(shelf, place, "@fast") == platform
    name_it(shelf, ours)
    assert found(shelf, place, "@fast") == ours


def test_an_alias_of_a_model_that_is_off_means_its_first_fallback_and_says_so(shelf, place):
    first, second, third = (shelf.ours(name) for name in "abc")
    name_it(shelf, first, fallbacks=[second.pk, third.pk])
    off(shelf, first)
    off(shelf, second)

    with shelf.inside():
        resolved = references.resolve("@fast", place=place)

    assert (resolved.model, resolved.fallbacks) == (third, [])
    assert "a@1" in resolved.note
    off(shelf, third)
    with pytest.raises(ModelDisabled):
        found(shelf, place, "@fast")


def chosen(shelf, place, **options):
    with shelf.inside():
        return references.choose(place=place, **options)


def test_the_order_of_choice(shelf, place, alice):
    with pytest.raises(NoModelConfigured):
        chosen(shelf, place)
    last = shelf.platform("gpt-4-turbo")
    with shelf.inside():
        listed = Change("ai.models.available", ["gpt-4-turbo", "platform's"])
        configs.write(changes=[listed], workspace_id=place.workspace_id, actor=TEST)
    assert chosen(shelf, place).model == last
    platform = shelf.platform("platform's")
    name_it(shelf, platform, "@default", workspace=False)
    assert chosen(shelf, place).model == platform
    ours = shelf.ours("workspace's")
    name_it(shelf, ours, "@default")
    assert chosen(shelf, place).model == ours
    mine = shelf.mine("my default")
    with shelf.inside():
        defaults.set_default(model=mine, workspace_id=place.workspace_id, by=None, actor=TEST)
    assert chosen(shelf, place).model == mine
    wanted = shelf.ours("settings'")
    UserSettings.objects.filter(user=alice.user).update(default_model_id="settings'")
    assert chosen(shelf, place).model == wanted
    agents = shelf.ours("agent's")
    assert chosen(shelf, place, preferred=[None, "agent's"]).model == agents


def test_a_dangling_choice_falls_to_the_next_and_says_so(shelf, place, alice):
    ours = shelf.ours("here")
    name_it(shelf, ours, "@default")
    UserSettings.objects.filter(user=alice.user).update(default_model_id="gone")

    choice = chosen(shelf, place, preferred=["agent's"])

    assert choice.model == ours
    assert "agent's, gone" in choice.note


def test_the_list_of_available_models_narrows_the_platforms_only(shelf, place):
    listed, other = shelf.platform("listed"), shelf.platform("other")
    ours = shelf.ours("ours")
    assert found(shelf, place, "other") == other, "the shipped list names nothing here"

    with shelf.inside():
        configs.write(
            changes=[
                Change("ai.models.available", ["listed", "gone"]),
                Change("ai.models.default", "listed"),
            ],
            workspace_id=place.workspace_id,
            actor=TEST,
        )

    assert found(shelf, place, "listed") == listed
    assert found(shelf, place, "ours") == ours
    with pytest.raises(ModelNotFound):
        found(shelf, place, "other")
    with shelf.inside():
        assert {model.name for model in references.usable(place)} == {"listed", "ours"}


def test_a_personal_choice_is_judged_by_the_catalogue(alice, charlie, shelf):
    shelf.ours("here")

    def choose(person, name):
        answer = person.client.patch(
            "/api/v1/me/settings/", {"default_model_id": name}, "application/json"
        )
        return answer.status_code

    assert choose(alice, "here") == 200
    assert choose(alice, "gone") == 400
    assert choose(charlie, "here") == 400
