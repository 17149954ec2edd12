"""The AI proposes and the author decides: asked, answered, taken, refused, interrupted. Real worker code, scripted models."""

import json
from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.db import connection
from django.utils import timezone

from laojun import audit
from studio import proposals
from studio.context import UnknownPin
from studio.models import ChapterSave, Character, Finding, Proposal
from studio.proposals import ProposalClosed, ProposalStale
from studio.prose import rebasing
from studio.requests import erasing, finishing, refining, sweeping
from studio.requests.refusals import ContextChanged, RequestRunning
from taishang import transitions
from taishang.models import ModelCall
from taishang.providers.scripted import Scripted
from tests.studio.study import TEXT, in_turn, said


def character(study, name, **told):
    with study.inside():
        return Character.objects.create(
            workspace_id=study.work.workspace_id, work=study.work, name=name, **told
        )


def test_what_was_shown_is_sent_and_stored(study):
    study.plays("雨停了。")
    character(study, "沈雨", description="酒馆的老板娘")
    character(study, "陈伯", description="CANARY-NEVER", ai_inclusion="never")
    shown = study.preview()
    request = study.answer(sha256=shown["context_sha256"])

    (prompt,) = Scripted.prompts
    assert [dict(one) for one in prompt.messages] == request.context["calls"][0]
    assert request.context_sha256 == shown["context_sha256"] == study.preview()["context_sha256"]
    sent = json.dumps(request.context["calls"], ensure_ascii=False)
    assert "酒馆的老板娘" in sent
    assert "CANARY" not in sent + json.dumps(shown)
    assert [one["key"] for one in shown["parts"]] == [
        one["key"] for one in request.context["parts"]
    ]
    with study.inside():
        Character.objects.filter(name="沈雨").update(description="酒馆的跑堂")
    with pytest.raises(ContextChanged) as refused:
        study.ask(sha256=shown["context_sha256"])
    assert refused.value.members["preview"]["context_sha256"] != shown["context_sha256"]


def test_nothing_of_another_work_is_sent(study):
    study.plays("好。")
    mine, other = (
        study.work,
        type(study)(study.desk).begin("CANARY-TEXT 沈雨", description="CANARY-WORK"),
    )
    foreign = character(other, "沈雨", description="CANARY-CARD", ai_inclusion="always")

    shown = study.preview("chat", instruction="沈雨是谁？")

    assert "CANARY" not in json.dumps(shown)
    assert mine.pk != other.work.pk
    with pytest.raises(UnknownPin):
        study.preview(pins=[f"character:{foreign.pk}"])


def test_a_request_a_proposal_and_the_money_are_settled_together(study):
    study.plays("<think>嗯", "</think>", "\n雨", "停了。")
    request = study.answer(variants=2)

    assert (request.status, request.output_text, request.is_partial) == (
        "completed",
        "雨停了。",
        False,
    )
    first, second = study.proposals(request)
    assert (first.text, first.start_position, second.variant) == ("雨停了。", len(TEXT), 2)
    calls = study.desk.calls()
    assert {(one.subject_type, one.subject_id, one.purpose) for one in calls} == {
        ("studio.ai_request", str(request.pk), "studio.continue")
    }
    assert study.desk.used().usage == sum(one.total_tokens for one in calls) == 140
    assert study.content() == TEXT


def test_taking_a_proposal_writes_versions_and_happens_once(study):
    study.plays("雨停了。")
    (proposal,) = study.proposals(study.answer())

    done = study.does(proposals.accept, proposal=proposal, chapter=study.now(study.chapter))

    assert study.content() == TEXT + "雨停了。"
    assert done.changes == ({"start": len(TEXT), "end": len(TEXT), "text": "雨停了。"},)
    assert {"pre_ai", "ai"} <= set(study.versions())
    with study.inside():
        assert ChapterSave.objects.get(revision=done.revision, kind="ai").ai_words == 4
    chapter = study.now(study.chapter)
    assert (chapter.ai_version_count, chapter.revision) == (1, done.revision)
    with pytest.raises(ProposalClosed):
        study.does(proposals.accept, proposal=proposal, chapter=chapter)
    assert study.content() == TEXT + "雨停了。"


def test_hunks_are_taken_one_by_one_and_follow_the_text(study):
    start = TEXT.index("雨夜")
    end = TEXT.index("\n“你来晚了")
    study.plays("夜雨如注。林默推开门。\n他右手的绷带渗出血来。")
    (proposal,) = study.proposals(study.answer("polish", range_start=start, range_end=end))
    assert len(proposal.hunks) == 1 or len(proposal.hunks) == 2

    study.types("序章。\n" + TEXT)
    done = study.does(
        proposals.accept, proposal=proposal, chapter=study.now(study.chapter), hunks=[0]
    )

    assert done.is_moved
    assert study.content().startswith("序章。\n夜雨如注")
    assert study.content().endswith("“你来晚了。”沈雨说。")
    if len(proposal.hunks) > 1:
        assert done.proposal.state == "partly"
        with pytest.raises(ProposalClosed):
            study.does(proposals.accept, proposal=proposal, chapter=study.now(study.chapter), hunks=[0])  # fmt: skip
        study.does(proposals.accept, proposal=proposal, chapter=study.now(study.chapter), hunks=[1])
    assert "他右手的绷带渗出血来。\n“你来晚了" in study.content()
    assert study.now(proposal).state == "accepted"


