"""Every class of call, found in a small front end of its own: nothing missed, nothing invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generation.exports import (
    FIXTURES,
    collected,
    endpoints,
    externals,
    pack,
    take_in,
    truth,
    unresolved,
)

NAMES = [
    "addresses",
    "angular_vue",
    "branches",
    "classes",
    "clients",
    "hooks",
    "namesakes",
    "next_handlers",
    "non_english",
    "ownership",
    "plain_calls",
    "request_hook",
    "services",
    "set_up_once",
    "wrappers",
]


@pytest.mark.parametrize("name", NAMES)
def test_a_fixture_gives_exactly_its_true_endpoints(name: str, tmp_path: Path) -> None:
    received = take_in(pack(FIXTURES / name, tmp_path / "export.zip"), tmp_path / "job")
    expected = truth(name)

    _inventory, facts = collected(received.export)

    true = {(one["method"], one["path"]) for one in expected["endpoints"]}
    assert endpoints(facts) == true
    assert externals(facts) == set(expected["externals"])
    assert len(unresolved(facts)) == expected.get("unresolved", len(unresolved(facts)))


@pytest.mark.parametrize("name", NAMES)
def test_every_excerpt_is_the_text_of_its_line(name: str, tmp_path: Path) -> None:
    received = take_in(pack(FIXTURES / name, tmp_path / "export.zip"), tmp_path / "job")
    texts = {file.path: (file.text or "").split("\n") for file in received.export.files}

    _inventory, facts = collected(received.export)

    assert facts
    for fact in facts:
        line = texts[fact.place.file][fact.place.line - 1]
        assert line.strip()[:200].strip() == fact.place.excerpt
