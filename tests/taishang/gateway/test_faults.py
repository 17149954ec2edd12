"""When something goes away: the process, the database, the provider, the money."""

import asyncio
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from accounts import tenancy
from accounts.registry import problems
from laojun.models import Notification
from taishang import gateway
from taishang.gateway import breakers, caching, ledger, settling, spool, subjects, sweeping
from taishang.gateway.events import Ended
from taishang.gateway.ledger import Outcome
from taishang.gateway.refusals import CallFailed
from taishang.models import ModelCall
from taishang.providers.base import ChatPrompt
from taishang.providers.errors import ErrorClass
from taishang.providers.scripted import Scripted
from taishang.quotas.reserving import QuotaExceeded

WORDS = [{"text": "Hello"}, {"usage": [5, 2]}, {"done": "stop"}]


def orphan(desk) -> ModelCall:
    """A call whose process died after a checkpoint."""

    async def begin() -> None:
        await gateway.stream(**desk.wish(subject=("chapter", "9"))).open()

    asyncio.run(begin())
    with desk.inside():
        ModelCall.objects.update(
            partial_text="Half an answer", lease_until=timezone.now() - timedelta(seconds=1)
        )
        return ModelCall.objects.get()


@pytest.fixture
def _long_up(monkeypatch):
    """The database server has been there for longer than a lease."""
    monkeypatch.setattr(sweeping, "STARTED_LONG_AGO", "SELECT true OR %s IS NULL")


@pytest.mark.usefixtures("_long_up")
def test_a_call_whose_process_died_is_settled_from_its_checkpoint(desk):
    desk.model(price=("0.01", "0.01"))
    orphan(desk)
    assert desk.used().reserved > 0

    assert sweeping.sweep() == 1
    assert sweeping.sweep() == 0

    (call,) = desk.calls()
    assert (call.status, call.error_class) == ("failed", "orphaned")
    assert call.partial_text == "Half an answer"
    assert call.output_tokens > 0
    assert desk.used().usage == call.total_tokens
    assert (desk.used().reserved, desk.used().running) == (0, 0)
    assert desk.days()[0].failed_requests == 1


@pytest.mark.usefixtures("_long_up")
def test_a_receiver_of_the_subject_takes_an_orphans_text(desk, monkeypatch):
    desk.model()
    orphan(desk)
    taken = []
    monkeypatch.setitem(
        subjects.receivers._entries, "chapter", lambda call, text: taken.append(text)
    )

    sweeping.sweep()

    assert taken == ["Half an answer"]
    assert desk.calls()[0].partial_text == ""


def test_a_living_call_is_not_swept(desk):
    desk.model()
    orphan(desk)
    with desk.inside():
        ModelCall.objects.update(lease_until=timezone.now() + timedelta(seconds=20))

    assert sweeping.sweep() == 0


def test_nothing_is_swept_while_the_database_has_just_come_back(desk, monkeypatch):
    desk.model()
    orphan(desk)
    monkeypatch.setattr(sweeping, "STARTED_LONG_AGO", "SELECT false AND %s IS NULL")

    assert sweeping.sweep() == 0


def test_an_end_that_comes_when_the_sweep_was_first_changes_nothing(desk):
    desk.model()
    call = orphan(desk)
    with desk.inside():
        payer = ledger.payer_of(call)
    outcome = Outcome(ModelCall.Status.SUCCEEDED, input_tokens=5, output_tokens=2)

    assert ledger.settle(call=call, payer=payer, outcome=outcome)
    assert not ledger.settle(call=call, payer=payer, outcome=outcome)

    assert desk.used().usage == 7
    assert desk.days()[0].total_requests == 1


def test_a_reservation_that_the_database_lost_is_billed_all_the_same(desk):
    desk.model()
    call = orphan(desk)
    with desk.inside():
        payer = ledger.payer_of(call)
        ModelCall.objects.all()._raw_delete("default")
        type(desk.used()).objects.update(reserved=0, running=0)

    ledger.settle(
        call=call, payer=payer, outcome=Outcome("succeeded", input_tokens=5, output_tokens=2)
    )

    assert desk.calls()[0].status == "succeeded"
    assert (desk.used().usage, desk.used().reserved, desk.used().running) == (7, 0, 0)


def test_with_the_database_away_at_the_end_the_answer_arrives_and_is_billed_once(desk, monkeypatch):
    desk.model(script=WORDS)
    monkeypatch.setattr(settling, "PAUSE_SECONDS", 0.05)
    settle, failures = ledger.settle, iter(range(3))

    def away(**arguments):
        if next(failures, None) is not None:
            raise OperationalError("the server is gone")
        return settle(**arguments)

    monkeypatch.setattr(ledger, "settle", away)

    async def read() -> list:
        async with gateway.stream(**desk.wish()) as stream:
            events = [event async for event in stream]
        while settling._pending:
            await asyncio.sleep(0.05)
        return events

    events = asyncio.run(read())

    assert isinstance(events[-1], Ended)
    assert desk.calls()[0].status == "succeeded"
    assert desk.used().usage == 7


