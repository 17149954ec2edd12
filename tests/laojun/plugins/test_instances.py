"""Plugins in use: consent, settings, upgrade and the way back, and what stops them."""

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction

from accounts import resealing, tenancy
from laojun.audit import Actor
from laojun.models import (
    Config,
    Notification,
    Plugin,
    PluginConsent,
    PluginInstance,
    PluginKey,
    PluginVersion,
)
from laojun.plugins import (
    generation,
    health,
    instances,
    keys,
    packages,
    scanning,
    statuses,
    upgrading,
)
from laojun.plugins import settings as plugin_settings
from laojun.plugins.instances import Wishes
from laojun.plugins.refusals import (
    AlreadyInstalled,
    ConsentMismatch,
    ConsentRequired,
    DowngradeRefused,
    IllegalTransition,
    InUse,
    LimitReached,
    MissingDependency,
    NothingToRollBack,
    PluginDeprecated,
    VersionYanked,
)
from laojun.plugins.settings import ConfigInvalid
from tests.laojun.plugins import making
from tests.laojun.plugins.making import HOST, OPERATOR, SCHEMA, Author, catalogued, signed
from tests.laojun.plugins.test_installing import allow, set_policy

pytestmark = pytest.mark.django_db
MORE = ["event:task", "data:sql.rows", HOST]


@pytest.fixture
def acme():
    author = Author()
    author.key = author.trusted()
    return author


@pytest.fixture
def version(olga, acme):
    return catalogued(olga, signed(acme))


def inside(person):
    return tenancy.workspace(person.workspace.pk, user_id=person.user.pk)


def change(person, instance, **wishes):
    with inside(person):
        rows = PluginInstance.objects.with_version().select_for_update(of=("self",))
        return instances.change(
            instance=rows.get(pk=instance.pk),
            wishes=Wishes(**wishes),
            actor=Actor.of_user(person.user),
        )


def upgrade(person, instance, version, permissions=()):
    with inside(person):
        return upgrading.upgrade(
            instance=making.read(person, instance),
            version=version,
            permissions=list(permissions),
            actor=OPERATOR,
        )


def status(version, name, reason="because"):
    with tenancy.platform_scope(reason="test"):
        plugin = Plugin.objects.select_for_update().get(pk=version.plugin_id)
        return statuses.change(plugin=plugin, status=name, reason=reason, actor=OPERATOR)


def told(person):
    """The news in a person's list, each with where it leads."""
    with tenancy.user(person.user.pk):
        return list(Notification.objects.values_list("letter", "link"))


def revoke(key, reason):
    with tenancy.platform_scope(reason="test"):
        row = PluginKey.objects.select_for_update().get(pk=key.pk)
        keys.revoke(key=row, reason=reason, actor=OPERATOR)
        scanning.recheck(keys.signed_with(row), actor=OPERATOR)


def test_what_was_agreed_to_and_set_up_runs(alice, version):
    instance = making.switched_on(alice, version)

    assert making.read(alice, instance).health == "ok"
    with inside(alice):
        assert plugin_settings.with_secrets(instance)["signing_secret"].startswith("whsec_")
        assert Config.objects.get(scope="plugin:courier").value is None
        assert "whsec_" not in str(Config.objects.values_list("secret_ciphertext"))


@pytest.mark.parametrize(
    "consent", [[], ["event:task"], [*MORE], ["event:task", "event:task", HOST]]
)
def test_consent_is_exact_or_nothing_runs(alice, version, consent):
    with pytest.raises(ConsentMismatch):
        making.used(
            alice, version, config={"signing_secret": "x"}, permissions=consent, enabled=True
        )


def test_without_consent_nothing_is_switched_on(alice, version):
    with pytest.raises(ConsentMismatch):
        making.used(alice, version, config={"signing_secret": "x"}, enabled=True)


def test_settings_that_do_not_fit_are_named(alice, version):
    with pytest.raises(ConfigInvalid) as caught:
        making.used(alice, version, config={"limit": 99, "other": 1})

    assert {fault.path for fault in caught.value.faults} == {"limit", "other"}


def test_an_address_on_another_host_than_agreed_to_is_refused(alice, version):
    with pytest.raises(ConfigInvalid) as caught:
        making.used(alice, version, config={"endpoint": "https://evil.example.net/"})

    assert caught.value.faults[0].code == "host_not_permitted"


def test_a_new_address_clears_the_secret_and_switches_off(alice, version):
    instance = making.switched_on(alice, version)

    moved = change(alice, instance, config={"endpoint": "https://hooks.example.com/new"})

    assert (moved.enabled, moved.health) == (False, "disabled")
    with inside(alice):
        assert plugin_settings.secrets_set(moved) == frozenset()
    again = change(
        alice,
        instance,
        config={"endpoint": "https://hooks.example.com/new", "signing_secret": "whsec_bmV3"},
        enabled=True,
    )
    assert again.health == "ok"


