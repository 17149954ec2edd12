"""Plugins in a generation job: what they add, and that nothing they do costs anybody the job."""

import hashlib

import pytest

from accounts import tenancy
from laojun.models import Plugin, PluginDelivery, PluginInstance
from laojun.plugins import builtins, calling
from laojun.plugins.runtimes import wasm
from taishang.generation import plugging, submitting
from taishang.generation.render.allowlist import RenderUnsafe
from taishang.generation.render.extending import NotAnExtension, extension
from taishang.generation.trees import UnsafePath
from tests import factories, tidying
from tests.laojun.plugins import modules
from tests.laojun.plugins.plugged import plug
from tests.taishang.conftest import Bench
from tests.taishang.generation.conftest import Workshop

NOTES = '{"files":[{"path":"NOTES.md","content":"# Notes"}]}'
EVIL = '{"files":[{"path":"shop/evil.py","content":"import os"}]}'
ADD_A_FIELD = (
    '{"edits":[{"kind":"add_note","key":"no.such.key","note":"seen by a plugin"},'
    '{"kind":"drop_item","key":"x"}]}'
)


@pytest.fixture
def programs(monkeypatch):
    held: dict[str, bytes] = {}
    monkeypatch.setattr(
        calling.storing, "payload_file", lambda version, _name: held[version.manifest["slug"]]
    )
    yield held
    wasm.end_all()


@pytest.fixture
def workshop(django_db_setup, django_db_blocker):
    """Committed, since plugins are asked in a thread of its own."""
    with django_db_blocker.unblock():
        anna = factories.person("anna")
        yield Workshop(anna, Bench(anna))
        tidying.empty_tenant_tables()


def program(workshop, programs, slug: str, code: bytes, hook: str, *permissions: str):
    programs[slug] = code
    return plug(
        workshop.person.workspace,
        slug,
        kind="wasm",
        hooks=(hook,),
        permissions=permissions,
        files={"plugin.wasm": hashlib.sha256(code).hexdigest()},
        runtime={"timeout_ms": 2000, "memory_mb": 32},
    )


def test_a_job_takes_what_plugins_offer_and_goes_on_without_those_that_fail(workshop, programs):
    emitter, adapter = "generation.emitter", "generation.source_adapter"
    program(workshop, programs, "notes", modules.answering(NOTES), emitter, "data:generation.ir")
    program(workshop, programs, "evil", modules.answering(EVIL), emitter)
    program(workshop, programs, "looper", modules.compiled(modules.FOR_EVER), emitter)
    program(workshop, programs, "reader", modules.answering(ADD_A_FIELD), adapter)

    job = workshop.run()

    assert job.task.state == "succeeded"
    with workshop.inside():
        paths = {file["path"]: file for file in job.diff["files"]}
        calls = {
            row.instance.plugin.slug: row
            for row in PluginDelivery.objects.select_related("instance__plugin")
            if row.instance_id
        }
    assert "NOTES.md" in paths
    assert "shop/evil.py" not in paths
    failed = [one["detail"] for one in job.warnings if one["code"] == "plugin_failed"]
    assert {text.partition(":")[0] for text in failed} == {"evil", "looper"}
    assert set(calls) == {"notes", "evil", "looper", "reader"}
    assert calls["reader"].state == "delivered"
    assert calls["looper"].state == "failed"


def test_the_platforms_own_adapter_leaves_its_row(workshop):
    with tenancy.platform_scope(reason="test"):
        builtins.register()

    workshop.run()

    with workshop.inside():
        told = set(PluginDelivery.objects.values_list("plugin__slug", "hook"))
    assert ("django_emitter", "generation.emitter") in told
    assert ("bolt_adapter", "generation.source_adapter") in told


@pytest.fixture
def own(alice):
    """The platform's own plugins have their rows; `own(slug)` switches one off in alice's workspace."""
    with tenancy.platform_scope(reason="test"):
        builtins.register()

    def off(slug: str) -> None:
        with tenancy.workspace(alice.workspace.pk):
            plugin = Plugin.objects.get(slug=slug)
            PluginInstance.objects.create(
                workspace=alice.workspace,
                plugin=plugin,
                version=plugin.versions.get(),
                enabled=False,
                health="disabled",
            )

    return off


