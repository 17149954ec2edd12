"""No plugin sees more than was agreed: every hook, a full payload, every subset of its permissions."""

from itertools import chain, combinations

import jsonschema_rs
import pytest

from laojun.models import PluginDelivery
from laojun.plugins import broker, events, points, samples
from laojun.plugins.hooks import hooks

ALL = [point for point in hooks.values() if not point.name.startswith("rig.")]
QUESTIONS = [point for point in ALL if point.mode == "sync"]


def subsets(names):
    names = sorted(names)
    return chain.from_iterable(combinations(names, size) for size in range(len(names) + 1))


def marked(schema, permission=""):
    """A full payload in which every text names the permission it stands under."""
    under = schema.get("x-permission", permission)
    if "properties" in schema:
        return {name: marked(inner, under) for name, inner in schema["properties"].items()}
    if "items" in schema:
        return [marked(schema["items"], under)]
    return f"<{under}>"


def texts(value):
    if isinstance(value, dict):
        return [text for inner in value.values() for text in texts(inner)]
    if isinstance(value, list):
        return [text for inner in value for text in texts(inner)]
    return [value]


@pytest.mark.parametrize("point", QUESTIONS, ids=lambda point: point.name)
def test_a_question_shows_exactly_what_was_agreed_to(point):
    payload = marked(point.input_schema)
    asked = broker.permissions(point.input_schema)
    assert asked, "a hook that closes nothing needs no broker"

    for chosen in subsets(asked):
        seen = set(texts(broker.strip(point.input_schema, payload, set(chosen))))
        assert seen - {"<>"} == {f"<{permission}>" for permission in chosen}


@pytest.mark.parametrize("kind", sorted(events.types))
def test_an_event_shows_exactly_what_was_agreed_to(kind):
    found = events.types[kind]
    row = PluginDelivery(
        workspace_id=1,
        event_type=kind,
        payload={"subject": "a/1", "time": "now", "data": marked(found.data_schema)},
    )

    for chosen in subsets(points.EVENT_SINK.permissions):
        shown = events.as_cloud_event(row, frozenset(chosen), "https://platform.example.com")
        if found.permission not in chosen:
            assert shown is None
        else:
            closed = {text for text in texts(shown["data"]) if text != "<>"}
            assert closed <= {f"<{permission}>" for permission in chosen}


@pytest.mark.parametrize("point", ALL, ids=lambda point: point.name)
def test_a_property_that_the_schema_does_not_name_reaches_nobody(point):
    payload = {**marked(point.input_schema), "added_later": "secret"}

    shown = broker.strip(point.input_schema, payload, point.permissions)

    assert "added_later" not in shown


@pytest.mark.parametrize("point", QUESTIONS, ids=lambda point: point.name)
def test_made_up_payloads_fit_their_hook(point):

    made_up = samples.of_schema(point.input_schema)

    jsonschema_rs.Draft202012Validator(dict(point.input_schema), offline=True).validate(made_up)
