"""The settings a plugin may declare, and what is said of those that are sent."""

import time

import pytest

from laojun.plugins import schemas
from laojun.plugins.schemas import SchemaRefused


def schema(**properties):
    return {"type": "object", "properties": properties}


GOOD = schema(
    name={
        "type": "string",
        "title": {"zh": "名称", "en": "Name"},
        "minLength": 2,
        "default": "abc",
    },
    size={"type": "integer", "minimum": 1, "maximum": 10, "default": 3},
    rate={"type": "number"},
    on={"type": "boolean", "default": True},
    colour={"type": "string", "format": "color"},
    site={"type": "string", "format": "uri"},
    mail={"type": "string", "format": "email"},
    day={"type": "string", "format": "date"},
    note={"type": "string", "format": "textarea"},
    mode={"type": "string", "enum": ["fast", "slow"]},
    tags={"type": "array", "items": {"type": "string"}, "maxItems": 3},
    token={"type": "string", "format": "secret"},
    inner={"type": "object", "properties": {"depth": {"type": "integer", "default": 1}}},
)
GOOD["required"] = ["name", "token"]


def test_a_schema_of_the_subset_is_taken():
    schemas.check(GOOD)

    assert schemas.defaults(GOOD) == {"name": "abc", "size": 3, "on": True, "inner": {"depth": 1}}


@pytest.mark.parametrize(
    "bad",
    [
        [],
        {"type": "string"},
        schema(a={"$ref": "https://example.com/schema"}),
        schema(a={"$ref": "#"}),
        schema(a={"type": ["string", "null"]}),
        schema(a={"type": "string", "format": "hostname"}),
        schema(a={"type": "string", "pattern": "(a"}),
        schema(a={"type": "string", "pattern": "(?=a)b"}),
        schema(a={"type": "string", "pattern": "x{1,99999}"}),
        schema(a={"type": "string", "title": "only one language"}),
        schema(a={"type": "string", "default": 3}),
        schema(a={"type": "string", "format": "secret", "default": "x"}),
        schema(a={"type": "array", "items": {"type": "array", "items": {"type": "string"}}}),
        schema(a={"type": "array", "items": {"type": "string", "format": "secret"}}),
        schema(a={"type": "array"}),
        schema(a={"anyOf": [{"type": "string"}]}),
        schema(a={"type": "object", "additionalProperties": True}),
        schema(a=schema(b=schema(c={"type": "string"}))),
        schema(Upper={"type": "string"}),
        schema(**{f"p{number}": {"type": "string"} for number in range(201)}),
        schema(**{f"p{number}": {"type": "string"} for number in range(10_000)}),
        schema(a=schema(**{f"p{n}": {"type": "string"} for n in range(150)}), b=schema(**{f"p{n}": {"type": "string"} for n in range(150)})),
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["b"]},
        {"type": "object", "properties": {"a": {"type": "string"}}, "patternProperties": {}},
    ],
)  # fmt: skip
def test_everything_else_is_refused_within_200_ms(bad):
    began = time.monotonic()

    with pytest.raises(SchemaRefused):
        schemas.check(bad)

    assert time.monotonic() - began < 0.2


def test_a_pattern_that_would_backtrack_takes_no_time():
    greedy = schema(a={"type": "string", "pattern": "^(a+)+$"})
    schemas.check(greedy)
    began = time.monotonic()

    faults = schemas.faults(greedy, {"a": "a" * 5000 + "!"}, secrets_set=frozenset())

    assert [fault.path for fault in faults] == ["a"]
    assert time.monotonic() - began < 0.2


@pytest.mark.parametrize(
    ("config", "path", "code"),
    [
        ({"size": 11}, "size", "invalid"),
        ({"size": "3"}, "size", "invalid"),
        ({"colour": "red"}, "colour", "invalid"),
        ({"site": "ftp://x"}, "site", "invalid"),
        ({"site": "https://user:pw@host/"}, "site", "invalid"),
        ({"mail": "nobody"}, "mail", "invalid"),
        ({"day": "2026-02-30"}, "day", "invalid"),
        ({"mode": "other"}, "mode", "invalid"),
        ({"tags": ["a", 1]}, "tags", "invalid"),
        ({"inner": {"depth": "x"}}, "inner.depth", "invalid"),
        ({"inner": {"more": 1}}, "inner.more", "unknown_field"),
        ({"other": 1}, "other", "unknown_field"),
        ({"token": "plain"}, "token", "unknown_field"),
    ],
)
def test_faults_name_their_field(config, path, code):
    found = schemas.faults(GOOD, {"name": "abc", **config}, secrets_set=frozenset({"token"}))

    assert [(fault.path, fault.code) for fault in found] == [(path, code)]


def test_what_is_required_is_missed_secret_or_not():
    found = schemas.faults(GOOD, {}, secrets_set=frozenset())

    assert {(fault.path, fault.code) for fault in found} == {
        ("token", "required"),
        ("name", "required"),
    }