def test_a_changed_passage_is_never_overwritten_blindly(study):
    start = TEXT.index("他的右手")
    end = TEXT.index("\n“你来晚了")
    study.plays("他右手的绷带渗出血来。")
    (proposal,) = study.proposals(study.answer("rewrite", range_start=start, range_end=end))
    edited = TEXT.replace("右手", "左手")
    study.types(edited)

    afterwards = []
    with audit.facts(audit.Facts(afterwards=afterwards)), pytest.raises(ProposalStale):
        study.does(proposals.accept, proposal=proposal, chapter=study.now(study.chapter))
    for deed in afterwards:
        deed()

    assert study.content() == edited
    assert study.now(proposal).state == "stale"
    span = (edited.index("他的左手"), edited.index("\n“你来晚了"))
    study.does(proposals.accept, proposal=proposal, chapter=study.now(study.chapter), span=span)
    assert study.content() == TEXT.replace("他的右手缠着厚厚的绷带。", "他右手的绷带渗出血来。")


def test_a_passage_is_found_or_not_at_all():
    place = rebasing.place
    assert place("甲乙丙", "乙", start=1, around=("甲", "丙")) == 1
    assert place("序甲乙丙", "乙", start=1, around=("甲", "丙")) == 2
    assert place("甲乙丙甲乙丙", "乙", start=4, around=("甲", "丙")) == 4
    assert place("甲乙丙甲乙丙", "乙", start=2, around=("甲", "丙")) is None
    assert place("子乙丑", "乙", start=1, around=("甲", "丙")) == 1
    assert place("子乙丑乙", "乙", start=1, around=("甲", "丙")) is None
    assert place("甲乙", "", start=1, around=("甲", "乙")) == 1
    assert place("甲 乙", "", start=1, around=("甲", "乙")) is None
    assert place("", "", start=0, around=("", "")) == 0
    assert place("甲", "", start=0, around=("", "")) is None


def test_hostile_providers_end_once_and_keep_what_came(study):
    for number, (end, status, text, finish) in enumerate(
        (
            ({"error": "server", "status": 500}, "failed", "雨停", ""),
            ({"raise": "boom"}, "failed", "雨停", ""),
            ({"done": "length"}, "completed", "雨停", "length"),
            ({"error": "content_filter"}, "failed", "雨停", ""),
        )
    ):
        study.desk.model(
            f"m{number}", script=[{"text": "雨"}, {"text": "停"}, end], price=("1", "1")
        )
        request = study.answer(model=f"m{number}")

        assert (request.status, request.output_text, request.is_partial) == (status, text, True), (
            end
        )
        (proposal,) = study.proposals(request)
        assert proposal.is_partial
        assert request.finish_reason == finish or status == "failed"
        (call,) = [one for one in study.desk.calls() if one.subject_id == str(request.pk)]
        assert call.output_tokens > 0
    study.desk.model("silent", script=[{"error": "auth", "status": 401}])
    request = study.answer(model="silent")
    assert (request.status, request.error_message) == ("failed", "provider_auth")
    assert study.proposals(request) == []


def test_stopping_keeps_the_partial_and_bills_what_came(study, monkeypatch):
    study.desk.model("muse", script=[{"text": "雨停了"}, {"hang": True}], price=("1", "1"))
    request = study.ask()
    original = Scripted.execute

    async def execute(self, prompt):
        first = True
        async for event in original(self, prompt):
            yield event
            if first:
                first = False
                await sync_to_async(stop)()

    def stop():
        with study.inside():
            transitions.cancel(request.task_id, by=study.principal.actor)
        connection.close()

    monkeypatch.setattr(Scripted, "execute", execute)
    study.works()

    request = study.now(request)
    assert (request.status, request.is_partial, request.output_text) == (
        "cancelled",
        True,
        "雨停了",
    )
    (proposal,) = study.proposals(request)
    assert proposal.is_partial
    (call,) = study.desk.calls()
    assert call.status == "cancelled"
    assert call.output_tokens > 0
    assert Scripted.open.total() == 0


def test_a_second_request_of_the_same_kind_waits_for_the_first(study):
    study.plays("雨停了。")
    first = study.ask()

    with pytest.raises(RequestRunning) as refused:
        study.ask()
    assert refused.value.members == {"request_id": str(first.pk)}
    study.ask("chat", instruction="?")
    study.works()
    assert study.answer().status == "completed"


