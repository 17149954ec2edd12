"""Plugins on the answer to a question: what they propose is judged, what they see was agreed."""

import json

import pytest

from laojun.models import PluginDelivery
from laojun.plugins import calling, host
from laojun.plugins.outcomes import Outcome
from laojun.plugins.runtimes import wasm
from querygpt.answering import asking, processing
from querygpt.models import Connection
from tests.laojun.plugins import modules
from tests.laojun.plugins.plugged import plug
from tests.querygpt.test_answers import desk, model, replied, room  # noqa: F401

COUNT = "SELECT COUNT(*) AS n FROM orders"
BETTER = "SELECT channel, COUNT(*) AS n FROM orders GROUP BY channel ORDER BY 2 DESC"


@pytest.fixture
def says(monkeypatch):
    """Let plugins answer; what they were asked is kept."""
    asked = []

    def play(*outputs):
        def call(_hook, _workspace, payload):
            asked.append(payload)
            return [host.Answer(f"p{n}", Outcome(output=one)) for n, one in enumerate(outputs)]

        monkeypatch.setattr(processing.host, "is_used", lambda *_: True)
        monkeypatch.setattr(processing.host, "call", call)
        return asked

    return play


def test_a_program_in_its_cage_draws_another_chart(room, monkeypatch):  # noqa: F811
    wish = {"chart": {"kind": "pie", "title": "渠道", "x": "channel", "y": ["n"]}}
    code = modules.answering(json.dumps(wish))
    monkeypatch.setattr(calling.storing, "payload_file", lambda *_: code)
    plug(
        room.desk.person.workspace,
        "painter",
        kind="wasm",
        hooks=("querygpt.post_processor",),
        permissions=("data:chart.spec",),
        files={"plugin.wasm": "0" * 64},
    )
    model(room, replied(BETTER))

    answer = room.answer("各渠道的订单数")
    wasm.end_all()

    assert len(room.runs(answer)) == 1
    assert answer.metadata["visualization"]["type"] == "pie"
    with room.inside():
        assert [(one.hook, one.state) for one in PluginDelivery.objects.all()] == [
            ("querygpt.post_processor", "delivered")
        ]


def test_a_proposed_statement_runs_as_one_more_attempt(room, says):  # noqa: F811
    says({"sql": "DELETE FROM orders"}, {"sql": BETTER})
    model(room, replied(COUNT))

    answer = room.answer("多少订单")

    assert [one.origin for one in room.runs(answer)] == ["model", "plugin", "plugin"]
    assert [one.verdict for one in room.runs(answer)] == ["allowed", "refused", "allowed"]
    assert [one["engine"] for one in answer.metadata["attempts"]] == ["model", "plugin", "plugin"]
    assert answer.metadata["rows_count"] == 3
    assert "p1" in answer.plan["note"]


def test_what_is_refused_or_cannot_be_drawn_changes_nothing(room, says):  # noqa: F811
    says(
        {"sql": "SELECT load_extension('x')"},
        {"chart": {"kind": "bar", "x": "nothing", "y": ["n"]}},
        "prose",
    )
    model(room, replied(COUNT))

    answer = room.answer("多少订单")

    assert (answer.outcome, answer.metadata["rows_count"]) == ("answered", 1)
    assert answer.metadata["visualization"]["type"] == "number"
    assert answer.metadata["error"] is None


def test_rows_are_shown_only_where_the_connection_discloses_them(room, says):  # noqa: F811
    asked = says({"sql": BETTER})
    model(room, replied(COUNT))
    room.answer("多少订单")
    with room.inside():
        Connection.objects.update(disclosure="rows")
    room.answer("多少订单")

    assert ["rows" in one for one in asked] == [False, True]
    assert asked[0]["columns"] == [{"name": "n", "type": "int"}]


def test_a_statement_by_hand_stands(room, says):  # noqa: F811
    says({"sql": BETTER})
    model(room, replied(COUNT))
    first = room.answer("多少订单")
    edited = room.does(asking.rerun, message=first, sql=COUNT)
    room.work()

    assert [one.origin for one in room.runs(room.now(edited.answer))] == ["edited"]
