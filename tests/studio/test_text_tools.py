"""Plugins propose another wording of a passage: they see what was agreed, and the author decides as over the AI's."""

import json

import pytest

from laojun.plugins import calling, host
from laojun.plugins.outcomes import Outcome
from laojun.plugins.runtimes import wasm
from studio import proposals
from studio.context import NothingSelected
from studio.requests import tools
from studio.requests.refusals import BaseMoved, SuggestionsOff
from tests.laojun.plugins import modules
from tests.laojun.plugins.plugged import plug
from tests.studio.study import TEXT

FIRST = TEXT.index("\n")


def ask(study, **given):
    given = {"span": (0, FIRST), "instruction": "更短", **given}
    chapter = study.now(study.chapter)
    return study.does(tools.ask, work=chapter.work, chapter=chapter, **given)


def test_a_program_in_its_cage_proposes_and_the_author_takes_it(study, monkeypatch):
    code = modules.answering(json.dumps({"proposal": "雨夜，林默进了酒馆。"}))
    monkeypatch.setattr(calling.storing, "payload_file", lambda *_: code)
    plug(
        study.desk.person.workspace,
        "brief",
        kind="wasm",
        hooks=(tools.HOOK,),
        permissions=("data:text.selection",),
        files={"plugin.wasm": "0" * 64},
    )
    request = ask(study)
    study.works()
    wasm.end_all()
    done = study.now(request)
    (proposal,) = study.proposals(done)
    study.does(proposals.accept, proposal=proposal, chapter=study.now(study.chapter))

    assert (done.status, done.context["model"]) == ("completed", "brief")
    assert study.content() == "雨夜，林默进了酒馆。" + TEXT[FIRST:]
    assert "pre_ai" in study.versions()


def test_what_tools_are_shown_and_what_becomes_of_no_answer(study, monkeypatch):
    asked = []

    def call(_hook, _workspace, payload):
        asked.append(payload)
        return [host.Answer("p", Outcome(code="timeout"))]

    monkeypatch.setattr(tools.host, "call", call)
    request = ask(study, span=(FIRST + 1, FIRST + 6))
    study.works()
    failed = study.now(request)

    assert asked == [
        {
            "selection": TEXT[FIRST + 1 : FIRST + 6],
            "context": {"before": TEXT[: FIRST + 1], "after": TEXT[FIRST + 6 :]},
            "language": "zh-Hans",
            "instruction": "更短",
        }
    ]
    assert (failed.status, failed.error_message) == ("failed", tools.FAILED)
    assert study.proposals(request) == []
    for refusal, given in (
        (NothingSelected, {"span": (3, 3)}),
        (NothingSelected, {"span": (3, 10_000)}),
        (BaseMoved, {"base_revision": 99}),
    ):
        with pytest.raises(refusal):
            ask(study, **given)
    with study.inside():
        type(study.work).objects.update(settings={"enableAiSuggestions": False})
    with pytest.raises(SuggestionsOff):
        ask(study)
