"""One call: what the caller hears, what the row says, what is charged."""

import asyncio
from decimal import Decimal

import pytest
from django.db import connection, transaction

from laojun.audit import Actor
from taishang import gateway
from taishang.gateway import cancelling
from taishang.gateway.events import Ended, Failed, Start, Stopped, Text, Usage
from taishang.gateway.refusals import CallFailed, CapabilityMissing, NetworkInTransaction
from taishang.models import ModelCall
from taishang.providers.base import ChatPrompt
from taishang.providers.scripted import Scripted


def test_an_answer_is_billed_to_the_last_digit(desk):
    desk.model(price=("0.002", "0.006"))

    answer = desk.ask()

    assert (answer.text, answer.finish_reason) == ("Hello world", "stop")
    (call,) = desk.calls()
    assert call.status == ModelCall.Status.SUCCEEDED
    assert (call.input_tokens, call.output_tokens, call.usage_source) == (5, 2, "provider")
    assert call.cost == answer.cost == Decimal("0.0000220000")
    assert call.partial_text == ""


def test_calls_days_and_quota_agree(desk):
    desk.model(price=("0.002", "0.006"))

    for _ in range(3):
        desk.ask()

    (day,) = desk.days()
    quota = desk.used()
    assert day.total_requests == 3
    assert day.total_input_tokens + day.total_output_tokens == quota.usage == 21
    assert day.total_cost == quota.cost_usage == Decimal("0.0000660000")
    assert (quota.reserved, quota.cost_reserved, quota.running) == (0, 0, 0)
    assert day.by_type["test"]["requests"] == 3
    assert day.by_type["test"]["cost"] == "0.0000660000"


def test_a_stream_says_who_answers_then_ends_once(desk):
    desk.model()

    events = desk.hear()

    assert [type(event) for event in events] == [Start, Text, Text, Usage, Ended]
    assert events[0].model == "clerk@1"
    assert events[0].call_id == desk.calls()[0].id


def test_a_model_without_a_price_costs_the_unknown(desk):
    desk.model()

    answer = desk.ask()

    assert answer.cost is None
    (day,) = desk.days()
    assert (day.total_cost, day.unknown_cost_calls) == (0, 1)


def test_nothing_is_called_inside_a_transaction(desk):
    desk.model()

    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        desk.ask()
    with transaction.atomic(), pytest.raises(NetworkInTransaction):
        gateway.stream(**desk.wish())

    assert desk.calls() == []


@pytest.mark.parametrize(
    ("script", "error_class", "billed"),
    [
        ([{"text": "Half"}, {"error": "server", "status": 500}], "server", True),
        ([{"text": "Half"}, {"raise": "boom"}], "unknown", True),
        ([{"text": "Half"}], "protocol", True),
        ([], "protocol", False),
        ([{"error": "bad_request", "status": 400}], "bad_request", False),
    ],
)
def test_what_arrived_before_a_fault_is_billed(desk, script, error_class, billed):
    desk.model(script=script)

    events = desk.hear()

    assert isinstance(events[-1], Failed)
    assert events[-1].code == f"provider_{error_class}"
    assert sum(isinstance(event, Ended | Failed) for event in events) == 1
    (call,) = desk.calls()
    assert (call.status, call.error_class) == ("failed", error_class)
    assert bool(call.output_tokens) is billed
    assert desk.used().reserved == 0
    # What has begun to answer is never asked again.
    assert sum(Scripted.hits.values()) == 1


def test_a_fault_before_the_first_word_is_tried_again(desk, monkeypatch):
    monkeypatch.setattr("taishang.gateway.retrying.FIRST_PAUSE_SECONDS", 0.01)
    desk.model(script=[{"error": "server", "status": 500}])

    with pytest.raises(CallFailed) as failed:
        desk.ask()

    assert failed.value.code == "provider_server"
    (call,) = desk.calls()
    assert call.tries == 3
    assert Scripted.hits[desk.calls()[0].asked_for and f"clerk-{desk.workspace_id}"] == 3


def test_another_model_answers_for_one_that_fails(desk, monkeypatch):
    monkeypatch.setattr("taishang.gateway.retrying.FIRST_PAUSE_SECONDS", 0.01)
    broken = desk.model("broken", script=[{"error": "provider_quota", "status": 429}])
    desk.alias("@fast", broken, desk.model("spare"))

    events = desk.hear("@fast")

    assert events[0].model == "spare@1"
    first, second = desk.calls()
    assert events[0].fallback_of == second.fallback_of == first.id
    assert (first.status, second.status) == ("failed", "succeeded")


