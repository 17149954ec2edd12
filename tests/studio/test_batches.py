"""Chapters written one after the other: in order, once, within the limit, whatever dies in between."""

from decimal import Decimal

import pytest
from django.utils import timezone

from accounts import tenancy
from studio import batches, ordering
from studio.agents import choosing
from studio.batches import BatchMoved, NoChapters, WorkBusy
from studio.models import Batch, BatchItem, Chapter
from studio.requests import writing
from taishang.models import Task
from tests.studio.study import Study, in_turn, said


class Killed(Exception):
    """Stands for a worker that dies."""


@pytest.fixture
def book(desk):
    """A work with four chapters to be written; the second has words already."""
    study = Study(desk).begin("")
    study.desk.model("muse", script=said("写好了。"), price=("0.01", "0.02"))
    with study.inside():
        for number in range(1, 5):
            ordering.add_chapter(
                work=study.work,
                principal=study.principal,
                title=f"第{number}",
                synopsis=f"梗概{number}",
                text="已有的字。" if number == 2 else "",
            )
    return study


def chapters(study):
    with study.inside():
        rows = Chapter.objects.alive().filter(work=study.work, synopsis__startswith="梗概")
        return list(rows.in_order())


def start(study, **options):
    with study.inside():
        agent = choosing.for_request(
            principal=study.principal, work=study.work, request_type="generate", agent=None
        )
        return batches.start(
            principal=study.principal,
            work=study.work,
            chapters=options.pop("chapters", None) or chapters(study),
            agent=agent,
            options={"model": "muse", "length": 100},
            max_cost=options.get("max_cost"),
        )


def items(study):
    with study.inside():
        return list(BatchItem.objects.order_by("ordinal").values_list("state", "attempts", "error"))


def due(batch):
    """Let a task that waits for its next try begin at once."""
    with tenancy.platform_scope(reason="tests"):
        Task.objects.filter(pk=batch.task_id).update(due_at=timezone.now())


def test_chapters_are_written_in_order_and_words_are_never_replaced(book, monkeypatch):
    in_turn(monkeypatch, *(said(f"正文{number}。") for number in range(1, 5)))
    batch = start(book)
    with pytest.raises(WorkBusy):
        start(book)
    book.works()

    batch = book.now(batch)
    assert (batch.state, [one[0] for one in items(book)]) == ("completed", ["done"] * 4)
    assert [one.content for one in chapters(book)] == [
        "正文1。",
        "已有的字。",
        "正文3。",
        "正文4。",
    ]
    with book.inside():
        second = BatchItem.objects.get(ordinal=2)
        assert second.proposal_id
    calls = book.desk.calls()
    assert batch.spent == sum(one.cost for one in calls)
    assert len(calls) == 4


def test_a_worker_that_dies_again_and_again_writes_each_chapter_once(book, monkeypatch):
    original, calls = writing.call, []

    def call(**given):
        calls.append(given["request"].pk)
        if len(calls) % 2:
            # Before the model was asked, or after everything was settled.
            if len(calls) % 4 == 1:
                raise Killed
            original(**given)
            raise Killed
        return original(**given)

    monkeypatch.setattr(writing, "call", call)
    batch = start(book)
    for _ in range(8):
        due(batch)
        book.works()
        if book.now(batch).state == "completed":
            break

    assert book.now(batch).state == "completed"
    assert [one.content for one in chapters(book)] == [
        "写好了。",
        "已有的字。",
        "写好了。",
        "写好了。",
    ]
    assert all(one[0] == "done" for one in items(book))
    with book.inside():
        rows = Chapter.objects.filter(pk__in=[one.pk for one in chapters(book)])
        assert list(rows.values_list("ai_version_count", flat=True)).count(1) == 3


def test_the_limit_stops_before_the_call_that_would_pass_it(book):
    batch = start(book, max_cost=Decimal("0.000001"))
    book.works()

    batch = book.now(batch)
    assert (batch.state, batch.pause_reason, batch.spent) == ("paused", "cost_limit", 0)
    assert book.desk.calls() == []


def test_a_chapter_that_fails_twice_stops_the_batch_there(book, monkeypatch):
    broken = [{"error": "bad_request", "status": 400}]
    in_turn(monkeypatch, said("一。"), said("二。"), broken, broken, said("三。"))
    batch = start(book)
    book.works()

    assert (book.now(batch).state, book.now(batch).pause_reason) == ("paused", "chapter_failed")
    assert items(book)[2] == ("failed", 2, "provider_bad_request")
    assert items(book)[3][0] == "waiting"
    book.does(batches.resume, batch=book.now(batch))
    book.works()
    assert book.now(batch).state == "completed"
    assert chapters(book)[2].content == "三。"


def test_moves_of_a_batch(book):
    with pytest.raises(NoChapters):
        start(book, chapters=[book.chapter])
    batch = start(book)
    book.does(batches.pause, batch=batch)
    with pytest.raises(BatchMoved):
        book.does(batches.pause, batch=batch)
    book.works()
    assert {one[0] for one in items(book)} == {"waiting"}
    with book.inside():
        first = BatchItem.objects.select_related("batch").get(ordinal=1)
    book.does(batches.skip, item=first)
    book.does(batches.resume, batch=book.now(batch))
    book.works()
    assert [one[0] for one in items(book)] == ["skipped", "done", "done", "done"]
    with pytest.raises(BatchMoved):
        book.does(batches.cancel, batch=book.now(batch))
    with book.inside():
        assert not Batch.objects.live().exists()