def test_an_adapter_that_is_switched_off_reads_nothing(alice, own):
    own("bolt_adapter")

    with tenancy.workspace(alice.workspace.pk):
        assert plugging.switched_off(alice.workspace.pk) == {"bolt_adapter"}
        submitting.check_adapters(alice.workspace.pk)


def test_without_the_emitter_no_job_is_taken(alice, own):
    own("django_emitter")

    with (
        pytest.raises(submitting.AdapterDisabled, match="emitter_disabled"),
        tenancy.workspace(alice.workspace.pk),
    ):
        submitting.check_adapters(alice.workspace.pk)


def test_without_any_adapter_no_job_is_taken(alice, own):
    for slug in ("bolt", "v0", "lovable", "retool", "generic"):
        own(f"{slug}_adapter")

    with (
        pytest.raises(submitting.AdapterDisabled, match="adapter_disabled"),
        tenancy.workspace(alice.workspace.pk),
    ):
        submitting.check_adapters(alice.workspace.pk)


def test_another_workspace_keeps_them(alice, charlie, own):
    own("django_emitter")

    with tenancy.workspace(charlie.workspace.pk):
        assert plugging.switched_off(charlie.workspace.pk) == set()


def test_code_that_was_changed_on_disk_is_not_run(alice, own):
    with tenancy.platform_scope(reason="test"):
        plugin = Plugin.objects.get(slug="v0_adapter")
        plugin.versions.update(signature_status="modified")

    with tenancy.workspace(alice.workspace.pk):
        assert plugging.switched_off(alice.workspace.pk) == {"v0_adapter"}


def offer(path: str, content: str = "text"):
    return extension(
        tree={"README.md": b"ours"}, offered=[{"path": path, "content": content}], app="shop"
    )


@pytest.mark.parametrize("path", ["NOTES.md", "shop/extra.py", "docs/a/b.json"])
def test_a_plugin_may_add_a_file(path):
    assert offer(path, "VALUE = 1\n") == {path: b"VALUE = 1\n"}


@pytest.mark.parametrize(
    "path",
    ["README.md", "readme.md", "config/settings.py", "manage.py", "shop/migrations/0009_x.py",
     ".github/workflows/x.yml", "run.sh", "a.exe", "accounts/models.py"],
)  # fmt: skip
def test_it_may_not_touch_what_is_ours(path):
    with pytest.raises(NotAnExtension):
        offer(path)


@pytest.mark.parametrize("path", ["../x.md", "/etc/x.md", "a/../../x.md", "a\\b.md", ".git/x.md"])
def test_it_may_not_leave_the_project(path):
    with pytest.raises((UnsafePath, NotAnExtension)):
        offer(path)


@pytest.mark.parametrize("code", ["import os", "eval('1')", "def (", "x.__class__"])
def test_its_code_is_held_to_the_rules_of_all_code(code):
    with pytest.raises(RenderUnsafe):
        offer("shop/extra.py", code)


def test_one_bad_file_and_none_is_added():
    files = [{"path": "a.md", "content": ""}, {"path": "manage.py", "content": ""}]

    with pytest.raises(NotAnExtension):
        extension(tree={}, offered=files, app="shop")


def test_answers_are_laid_where_no_link_leads_them_astray(tmp_path, alice):
    """The folder is the caged process's own: what it puts there is never written through."""
    target = tmp_path / "outside"
    with plugging.Desk(alice.workspace.pk, tmp_path) as desk:
        (desk.folder / ".1").symlink_to(target)
        with pytest.raises(FileExistsError):
            desk._lay(1, b"[]")
        (desk.folder / ".1").unlink()
        (desk.folder / "1.json").symlink_to(target)
        desk._lay(1, b"[]")

    assert not target.exists()
    assert (desk.folder / "1.json").read_bytes() == b"[]"


def test_a_question_that_is_none_of_ours_is_left_alone(tmp_path, alice):
    with plugging.Desk(alice.workspace.pk, tmp_path) as desk:
        desk.take({"hook": "event.sink", "payload": {}})
        desk.take({"hook": None})

    assert list(desk.folder.iterdir()) == []
