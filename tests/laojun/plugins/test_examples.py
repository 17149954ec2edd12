"""The examples that authors copy: they install, run and answer as their hook wants it."""

import hashlib
import json
from pathlib import Path

import pytest
from django.conf import settings

from examples.plugins.build import build
from laojun.plugins import calling
from laojun.plugins.hooks import hooks
from laojun.plugins.outcomes import Outcome
from laojun.plugins.runtimes import wasm
from tests.laojun.plugins.making import Author, packed, private, used

EXAMPLES = Path(settings.BASE_DIR) / "examples" / "plugins"


def document(name: str) -> dict:
    return json.loads((EXAMPLES / name / "manifest.json").read_text())


@pytest.fixture
def author(alice) -> Author:
    author = Author("examples")
    author.trusted(workspace_id=alice.workspace.pk)
    return author


def test_the_program_is_the_same_wherever_it_is_built():
    code = build(EXAMPLES / "changelog_file")

    assert hashlib.sha256(code).hexdigest().startswith("dc5c8fb86ee2448d")


def test_the_wasm_example_answers_its_hook(alice, author):
    code = build(EXAMPLES / "changelog_file")
    data = packed(document("changelog_file"), ("publisher", author), payload={"plugin.wasm": code})
    version = private(alice, data)
    used(alice, version, permissions=[], enabled=True)
    (hook,) = version.hooks

    outcome = wasm.run(
        sha256=version.manifest["files"]["plugin.wasm"],
        load=lambda: code,
        stdin=b"{}",
        max_out=10_000,
        allowance=wasm.Allowance.of_manifest(version.manifest["runtime"], 5.0),
    )
    wasm.end_all()

    output = json.loads(outcome.output)
    assert calling.checked(hooks[hook], Outcome(output=output)).is_ok
    assert output["files"][0]["path"] == "CHANGELOG.md"


def test_the_http_example_can_be_used(alice, author):
    data = packed(
        document("event_receiver"), ("publisher", author), payload={"README.md": b"see receiver.py"}
    )

    instance = used(
        alice,
        private(alice, data),
        config={"signing_secret": "whsec_" + "QUFB" * 12},
        permissions=["event:task", "net:hooks.example.com"],
        enabled=True,
    )

    assert instance.health == "ok"