def test_nothing_stays_under_way(study):
    study.plays("雨停了。")
    waiting, running = study.ask(), study.ask("chat", instruction="?")
    with study.inside():
        transitions.cancel(waiting.task_id, by=study.principal.actor)
        type(running).objects.filter(pk=running.pk).update(status="processing", task_id=None)
    sweeping.sweep(timezone.now() + timedelta(minutes=1))

    assert study.now(waiting).status in {"cancelled", "failed"}
    assert (study.now(running).status, study.now(running).error_message) == (
        "failed",
        "interrupted",
    )
    assert sweeping.sweep(timezone.now() + timedelta(minutes=1)) == 0


def test_a_check_keeps_only_what_the_text_proves_and_remembers_decisions(study):
    remark = {"kind": "consistency", "severity": 3, "message": "手", "suggestion": "改"}
    report = {
        "findings": [
            {**remark, "quotes": ["他的右手缠着厚厚的绷带"]},
            {**remark, "quotes": ["他从来没有说过这句话"]},
        ]
    }
    study.plays(json.dumps(report, ensure_ascii=False), supports_json_schema=True)
    request = study.answer("analyze")

    assert request.context["report"] == {"found": 1, "known": 0, "dropped": 1, "unreadable": 0}
    with study.inside():
        finding = Finding.objects.get()
        assert TEXT[finding.quotes[0]["position"] :].startswith("他的右手")
        finding.state = "intentional"
        finding.save()
    again = study.answer("analyze")
    assert again.context["report"]["known"] == 1
    with study.inside():
        assert [one.state for one in Finding.objects.all()] == ["intentional"]


def test_a_model_that_invents_quotes_finds_nothing(study):
    remark = {
        "kind": "style",
        "severity": 1,
        "message": "x",
        "suggestion": "",
        "quotes": ["这句话是编造出来的"],
    }
    study.plays(json.dumps({"findings": [remark] * 5}, ensure_ascii=False))
    assert study.answer("analyze").context["report"] == {"found": 0, "known": 0, "dropped": 5, "unreadable": 0}  # fmt: skip
    with study.inside():
        assert not Finding.objects.exists()


def test_an_outline_becomes_chapters_that_were_ticked(study):
    outline = {
        "volumes": [
            {"title": "上卷", "synopsis": "", "chapters": [{"title": "启程", "synopsis": "走"}, {"title": "渡河", "synopsis": "过"}]},
        ]
    }  # fmt: skip
    study.plays(json.dumps(outline, ensure_ascii=False))
    (proposal,) = study.proposals(study.answer("outline", chapter=None, instruction="两章"))

    done = study.does(proposals.accept, proposal=proposal, chapter=None, hunks=[1])
    study.does(proposals.accept, proposal=proposal, chapter=None)

    with study.inside():
        rows = list(type(study.chapter).objects.alive().filter(work=study.work).in_order())
        assert len(done.created) == 1
        assert [(one.title, one.synopsis) for one in rows] == [
            ("酒馆", ""),
            ("渡河", "过"),
            ("启程", "走"),
        ]
        assert {one.volume.title for one in rows if one.volume} == {"上卷"}
    with pytest.raises(ProposalClosed):
        study.does(proposals.accept, proposal=proposal, chapter=None)


def test_refining_asks_again_about_the_same_passage(study, monkeypatch):
    in_turn(monkeypatch, said("雨停了。"), said("雨，停了。"))
    study.plays("-")
    (proposal,) = study.proposals(study.answer())
    asked = study.does(
        refining.refine, proposal=proposal, given={"instruction": "慢一点", "model": "muse"}
    )
    study.works()

    request = study.now(asked.request)
    assert (request.parent_id, request.output_text) == (proposal.request_id, "雨，停了。")
    assert "雨停了。" in request.context["calls"][0][-1]["content"]


def test_texts_are_erased_and_numbers_stay(study):
    study.plays("雨停了。")
    request = study.answer()
    study.does(erasing.erase, request=request)

    now = study.now(request)
    assert (now.output_text, now.context, now.instruction) == ("", {}, "")
    assert now.context_tokens
    assert study.proposals(request) == []
    assert study.desk.calls()[0].total_tokens == 70


def test_a_call_whose_process_died_leaves_its_words_as_a_proposal(study):
    study.plays("雨停了。")
    request = study.ask()
    with study.inside():
        finishing.begin(request.pk)
        call = ModelCall(status="failed", error_class="orphaned", subject_id=str(request.pk))
        finishing.orphaned(call, "雨停")
        finishing.orphaned(call, "")

    assert study.now(request).status == "failed"
    (proposal,) = study.proposals(request)
    assert (proposal.text, proposal.is_partial, proposal.state) == (
        "雨停",
        True,
        Proposal.State.OPEN,
    )
