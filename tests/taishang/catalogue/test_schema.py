"""What the database itself refuses, and what it does by itself."""

from contextlib import contextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from accounts import tenancy
from taishang.models import Model, ModelAlias, ModelPrice

pytestmark = pytest.mark.django_db
FROZEN = {
    "provider": "openai",
    "model_id": "m-2",
    "version": 7,
    "family": "qwen",
    "quantization": "Q4",
    "params": {"a": 1},
    "tokenizer": "qwen",
}


@contextmanager
def refused(name: str):
    with pytest.raises((IntegrityError, DatabaseError)) as raised, transaction.atomic():
        yield
    assert name in str(raised.value.__cause__.diag.constraint_name or raised.value)


def _name(shelf, model, alias="@fast", **fields):
    return ModelAlias.objects.create(
        workspace=shelf.person.workspace,
        name=alias,
        kind=model.kind,
        revision=fields.pop("revision", 1),
        model=model,
        valid_from=timezone.now(),
        **fields,
    )


def _price(shelf, model, amount="0.5", **fields):
    return ModelPrice.objects.create(
        workspace=fields.pop("workspace", shelf.person.workspace),
        model=model,
        input_price=amount and Decimal(amount),
        output_price=amount and Decimal(amount),
        currency="CNY",
        effective_from=fields.pop("at", timezone.now() - timedelta(seconds=5)),
        **fields,
    )