def test_whoever_asked_hears_of_the_last_call_alone(desk, monkeypatch):
    monkeypatch.setattr("taishang.gateway.retrying.MAX_RETRIES", 0)
    script = [{"error": "provider_quota", "status": 429}]
    broken, also = desk.model("broken", script=script), desk.model("also", script=script)
    desk.alias("@fast", broken, desk.model("spare"))
    desk.alias("@bad", broken, also)
    heard = []

    def take(call, text):
        heard.append((call.status, text))

    desk.hear("@fast", on_finish=take)
    desk.hear("@bad", on_finish=take)

    assert heard == [("succeeded", "Hello world"), ("failed", "")]


def test_no_other_model_answers_for_a_bad_request(desk):
    broken = desk.model("broken", script=[{"error": "bad_request", "status": 400}])
    desk.alias("@fast", broken, desk.model("spare"))

    assert isinstance(desk.hear("@fast")[-1], Failed)

    assert len(desk.calls()) == 1


def test_what_a_model_cannot_do_is_refused_before_any_network(desk):
    desk.model(supports_vision=False)
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}

    with pytest.raises(CapabilityMissing):
        desk.ask(prompt=ChatPrompt([{"role": "user", "content": [picture]}]))

    assert desk.calls() == []
    assert not Scripted.hits


def test_an_absurd_count_of_the_provider_is_not_billed(desk):
    desk.model(script=[{"text": "Hello"}, {"usage": [900000, 900000]}, {"done": "stop"}])

    desk.ask()

    (call,) = desk.calls()
    assert call.usage_source in {"tokenizer", "estimate"}
    assert call.input_tokens < 50
    assert call.params["provider_count_refused"] is True


def test_an_equal_question_is_answered_from_memory(desk):
    desk.model(price=("1", "1"))

    first, second = (desk.ask(cache=True) for _ in range(2))

    assert first.text == second.text
    assert second.start.is_cached
    assert sum(Scripted.hits.values()) == 1
    hit = desk.calls()[1]
    assert (hit.is_cached, hit.input_tokens, hit.cost) == (True, 0, 0)
    assert desk.days()[0].cached_requests == 1


def test_on_finish_runs_in_the_transaction_that_settles(desk):
    desk.model()
    taken = []

    def take(call, text):
        assert transaction.get_connection().in_atomic_block
        taken.append((call.status, text))

    desk.ask(on_finish=take, subject=("chapter", "1"))

    assert taken == [("succeeded", "Hello world")]


def test_a_caller_that_cannot_take_its_answer_is_charged_all_the_same(desk):
    desk.model()

    def take(call, text):
        raise RuntimeError("no room")

    desk.ask(on_finish=take)

    assert desk.calls()[0].status == "succeeded"
    assert desk.used().usage == 7


def test_a_person_stops_a_call_and_pays_for_what_arrived(desk):
    desk.model(script=[{"text": "Half"}, {"hang": True}])

    async def read() -> list:
        async with gateway.stream(**desk.wish(subject=("chapter", "7"))) as stream:
            heard = [await anext(stream), await anext(stream)]
            await asyncio.to_thread(stop)
            return [*heard, *[event async for event in stream]]

    def stop():
        with desk.inside():
            cancelling.cancel(call=ModelCall.objects.get(), by=Actor.system("test"))
        connection.close()

    events = asyncio.run(read())

    assert isinstance(events[-1], Stopped)
    (call,) = desk.calls()
    assert (call.status, call.partial_text, call.output_tokens) == ("cancelled", "Half", 2)
    assert desk.used().usage == call.total_tokens
    assert not +Scripted.open


def test_whoever_leaves_a_stream_pays_for_what_arrived(desk):
    desk.model(script=[{"text": "one "}, {"text": "two "}, {"hang": True}])

    async def read_and_leave() -> None:
        stream = gateway.stream(**desk.wish())
        async for event in stream:
            if isinstance(event, Text):
                break
        await stream.aclose()

    asyncio.run(read_and_leave())

    (call,) = desk.calls()
    assert (call.status, desk.used().reserved) == ("cancelled", 0)
    assert not +Scripted.open


def test_a_stream_that_was_opened_and_never_read_costs_nothing(desk):
    desk.model()

    async def open_and_leave() -> None:
        stream = await gateway.stream(**desk.wish()).open()
        await stream.aclose()

    asyncio.run(open_and_leave())

    assert (desk.calls()[0].status, desk.used().usage, desk.used().reserved) == ("cancelled", 0, 0)
    assert not Scripted.hits


def test_a_task_that_is_cancelled_stops_its_call(desk):
    desk.model(script=[{"text": "Half"}, {"hang": True}])

    class Wanted(Exception):
        pass

    def watch():
        if desk.calls() and Scripted.hits:
            raise Wanted

    with pytest.raises(Wanted):
        desk.ask(watch=watch)

    assert desk.calls()[0].status == "cancelled"