def test_a_masked_secret_stays_and_an_empty_one_goes(alice, version):
    instance = making.switched_on(alice, version)
    with inside(alice):
        before = plugin_settings.with_secrets(instance)["signing_secret"]

    kept = change(alice, instance, config={"signing_secret": "***", "limit": 5})

    with inside(alice):
        assert plugin_settings.with_secrets(kept)["signing_secret"] == before
        assert plugin_settings.effective(kept)["limit"] == 5
    change(alice, instance, enabled=False)
    emptied = change(alice, instance, config={"signing_secret": ""})
    with inside(alice):
        assert plugin_settings.secrets_set(emptied) == frozenset()


def test_a_secret_of_a_plugin_is_sealed_anew_with_the_newest_key(alice, version, settings):
    settings.SECRETS_KEYS = ["o" * 40]
    instance = making.switched_on(alice, version)
    settings.SECRETS_KEYS = ["n" * 40, "o" * 40]

    tally = resealing.rotate()["lao_configs.secret_ciphertext"]

    settings.SECRETS_KEYS = ["n" * 40]
    assert (tally.resealed, tally.unreadable) == (1, 0)
    with inside(alice):
        assert plugin_settings.with_secrets(instance)["signing_secret"].startswith("whsec_")


def test_what_operators_set_stands_between_default_and_instance(alice, version):
    instance = making.switched_on(alice, version)
    with tenancy.platform_scope(reason="test"):
        Config.objects.create(
            workspace=None, scope="plugin:courier", key="config.limit", value=7, updated_by="x"
        )

    with inside(alice):
        assert plugin_settings.effective(instance)["limit"] == 7
        instance.config = {"limit": 8}
        assert plugin_settings.effective(instance)["limit"] == 8


def test_an_upgrade_that_asks_for_more_waits_for_consent(alice, olga, acme, version):
    instance = making.switched_on(alice, version)
    newer = catalogued(olga, signed(acme, version="1.1.0", permissions=MORE))

    with pytest.raises(ConsentRequired) as caught:
        upgrade(alice, instance, newer)

    assert caught.value.members["permissions"] == ["data:sql.rows"]
    still = making.read(alice, instance)
    assert (still.version_id, still.health) == (version.pk, "ok")
    moved = upgrade(alice, instance, newer, ["data:sql.rows"])
    assert (moved.version_id, moved.health) == (newer.pk, "ok")


def test_a_rollback_restores_version_settings_and_consents_exactly(alice, olga, acme, version):
    instance = making.switched_on(alice, version)
    change(alice, instance, config={"limit": 5, "signing_secret": "***"})
    newer = catalogued(
        olga,
        signed(
            acme,
            version="1.1.0",
            permissions=MORE,
            config_schema={
                **SCHEMA,
                "properties": {
                    key: value for key, value in SCHEMA["properties"].items() if key != "limit"
                },
            },
        ),
    )
    with inside(alice):
        before = health.standing_consents(instance)
    upgrade(alice, instance, newer, ["data:sql.rows"])
    assert making.read(alice, instance).config == {}

    with inside(alice):
        back = upgrading.roll_back(instance=making.read(alice, instance), actor=OPERATOR)
        after = health.standing_consents(back)

    assert (back.version_id, back.config, after, back.health) == (
        version.pk,
        {"limit": 5},
        before,
        "ok",
    )
    with inside(alice), pytest.raises(NothingToRollBack):
        upgrading.roll_back(instance=making.read(alice, instance), actor=OPERATOR)


def test_nobody_is_moved_down_or_to_a_withdrawn_version(alice, olga, acme, version):
    newer = catalogued(olga, signed(acme, version="2.0.0"))
    instance = making.switched_on(alice, newer)
    with pytest.raises(DowngradeRefused):
        upgrade(alice, instance, version)
    newest = catalogued(olga, signed(acme, version="3.0.0"))
    with tenancy.platform_scope(reason="test"):
        statuses.yank(version=newest, yanked=True, reason="broken", actor=OPERATOR)

    with pytest.raises(VersionYanked):
        upgrade(alice, instance, newest)


def test_withdrawing_a_version_stops_nothing_and_marks_what_uses_it(alice, version):
    instance = making.switched_on(alice, version)
    with tenancy.platform_scope(reason="test"):
        statuses.yank(version=version, yanked=True, reason="old", actor=OPERATOR)

    marked = making.read(alice, instance)

    assert (marked.health, marked.health_detail["yanked"]) == ("ok", "old")