def test_an_end_that_nobody_takes_for_a_minute_waits_in_a_file(desk, monkeypatch, tmp_path):
    desk.model(script=WORDS)
    monkeypatch.setattr(settling, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(settling, "RETRY_FOR_SECONDS", 0.05)
    monkeypatch.setattr(spool, "_folder", lambda: tmp_path)
    settle = ledger.settle

    def away(**_arguments):
        raise OperationalError("the server is gone")

    monkeypatch.setattr(ledger, "settle", away)

    async def read() -> None:
        async with gateway.stream(**desk.wish()) as stream:
            async for _event in stream:
                pass
        while settling._pending:
            await asyncio.sleep(0.05)

    asyncio.run(read())
    (waiting,) = tmp_path.iterdir()
    assert waiting.stat().st_mode & 0o077 == 0
    assert desk.calls()[0].status == "running"

    monkeypatch.setattr(ledger, "settle", settle)
    assert spool.replay() == 1
    assert spool.replay() == 0

    assert list(tmp_path.iterdir()) == []
    assert desk.calls()[0].status == "succeeded"
    assert (desk.used().usage, desk.used().reserved) == (7, 0)


def test_a_file_that_cannot_be_read_is_set_aside(monkeypatch, tmp_path):
    monkeypatch.setattr(spool, "_folder", lambda: tmp_path)
    (tmp_path / "odd.json").write_text("{")

    assert spool.replay() == 0

    assert [path.name for path in tmp_path.iterdir()] == ["odd.unreadable"]


def test_a_provider_that_keeps_failing_is_left_alone_until_somebody_resets_it(desk, monkeypatch):
    monkeypatch.setattr("taishang.gateway.retrying.MAX_RETRIES", 0)
    model = desk.model(script=[{"error": "server", "status": 500}])
    for _ in range(breakers.FAILURES_IN_A_ROW):
        with pytest.raises(CallFailed):
            desk.ask()

    with pytest.raises(CallFailed) as left_alone:
        desk.ask()
    assert left_alone.value.code == "provider_breaker_open"
    assert sum(Scripted.hits.values()) == breakers.FAILURES_IN_A_ROW

    breakers.reset(breakers.name_of(model))
    with pytest.raises(CallFailed) as asked:
        desk.ask()
    assert asked.value.code == "provider_server"


def test_a_key_that_is_rejected_is_not_tried_again_and_its_owner_hears_of_it(desk):
    desk.model(script=[{"error": "auth", "status": 401}], created_by=desk.person.user)

    for _ in range(2):
        with pytest.raises(CallFailed):
            desk.ask()

    assert sum(Scripted.hits.values()) == 1
    with tenancy.user(desk.person.user.id):
        assert Notification.objects.filter(letter="provider_key_rejected").count() == 1


def test_when_costs_are_used_up_the_cheaper_model_answers_and_says_so(desk):
    dear = desk.model("dear", price=("10", "10"))
    desk.alias("@cheap", desk.model("cheap", price=("0", "0")))
    desk.alias("@best", dear, on_quota="@cheap")
    desk.quota(cost_quota=Decimal("0.01"), on_exhaust="degrade")

    answer = desk.ask("@best")

    assert answer.model == "cheap@1"
    assert answer.start.is_degraded
    assert answer.start.note
    assert desk.calls()[0].degraded


def test_when_tokens_are_used_up_only_a_model_outside_the_quotas_answers(desk):
    limited = desk.model("limited")
    own = desk.model("own", quota_exempt=True)
    desk.alias("@best", limited, desk.model("other"), own)
    desk.quota(monthly_quota=1, on_exhaust="degrade")

    assert desk.ask("@best").model == "own@1"
    with pytest.raises(QuotaExceeded):
        desk.ask("limited")
    assert desk.used().usage == 0


def test_without_the_owners_wish_nothing_cheaper_answers(desk):
    dear = desk.model("dear", price=("10", "10"))
    desk.alias("@cheap", desk.model("cheap", price=("0", "0")))
    desk.alias("@best", dear, on_quota="@cheap")
    desk.quota(cost_quota=Decimal("0.01"))

    with pytest.raises(QuotaExceeded):
        desk.ask("@best")

    assert desk.calls() == []
    assert desk.days()[0].refused_requests == 1


def test_owners_hear_once_when_most_of_a_quota_is_used(desk):
    desk.model(script=[{"text": "Hello"}, {"usage": [4000, 100]}, {"done": "stop"}])
    desk.quota(monthly_quota=4990)
    long = ChatPrompt([{"role": "user", "content": "word " * 500}], params={"max_tokens": 100})

    desk.ask(prompt=long)

    with tenancy.user(desk.person.user.id):
        told = list(Notification.objects.values_list("letter", flat=True))
    assert told.count("quota_warning") == 1


def test_forgotten_answers_are_asked_for_anew_and_never_shared(desk):
    desk.model(price=("0", "0"))
    desk.ask(cache=True)
    caching.forget(workspace_id=desk.workspace_id)

    desk.ask(cache=True)

    assert sum(Scripted.hits.values()) == 2


def test_waiting_for_a_place_is_limited_and_in_turn(desk, monkeypatch):
    monkeypatch.setattr("taishang.gateway.places.MAX_WAIT_SECONDS", 0.3)
    desk.model(max_parallel=1, script=[{"text": "Half"}, {"wait": 1}, {"done": "stop"}])

    async def two() -> list:
        one = gateway.stream(**desk.wish())
        await anext(one)
        try:
            await gateway.stream(**desk.wish()).open()
        except QuotaExceeded as refused:
            return [refused.members["scope"], [event async for event in one][-1]]
        return []

    scope, end = asyncio.run(two())

    assert scope == "parallel"
    assert isinstance(end, Ended)


def test_an_error_of_another_thread_never_leaves_a_connection_behind(desk):
    desk.model()
    desk.ask()

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND state = 'idle in transaction'"
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("error_class", list(ErrorClass))
def test_every_class_of_error_is_a_problem_with_a_remedy(error_class):
    problem = problems[f"provider_{error_class}"]
    assert problem.status not in {401, 403}
    assert str(problem.remedy)
