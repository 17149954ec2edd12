"""An author packs, signs and checks a plugin with the commands alone."""

import json
import os
import stat
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts import tenancy
from laojun.plugins import keys
from tests.laojun.plugins import making
from tests.laojun.plugins.making import OPERATOR

pytestmark = pytest.mark.django_db


def run(*arguments, **options):
    out = StringIO()
    call_command(*map(str, arguments), stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "courier"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "notes.md").write_text("hello")
    (folder / ".hidden").write_text("not packed")
    (folder / "manifest.json").write_text(json.dumps(making.manifest(), indent=2))
    return folder


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "my.key"
    said = run("plugin_keygen", path)
    return path, said.split("public key:")[1].split()[0]


def test_from_a_folder_to_a_package_that_is_taken(folder, key, tmp_path):
    path, public_key = key
    package = tmp_path / "p.zip"
    run("plugin_pack", folder, to=package)
    run("plugin_sign", package, key=path)
    with pytest.raises(SystemExit):
        run("plugin_verify", package)
    with tenancy.platform_scope(reason="test"):
        keys.add(
            public_key=public_key,
            role="publisher",
            owner_name=making.PUBLISHER,
            slug_patterns=["courier"],
            actor=OPERATOR,
        )

    said = run("plugin_verify", package)

    assert "courier 1.0.0 by Acme" in said
    assert "status signed" in said


def test_packing_twice_makes_the_same_bytes(folder, tmp_path):
    run("plugin_pack", folder, to=tmp_path / "a.zip")
    os.utime(folder / "src" / "notes.md", (1, 1))
    run("plugin_pack", folder, to=tmp_path / "b.zip")

    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()
    assert b".hidden" not in (tmp_path / "a.zip").read_bytes()


def test_a_reviewer_signs_beside_the_publisher(folder, key, tmp_path):
    package = tmp_path / "p.zip"
    run("plugin_pack", folder, to=package)
    run("plugin_sign", package, key=key[0])

    said = run("plugin_sign", package, key=key[0], role="reviewer")

    assert "publisher" in said
    assert "reviewer" in said


def test_the_private_key_is_ours_alone_and_never_overwritten(key):
    path, _public_key = key

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CommandError, match="never overwritten"):
        run("plugin_keygen", path)


@pytest.mark.parametrize("text", ["{", "[]", '{"slug": "x"}'])
def test_a_manifest_that_cannot_be_is_explained(folder, tmp_path, text):
    (folder / "manifest.json").write_text(text)

    with pytest.raises(CommandError):
        run("plugin_pack", folder, to=tmp_path / "p.zip")

    assert not (tmp_path / "p.zip").exists()


def test_something_else_is_no_key_and_no_package(folder, tmp_path, key):
    package = tmp_path / "p.zip"
    run("plugin_pack", folder, to=package)
    with pytest.raises(CommandError, match="no private key"):
        run("plugin_sign", package, key=folder / "manifest.json")
    with pytest.raises(CommandError, match="package_unsafe"):
        run("plugin_sign", folder / "manifest.json", key=key[0])