def _judged() -> None:
    """Ask the deferred constraints now, as a commit would."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def test_who_sees_which_model(shelf, bob, charlie):
    shelf.ours(), shelf.mine(), shelf.mine("his", person=bob), shelf.platform()

    def seen():
        return set(Model.objects.values_list("name", flat=True))

    with shelf.inside():
        assert seen() == {"ours", "mine", "platform"}
    with shelf.inside(bob):
        assert seen() == {"ours", "his", "platform"}
    with tenancy.workspace(charlie.workspace.id, user_id=charlie.user.id):
        assert seen() == {"platform"}


def test_a_colleagues_personal_model_and_the_platforms_change_for_nobody_here(shelf, bob):
    theirs, platform = shelf.mine("his", person=bob), shelf.platform()

    with shelf.inside():
        assert Model.objects.filter(pk=theirs.pk).update(family="x") == 0
        assert Model.objects.filter(pk=platform.pk).update(family="x") == 0
        with refused("row-level security"):
            Model.objects.create(scope="platform", name="p", provider="openai", model_id="m")


def test_a_scope_says_whose_it_is(shelf):
    with shelf.inside(), refused("tai_models_scope_ck"):
        Model.objects.create(
            scope="workspace",
            workspace=shelf.person.workspace,
            owner=shelf.person.user,
            name="n",
            provider="openai",
            model_id="m",
        )


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"name": "a@b"}, "tai_models_name_ck"),
        ({"name": " a"}, "tai_models_name_ck"),
        ({"name": "a\tb"}, "tai_models_name_ck"),
        ({"name": ""}, "tai_models_name_ck"),
        ({"provider": "nobody"}, "tai_models_provider_ck"),
        ({"kind": "song"}, "tai_models_kind_ck"),
        ({"kind": "embedding", "embedding_dimension": None}, "tai_models_dimension_ck"),
        ({"kind": "embedding", "embedding_dimension": 16001}, "tai_models_dimension_ck"),
        ({"embedding_dimension": 4}, "tai_models_dimension_ck"),
        ({"context_window": 0}, "tai_models_sizes_ck"),
        ({"is_default": True, "status": "disabled"}, "tai_models_default_ck"),
        ({"params": []}, "tai_models_json_ck"),
        ({"input_price": Decimal(1)}, "tai_models_price_copy"),
    ],
)
def test_bad_models_are_refused(shelf, fields, constraint):
    with refused(constraint):
        shelf.ours(**{"name": "fine", **fields})


@pytest.mark.parametrize("name", ["x", "通义千问 2.5", "Ünïcode (fast)", "a" * 100])
def test_names_are_of_any_script(shelf, name):
    assert shelf.ours(name).name == name


def test_a_name_and_version_are_there_once_until_deleted(shelf, bob):
    first = shelf.ours("same")
    shelf.mine("same"), shelf.mine("same", person=bob), shelf.ours("same", version=2)

    with refused("tai_models_version_uniq"):
        shelf.ours("same")
    with shelf.inside():
        Model.objects.filter(pk=first.pk).update(deleted_at=timezone.now())
    shelf.ours("same")


@pytest.mark.parametrize("column", FROZEN)
def test_what_was_used_never_changes(shelf, column):
    model = shelf.ours()
    with shelf.inside():
        rows = Model.objects.filter(pk=model.pk)
        assert rows.update(**{column: FROZEN[column]}) == 1
        rows.update(first_used_at=timezone.now())
        with refused("tai_models_version_immutable"):
            rows.update(**{column: getattr(model, column)})


def test_the_first_use_is_noted_once_even_of_a_platform_model(shelf):
    model = shelf.platform()

    def used():
        with shelf.inside(), connection.cursor() as cursor:
            cursor.execute("SELECT tai_model_used(%s)", [model.pk])
            return Model.objects.get(pk=model.pk).first_used_at

    first = used()
    assert first is not None
    assert used() == first


def test_a_key_never_goes_to_another_address(shelf):
    model = shelf.ours(base_url="https://a.example", api_key_encrypted="s1.k.x")
    with shelf.inside():
        rows = Model.objects.filter(pk=model.pk)
        with refused("tai_models_key_address"):
            rows.update(base_url="https://b.example")
        assert rows.update(base_url="https://b.example", api_key_encrypted="") == 1


def test_an_alias_names_a_live_model_of_its_kind_that_its_place_can_use(shelf, charlie, bob):
    ours, embedder = shelf.ours(), shelf.ours("e", kind="embedding")
    gone = shelf.ours("gone")
    strange = type(shelf)(charlie).ours("strange")
    with shelf.inside():
        Model.objects.filter(pk=gone.pk).update(deleted_at=timezone.now())
        for target in (gone, strange, shelf.mine(), shelf.mine("his", person=bob)):
            with refused("tai_model_aliases_model_id_reach"):
                _name(shelf, target)
        with refused("tai_model_aliases_model_id_reach"):
            ModelAlias.objects.create(
                workspace=shelf.person.workspace,
                name="@fast",
                kind="chat",
                revision=1,
                model=embedder,
                valid_from=timezone.now(),
            )
        for fallbacks in ([embedder.pk], [strange.pk], [ours.pk], [0]):
            with refused("tai_model_aliases_fallbacks"):
                _name(shelf, ours, fallback_ids=fallbacks)
        _name(shelf, ours, fallback_ids=[shelf.platform().pk])


def test_a_platform_alias_names_platform_models_only(shelf):
    ours = shelf.ours()
    with tenancy.platform_scope(reason="test"), refused("tai_model_aliases_model_id_reach"):
        ModelAlias.objects.create(
            name="@fast", kind="chat", revision=1, model=ours, valid_from=timezone.now()
        )


def test_the_history_of_an_alias_is_kept(shelf):
    model = shelf.ours()
    with shelf.inside():
        row = _name(shelf, model)
        rows = ModelAlias.objects.filter(pk=row.pk)
        for change in ({"reason": "x"}, {"revision": 2}, {"name": "@slow"}):
            with refused("tai_model_aliases_keep"):
                rows.update(**change)
        with refused("tai_model_aliases_keep"):
            rows.delete()
        with refused("tai_model_aliases_current_uniq"):
            _name(shelf, model, revision=2)
        assert rows.update(valid_to=timezone.now()) == 1
        with refused("tai_model_aliases_keep"):
            rows.update(valid_to=None)
        with refused("tai_model_aliases_revision_uniq"):
            _name(shelf, model, valid_to=timezone.now() + timedelta(seconds=5))


def test_the_default_and_its_alias_say_the_same(shelf):
    model, other = shelf.ours(), shelf.ours("other")
    with shelf.inside():
        with refused("tai_models_one_default"):
            _name(shelf, model, "@default")
            _judged()
        with refused("tai_models_one_default"):
            Model.objects.filter(pk=model.pk).update(is_default=True)
            _judged()
        with refused("tai_models_one_default"):
            _name(shelf, model, "@default")
            Model.objects.filter(pk=other.pk).update(is_default=True)
            _judged()
        with transaction.atomic():
            _name(shelf, model, "@default")
            Model.objects.filter(pk=model.pk).update(is_default=True)
            _judged()


def test_a_workspace_may_have_a_platform_model_as_its_default(shelf):
    platform = shelf.platform()
    with shelf.inside():
        _name(shelf, platform, "@default")
        _judged()


def test_a_price_is_copied_to_its_model(shelf):
    model = shelf.ours()
    with shelf.inside():
        _price(shelf, model, "0.25")
        _price(shelf, model, "0.75", at=timezone.now() + timedelta(days=1))
        _price(shelf, model, "0.125", at=timezone.now() - timedelta(days=1))
        model.refresh_from_db()

    assert (model.input_price, model.currency, model.price_known) == (Decimal("0.25"), "CNY", True)


def test_a_workspaces_own_price_leaves_the_platforms_copy_alone(shelf):
    model = shelf.platform()
    with shelf.inside():
        _price(shelf, model, "0.25")
        model.refresh_from_db()

    assert model.input_price is None


@pytest.mark.parametrize("amount", ["-1", "NaN"])
def test_a_price_is_a_number_from_zero_up(shelf, amount):
    model = shelf.ours()
    constraint = "tai_model_prices_number_ck" if amount == "NaN" else "tai_model_prices_sign_ck"
    with shelf.inside(), refused(constraint), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tai_model_prices (workspace_id, model_id, input_price, currency, fx_rate,"
            " effective_from, note, created_at) VALUES (%s, %s, %s, 'CNY', 1, now(), '', now())",
            [shelf.person.workspace.id, model.pk, amount],
        )


def test_prices_are_append_only_and_copied_by_nobody_else(shelf):
    model = shelf.ours()
    with shelf.inside():
        price = _price(shelf, model)
        for change in (
            lambda: ModelPrice.objects.filter(pk=price.pk).update(input_price=9),
            lambda: ModelPrice.objects.filter(pk=price.pk).delete(),
        ):
            with refused("tai_model_prices_keep"):
                change()
        with refused("tai_models_price_copy"):
            Model.objects.filter(pk=model.pk).update(input_price=9)


def test_a_price_stands_where_its_model_can_be_used(shelf, charlie):
    strange = type(shelf)(charlie).ours()
    with shelf.inside(), refused("tai_model_prices_place"):
        _price(shelf, strange)
    with tenancy.platform_scope(reason="test"), refused("tai_model_prices_place"):
        _price(shelf, shelf.ours(), workspace=None)