def test_a_plan_tells_what_would_change_and_changes_nothing(alice, olga, acme, version):
    instance = making.switched_on(alice, version)
    newer = catalogued(
        olga,
        signed(
            acme,
            version="1.1.0",
            permissions=MORE,
            hooks=[{"hook": "rig.other", "hook_version": 2}],
            config_schema={
                "type": "object",
                "properties": {**SCHEMA["properties"], "colour": {"type": "string"}},
                "required": ["colour"],
            },
        ),
    )

    with inside(alice):
        plan = upgrading.plan(instance=making.read(alice, instance), version=newer)

    assert (plan.permissions_added, plan.settings_added) == (["data:sql.rows"], ["colour"])
    assert (plan.hooks_added, plan.hooks_removed) == (["rig.other"], ["rig.echo"])
    assert (plan.invalid_settings, plan.signer_changed) == (["colour"], False)
    assert making.read(alice, instance).version_id == version.pk


def test_blocking_stops_every_workspace_in_the_same_transaction(alice, charlie, version):
    one, other = making.switched_on(alice, version), making.switched_on(charlie, version)
    before = generation.current(alice.workspace.pk)

    status(version, "blocked", "it leaks")

    assert making.read(alice, one).health == "blocked"
    assert making.read(charlie, other).health_detail["reason"] == "it leaks"
    assert generation.current(alice.workspace.pk) != before
    with inside(alice):
        assert not PluginInstance.objects.runnable().exists()
    status(version, "deprecated")
    assert making.read(alice, one).health == "ok"


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ([], "deprecated"),
        (["deprecated"], "draft"),
        (["blocked"], "active"),
        (["blocked", "deprecated", "active"], "active"),
    ],
)
def test_only_listed_steps_are_taken(version, path, last):
    for step in path:
        status(version, step)
    if last == "deprecated":
        status(version, last)
        assert status(version, "active").status == "active"
        return
    with pytest.raises((IllegalTransition, ValueError)):
        status(version, last)


def test_a_draft_opens_only_with_a_version_that_can_run(olga, acme):
    version = catalogued(olga, signed(acme, compatibility={"platform": ">=9.0.0"}), active=False)

    with pytest.raises(IllegalTransition):
        status(version, "active")


def test_deprecated_takes_nobody_new_and_goes_on(alice, charlie, version):
    instance = making.switched_on(alice, version)
    status(version, "deprecated")

    assert making.read(alice, instance).health == "ok"
    with pytest.raises(PluginDeprecated):
        making.used(charlie, version)


def test_the_owner_is_told_of_a_plugin_that_stopped_and_not_of_one_switched_off(
    alice, acme, version
):
    instance = making.switched_on(alice, version)
    change(alice, instance, enabled=False)
    assert told(alice) == []
    change(alice, instance, enabled=True)

    revoke(acme.key, "compromised")

    assert told(alice) == [("plugin_stopped", f"/workspace/plugins/{instance.pk}/")]


def test_a_compromised_key_ends_everything_it_signed(alice, charlie, olga, acme, version):
    sound = Author("Sound")
    sound.trusted()
    other = catalogued(olga, signed(sound, slug="other", publisher="Sound"))
    hit, spared = making.switched_on(alice, version), making.switched_on(charlie, other)

    revoke(acme.key, "compromised")

    assert making.read(alice, hit).health == "revoked"
    assert making.read(charlie, spared).health == "ok"


@pytest.mark.parametrize("reason", ["superseded", "withdrawn"])
def test_a_key_that_is_merely_over_refuses_new_packages_only(alice, olga, acme, version, reason):
    instance = making.switched_on(alice, version)

    revoke(acme.key, reason)

    assert making.read(alice, instance).health == "ok"
    with pytest.raises(Exception) as caught:  # noqa: PT011
        catalogued(olga, signed(acme, version="2.0.0"))
    assert caught.value.code == "key_revoked"


def test_a_changed_byte_stops_that_plugin_alone(alice, olga, acme, version):
    other = catalogued(olga, signed(acme, slug="other"))
    hit, spared = making.switched_on(alice, version), making.switched_on(alice, other)
    with tenancy.platform_scope(reason="test"):
        path = default_storage.path(version.package_file.storage_path)
    with open(path, "r+b") as file:  # noqa: PTH123
        file.seek(60)
        byte = file.read(1)
        file.seek(60)
        file.write(bytes([byte[0] ^ 1]))

    assert scanning.scan() == 1

    assert making.read(alice, hit).health == "modified"
    assert making.read(alice, spared).health == "ok"
    with open(path, "r+b") as file:  # noqa: PTH123
        file.seek(60)
        file.write(byte)
    assert scanning.scan() == 1
    assert making.read(alice, hit).health == "ok"


