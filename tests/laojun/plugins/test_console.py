"""The operators' console: the catalogue, the kill switch, the key ring."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts import tenancy
from laojun.models import Plugin, PluginAudit, PluginKey, PluginVersion
from laojun.plugins import settings
from taishang.models import Task
from tests.laojun.plugins import making
from tests.laojun.plugins.making import Author, catalogued, signed

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(olga):
    olga.user.is_superuser = olga.user.is_staff = True
    olga.user.save()
    return olga


@pytest.fixture
def acme():
    author = Author()
    author.key = author.trusted()
    return author


def row(model, **lookup):
    with tenancy.platform_scope(reason="test"):
        return model.objects.get(**lookup)


def test_a_package_comes_into_the_catalogue_and_is_opened(boss, acme):
    package = SimpleUploadedFile("p.zip", signed(acme))

    made = boss.post("/admin/laojun/plugin/add/", {"package": package})
    assert made.status_code == 302, made.content
    boss.post(made["Location"], {"deed": "active"})

    assert row(Plugin, slug="courier").status == "active"
    assert "1.0.0" in boss.get(made["Location"]).content.decode()


def test_a_refused_package_is_explained(boss):
    package = SimpleUploadedFile("p.zip", making.packed(making.manifest()))

    refused = boss.post("/admin/laojun/plugin/add/", {"package": package})

    assert "它没有签名" in refused.content.decode()


def test_blocking_wants_the_slug_and_a_reason(boss, alice, acme):
    version = catalogued(boss, signed(acme))
    instance = making.switched_on(alice, version)
    path = f"/admin/laojun/plugin/{version.plugin_id}/change/"

    boss.post(path, {"deed": "block", "slug": "other", "reason": "leaks"})
    boss.post(path, {"deed": "block", "slug": "courier", "reason": " "})
    assert row(Plugin, slug="courier").status == "active"
    boss.post(path, {"deed": "block", "slug": "courier", "reason": "leaks"})

    assert row(Plugin, slug="courier").status == "blocked"
    assert making.read(alice, instance).health == "blocked"
    assert row(
        PluginAudit,
        action="plugin.status_changed",
        plugin_id=version.plugin_id,
        diff__after__status="blocked",
    ).actor.startswith("user:")


def test_versions_are_withdrawn_offered_and_judged_again(boss, acme):
    version = catalogued(boss, signed(acme))
    path = f"/admin/laojun/plugin/{version.plugin_id}/change/"

    boss.post(path, {"deed": "yank", "version": "1.0.0", "reason": "old"})
    assert row(PluginVersion, pk=version.pk).yank_reason == "old"
    boss.post(path, {"deed": "unyank", "version": "1.0.0"})
    boss.post(path, {"deed": "verify", "version": "1.0.0"})

    assert row(PluginVersion, pk=version.pk).yanked_at is None
    assert row(PluginVersion, pk=version.pk).verified_at > version.verified_at


def test_a_plugin_is_handed_to_another_publisher(boss, acme):
    version = catalogued(boss, signed(acme))
    path = f"/admin/laojun/plugin/{version.plugin_id}/change/"
    rival = Author("Rival")
    rival.trusted()

    boss.post(path, {"deed": "transfer", "publisher": "Rival", "reason": "sold"})

    moved = catalogued(boss, signed(rival, version="2.0.0", publisher="Rival"))
    assert moved.plugin.publisher == "Rival"


def test_a_key_is_trusted_and_its_impact_shown_before_it_is_revoked(boss, alice):
    author = Author()
    body = {
        "public_key": author.public_key,
        "role": "publisher",
        "owner_name": "Acme",
        "slug_patterns": "courier\nacme-*",
    }
    made = boss.post("/admin/laojun/pluginkey/add/", body)
    assert made.status_code == 302, made.content
    instance = making.switched_on(alice, catalogued(boss, signed(author)))
    page = boss.get(made["Location"]).content.decode()
    assert "courier" in page

    boss.post(made["Location"], {"deed": "revoke", "reason": "compromised"})

    assert row(PluginKey, key_id=author.key_id).status == "revoked"
    assert making.read(alice, instance).health == "revoked"


@pytest.mark.parametrize(
    "change",
    [{"public_key": "short"}, {"slug_patterns": "UPPER"}, {"role": "other"}, {"owner_name": ""}],
)
def test_what_is_no_key_is_refused(boss, change):
    body = {
        "public_key": Author().public_key,
        "role": "publisher",
        "owner_name": "Acme",
        "slug_patterns": "*",
        **change,
    }

    assert boss.post("/admin/laojun/pluginkey/add/", body).status_code == 200
    with tenancy.platform_scope(reason="test"):
        assert not PluginKey.objects.exists()


def test_a_scan_is_handed_to_a_worker(boss, acme):
    catalogued(boss, signed(acme))
    assert boss.get("/admin/laojun/plugin/scan/").status_code == 200

    boss.post("/admin/laojun/plugin/scan/")

    with tenancy.platform_scope(reason="test"):
        assert Task.objects.filter(type="laojun.plugin_scan").exists()


def test_lists_open_and_nobody_else_sees_them(boss, alice, acme):
    version = catalogued(boss, signed(acme))
    making.switched_on(alice, version)
    for model in ("plugin", "pluginversion", "plugininstance", "pluginkey"):
        path = f"/admin/laojun/{model}/"
        assert boss.get(path).status_code == 200, path
        assert alice.get(path).status_code in {302, 403, 404}


def test_what_operators_set_holds_in_every_workspace_until_it_is_set_there(boss, alice, acme):
    version = catalogued(boss, signed(acme))
    instance = making.switched_on(alice, version)
    path = f"/admin/laojun/plugin/{version.plugin_id}/change/"

    boss.post(path, {"deed": "settings", "limit": "8", "endpoint": ""})
    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        assert settings.effective(making.read(alice, instance))["limit"] == 8
    refused = boss.post(path, {"deed": "settings", "limit": "99"}, follow=True)
    assert "limit" in refused.content.decode()
    boss.post(path, {"deed": "settings", "limit": ""})

    with tenancy.workspace(alice.workspace.pk, user_id=alice.user.pk):
        assert settings.effective(making.read(alice, instance))["limit"] == 3
