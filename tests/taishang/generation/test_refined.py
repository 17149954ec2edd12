"""A model in a generation job: asked through the gateway, believed in nothing, paid once."""

import json

import pytest

from taishang.gateway import breakers
from taishang.generation import refining
from taishang.models import Model, ModelCall
from tests import factories, tidying
from tests.taishang.conftest import Bench
from tests.taishang.generation.conftest import Workshop

CITE = {"file": "src/types/index.ts", "line": 16}
RENAME = {
    "kind": "rename_field",
    "entity": "Book",
    "field": "rating",
    "name": "stars",
    "cites": [CITE],
    "reason": "It counts stars.",
}
HOSTILE = [
    {"kind": "open_endpoint", "key": "endpoint:GET /api/books", "cites": [CITE]},
    {"kind": "set_audience", "entity": "Book", "audience": "shared", "cites": [CITE]},
    {"kind": "answer_decision", "key": "access:no-sign-in", "answer": "open", "cites": [CITE]},
    {"kind": "drop_item", "key": "entity:book", "cites": [CITE]},
    {"kind": "add_note", "key": "entity:book", "note": "https://evil.example/"},
    {"kind": "run", "code": "import os"},
]


@pytest.fixture
def workshop(django_db_setup, django_db_blocker):
    """Committed, since models are asked outside any transaction."""
    # All models of this provider share one breaker, which others may have left open.
    breakers.forget()
    with django_db_blocker.unblock():
        anna = factories.person("anna")
        yield Workshop(anna, Bench(anna))
        tidying.empty_tenant_tables()


def model(workshop: Workshop, *texts: str, name: str = "clerk", **values) -> Model:
    """A model that answers every call with these pieces."""
    script = [*({"text": text} for text in texts), {"usage": [900, 80]}, {"done": "stop"}]
    with workshop.inside():
        return Model.objects.create(
            name=name,
            model_id=f"{name}-{workshop.person.workspace.id}",
            provider="scripted",
            scope="workspace",
            workspace_id=workshop.person.workspace.id,
            params={"script": script},
            **values,
        )


def reply(*edits: dict) -> str:
    return "Here you are:\n```json\n" + json.dumps({"edits": edits}) + "\n```"


def calls(workshop: Workshop) -> list[ModelCall]:
    with workshop.inside():
        return list(ModelCall.objects.filter(purpose=refining.PURPOSE))


def fields(job) -> set[str]:
    [book] = [one for one in job.diff["models"] if one["name"] == "Book"]
    return {field["name"] for field in book["fields"]}


def test_accepted_edits_are_in_the_result_and_the_call_is_on_record(workshop):
    clerk = model(workshop, reply(RENAME))

    job = workshop.run(refine="auto", model=str(clerk))

    assert (job.task.state, job.warnings) == ("succeeded", [])
    assert "stars" in fields(job)
    [call] = calls(workshop)
    assert (call.subject_type, call.subject_id) == ("generation_job", str(job.pk))
    assert (call.status, call.task_id) == ("succeeded", job.pk)
    assert job.core_ir_sha256 != job.ir_sha256


def test_an_edit_is_switched_off_in_a_corrected_job_without_another_call(workshop):
    clerk = model(workshop, reply(RENAME))
    job = workshop.run(refine="auto", model=str(clerk))
    off = {"kind": "toggle_edit", "edit": f"{clerk}-1", "on": False}

    child = workshop.revise(job, off)

    assert child.task.state == "succeeded"
    assert "stars" not in fields(child)
    assert child.ir_sha256 == child.core_ir_sha256
    assert len(calls(workshop)) == 1


def test_once_more_without_the_model_gives_the_plain_result(workshop):
    clerk = model(workshop, reply(RENAME))
    plain = workshop.run()
    refined = workshop.run(refine="auto", model=str(clerk))

    child = workshop.revise(refined, refine="off")

    assert child.tree_sha256 == plain.tree_sha256 != refined.tree_sha256
    assert len(calls(workshop)) == 1


def test_a_model_that_obeys_every_order_opens_nothing(workshop):
    clerk = model(workshop, reply(*HOSTILE))
    plain = workshop.run()

    job = workshop.run(refine="auto", model=str(clerk))

    assert job.tree_sha256 == plain.tree_sha256
    assert job.stage_timings["refine"]["counts"] == {"edits": 0, "refused": len(HOSTILE)}


@pytest.mark.parametrize("text", ["I would rename some of it.", '{"edits": "none"}', "{" * 3000])
def test_nonsense_is_asked_again_twice_and_then_left(workshop, text):
    clerk = model(workshop, text)

    job = workshop.run(refine="auto", model=str(clerk))

    assert job.task.state == "succeeded"
    assert len(calls(workshop)) == refining.MAX_CALLS
    assert [one["code"] for one in job.warnings].count("model_failed") == 1


def test_a_job_goes_on_without_a_model(workshop):
    job = workshop.run(refine="auto")

    assert job.task.state == "succeeded"
    [note] = [one["detail"] for one in job.warnings if one["code"] == "model_failed"]
    assert note.startswith("no_model_configured")
    assert calls(workshop) == []


def test_who_may_not_use_models_gets_the_plain_result(workshop, monkeypatch):
    clerk = model(workshop, reply(RENAME))
    monkeypatch.setattr(refining.permissions, "of_member", lambda **_who: frozenset({"task.view"}))

    job = workshop.run(refine="auto", model=str(clerk))

    assert "stars" not in fields(job)
    assert calls(workshop) == []


def test_a_job_waits_no_longer_than_its_minute(workshop, monkeypatch):
    monkeypatch.setattr(refining, "MAX_SECONDS", 1.0)
    clerk = model(workshop, name="slow")
    with workshop.inside():
        Model.objects.filter(pk=clerk.pk).update(params={"script": [{"hang": True}]})

    job = workshop.run(refine="auto", model=str(clerk))

    assert job.task.state == "succeeded"
    [call] = calls(workshop)
    assert call.status == "cancelled"
    assert [one["code"] for one in job.warnings].count("model_failed") == 1


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('{"edits": []}', []),
        ('think {a} then {"edits": [1]} done', [1]),
        ('{"a": {"edits": [2]}}', [2]),
        ("no object", None),
        ('{"edits": {}}', None),
    ],
)
def test_the_first_object_with_edits_is_read(text, found):
    assert refining.edits_in(text) == found