def test_a_package_that_is_gone_is_modified(alice, version):
    instance = making.switched_on(alice, version)
    with tenancy.platform_scope(reason="test"):
        default_storage.delete(version.package_file.storage_path)

    scanning.scan()

    assert making.read(alice, instance).health == "modified"


def test_a_plugin_needs_the_plugins_it_names(alice, olga, acme, version):
    needing = catalogued(
        olga, signed(acme, slug="needing", dependencies=[{"slug": "courier", "range": ">=1.0.0"}])
    )
    with pytest.raises(MissingDependency):
        making.switched_on(alice, needing)
    base = making.switched_on(alice, version)
    instance = making.switched_on(alice, needing)

    change(alice, base, enabled=False)

    assert making.read(alice, instance).health == "missing_dependency"
    with inside(alice), pytest.raises(InUse) as caught:
        instances.remove(instance=making.read(alice, base), actor=OPERATOR)
    assert caught.value.members["users"][0]["label"] == "Plugin needing"
    change(alice, base, enabled=True)
    assert making.read(alice, instance).health == "ok"


def test_two_that_need_each_other_are_never_both_on(alice, olga, acme):
    one = catalogued(olga, signed(acme, slug="one", dependencies=[{"slug": "two", "range": "*"}]))
    two = catalogued(olga, signed(acme, slug="two", dependencies=[{"slug": "one", "range": "*"}]))

    for version in (one, two):
        with pytest.raises(MissingDependency):
            making.switched_on(alice, version)


def test_taking_away_leaves_the_history_and_no_secret(alice, version):
    instance = making.switched_on(alice, version)
    with inside(alice), pytest.raises(InUse):
        instances.remove(instance=making.read(alice, instance), actor=OPERATOR)
    change(alice, instance, enabled=False)

    with inside(alice):
        instances.remove(instance=making.read(alice, instance), actor=OPERATOR)
        left = (
            PluginInstance.objects.count(),
            PluginConsent.objects.count(),
            Config.objects.filter(scope="plugin:courier").count(),
        )

    assert left == (0, 0, 0)
    alice_history = alice.get("/api/v1/plugin-audits/").json()["results"]
    assert [row["action"] for row in alice_history][:2] == ["plugin.uninstalled", "plugin.disabled"]


def test_a_plugin_is_used_once_in_a_workspace(alice, version):
    making.used(alice, version)

    with pytest.raises(AlreadyInstalled):
        making.used(alice, version)


def test_ten_answer_a_hook_and_no_more(alice, olga, acme):
    for number in range(10):
        making.switched_on(alice, catalogued(olga, signed(acme, slug=f"plugin-{number}")))

    with pytest.raises(LimitReached):
        making.switched_on(alice, catalogued(olga, signed(acme, slug="plugin-x")))


def test_an_instance_of_another_workspaces_plugin_cannot_be(alice, charlie, acme):
    private = making.private(alice, signed(acme))

    with (
        inside(charlie),
        pytest.raises(IntegrityError, match="its own workspace"),
        transaction.atomic(),
    ):
        PluginInstance.objects.create(
            workspace=charlie.workspace, plugin_id=private.plugin_id, version_id=private.pk
        )


def test_strangers_see_no_private_plugin_no_instance_no_consent_and_no_key(alice, charlie):
    making.used(alice)

    with inside(charlie):
        for model in (Plugin, PluginVersion, PluginInstance, PluginConsent, PluginKey):
            assert not model.objects.exists(), model
            assert not model.objects.update(id=1), model


def test_what_does_not_run_cannot_be_called_so(alice, version):
    instance = making.used(alice, version)

    with inside(alice), pytest.raises(IntegrityError, match="running_ck"), transaction.atomic():
        PluginInstance.objects.filter(pk=instance.pk).update(health="ok")


def test_one_consent_stands_once(alice, version):
    instance = making.switched_on(alice, version)

    with inside(alice), pytest.raises(IntegrityError, match="standing_uniq"), transaction.atomic():
        PluginConsent.objects.create(
            workspace=alice.workspace, instance=instance, version=version,
            permission="event:task", granted_by="x",
        )  # fmt: skip


def test_two_of_a_hook_version_that_moved_on_are_incompatible(olga, acme):
    version = catalogued(
        olga, signed(acme, hooks=[{"hook": "rig.other", "hook_version": 1}]), active=False
    )

    assert version.signature_status == "incompatible"


def test_a_stricter_policy_stops_what_was_allowed_before(alice, olga):
    data = making.packed(making.manifest())
    allow(olga, f"courier@{packages.checksum(data)}")
    instance = making.switched_on(alice, catalogued(olga, data))
    assert making.read(alice, instance).health == "ok"

    set_policy(olga, "require_publisher")

    assert making.read(alice, instance).health == "unsigned"
