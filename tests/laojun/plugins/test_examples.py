"""The examples that authors copy: they install, run and answer as their hook wants it."""

import json
from pathlib import Path

import pytest
from django.conf import settings

from laojun.plugins import authoring, calling, packages
from laojun.plugins.hooks import hooks
from laojun.plugins.outcomes import Outcome
from laojun.plugins.runtimes import wasm
from tests.laojun.plugins.making import Author, private, used

EXAMPLES = Path(settings.BASE_DIR) / "examples" / "plugins"


def package(name: str, author: Author) -> bytes:
    """The example as its author packs and signs it."""
    data = authoring.pack_folder(EXAMPLES / name)
    return authoring.sign_package(data, key=author.private_key, role="publisher")


def program() -> bytes:
    files = packages.unpack(authoring.pack_folder(EXAMPLES / "changelog_file"))
    return bytes(files[authoring.PROGRAM])


@pytest.fixture
def author(alice) -> Author:
    author = Author("examples")
    author.trusted(workspace_id=alice.workspace.pk)
    return author


def test_the_program_is_the_same_wherever_it_is_built():
    assert packages.checksum(program()).startswith("dc5c8fb86ee2448d")


def test_a_text_that_is_no_program_is_said_to_be_none(tmp_path):
    manifest = (EXAMPLES / "changelog_file" / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(manifest)
    (tmp_path / "plugin.wat").write_text("(module (func $x unknown))")

    with pytest.raises(authoring.AuthoringFailed, match="does not compile"):
        authoring.pack_folder(tmp_path)


def test_the_wasm_example_answers_its_hook(alice, author):
    version = private(alice, package("changelog_file", author))
    used(alice, version, permissions=[], enabled=True)
    (hook,) = version.hooks

    outcome = wasm.run(
        sha256=version.manifest["files"][authoring.PROGRAM],
        load=program,
        stdin=b"{}",
        max_out=10_000,
        allowance=wasm.Allowance.of_manifest(version.manifest["runtime"], 5.0),
    )
    wasm.end_all()

    output = json.loads(outcome.output)
    assert calling.checked(hooks[hook], Outcome(output=output)).is_ok
    assert output["files"][0]["path"] == "CHANGELOG.md"


def test_the_http_example_can_be_used(alice, author):
    instance = used(
        alice,
        private(alice, package("event_receiver", author)),
        config={"signing_secret": "whsec_" + "QUFB" * 12},
        permissions=["event:task", "net:hooks.example.com"],
        enabled=True,
    )

    assert instance.health == "ok"
