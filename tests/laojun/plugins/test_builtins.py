"""Plugins of the platform itself: listed by digest, in the catalogue by themselves, on by default where they say so."""

import json

import pytest

from accounts import tenancy
from laojun.models import PluginVersion
from laojun.plugins import builtins, scanning
from laojun.plugins.builtins import Builtin
from tests.laojun.plugins import making
from tests.laojun.plugins.making import Author, catalogued, signed

pytestmark = pytest.mark.django_db


def described(version="1.0.0", **changes):
    found = making.manifest(
        "homemade", version, kind="builtin", permissions=["event:task"], **changes
    )
    return {**found, "config_schema": {"type": "object", "properties": {}}}


@pytest.fixture
def homemade(tmp_path, settings, monkeypatch):
    """A builtin in a tree of its own, its list of digests up to date."""
    settings.BASE_DIR = tmp_path
    (tmp_path / "code.py").write_text("answer = 42")
    one = Builtin("homemade", described(default_on=True), ("code.py",), tmp_path / "digests.json")
    monkeypatch.setattr(builtins.builtins, "_entries", {"homemade": one})
    (tmp_path / "digests.json").write_text(json.dumps({"homemade": builtins.digests_now(one)}))
    return one


def registered():
    with tenancy.platform_scope(reason="test"):
        builtins.register()
        return PluginVersion.objects.select_related("plugin").get(plugin__slug="homemade")


def test_it_stands_in_the_catalogue_and_asks_for_no_consent(alice, homemade):
    version = registered()
    assert (version.plugin.status, version.signature_status) == ("active", "signed")

    instance = making.used(alice, version, enabled=True)

    assert making.read(alice, instance).health == "ok"


def test_registering_twice_changes_nothing(homemade):
    registered()

    with tenancy.platform_scope(reason="test"):
        assert builtins.register() == []


def test_code_that_is_not_what_was_listed_does_not_run(alice, homemade, tmp_path):
    version = registered()
    instance = making.used(alice, version, enabled=True)
    (tmp_path / "code.py").write_text("answer = 43")

    scanning.verify_one(version.pk)

    assert making.read(alice, instance).health == "modified"


def test_code_that_is_gone_does_not_run_and_breaks_nothing(homemade, tmp_path):
    version = registered()
    (tmp_path / "code.py").unlink()

    assert scanning.verify_one(version.pk)

    assert registered().signature_status == "modified"


def test_while_somebody_works_on_it_changed_code_runs(homemade, tmp_path, settings):
    version = registered()
    (tmp_path / "code.py").write_text("answer = 43")
    settings.DEBUG = True

    scanning.verify_one(version.pk)

    assert registered().signature_status == "signed"


def test_who_uses_one_moves_along_and_the_former_version_fits_no_more(alice, homemade, monkeypatch):
    version = registered()
    instance = making.used(alice, version, enabled=True)
    newer = Builtin("homemade", described("2.0.0"), homemade.files, homemade.digests)
    monkeypatch.setitem(builtins.builtins._entries, "homemade", newer)
    with tenancy.platform_scope(reason="test"):
        scanning.register_builtins()

    scanning.verify_one(version.pk)

    with tenancy.platform_scope(reason="test"):
        rows = PluginVersion.objects.filter(plugin__slug="homemade")
        found = dict(rows.values_list("version", "signature_status"))
    assert found == {"1.0.0": "incompatible", "2.0.0": "signed"}
    moved = making.read(alice, instance)
    assert (moved.version.version, moved.health) == ("2.0.0", "ok")


def test_what_is_on_by_itself_serves_those_that_need_it(alice, olga, homemade):
    acme = Author()
    acme.trusted()
    needing = signed(acme, dependencies=[{"slug": "homemade", "range": ">=1.0.0"}])

    assert making.switched_on(alice, catalogued(olga, needing)).health == "ok"


def test_the_committed_lists_are_up_to_date():
    for builtin in builtins.builtins.values():
        assert builtins.digests_committed(builtin) == builtins.digests_now(builtin), builtin.slug
