"""Many calls at once: exactly as many as there is room for, one end each, nothing left behind."""

import asyncio
import random
from collections import Counter
from decimal import Decimal

import pytest
from django.db.models import Sum

from taishang import gateway
from taishang.gateway.answers import whole
from taishang.gateway.events import Ended, Failed, Start, Stopped, Text
from taishang.gateway.refusals import CallFailed
from taishang.models import ModelCall
from taishang.providers import scripted
from taishang.providers.errors import ErrorClass, ProviderError
from taishang.providers.scripted import Scripted
from taishang.quotas.reserving import QuotaExceeded

HELD = [{"held": True}, {"text": "Hello"}, {"usage": [5, 2]}, {"done": "stop"}]


@pytest.fixture
def refusals(monkeypatch) -> Counter:
    """Those who were refused; answers are held back until the others have arrived."""
    played, refused = scripted._played, Counter()

    async def held(step):
        while "held" in step and sum(Scripted.hits.values()) + refused.total() < 200:
            await asyncio.sleep(0.02)
        return await played(step)

    monkeypatch.setattr(scripted, "_played", held)
    return refused


def crowd(desk, number: int, refused: Counter | None = None) -> Counter:
    """What became of so many equal calls at once. Refusals are also counted as they happen."""

    async def one() -> str:
        try:
            await whole(gateway.stream(**desk.wish()))
        except QuotaExceeded as error:
            if refused is not None:
                refused["here"] += 1
            return f"refused by {error.members['scope']}, {'for good' if not error.members['resets_at'] else 'for now'}"
        except CallFailed as error:
            return error.code
        return "answered"

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(one() for _ in range(number)))

    return Counter(asyncio.run(all_of_them()))


def agree(desk) -> None:
    """Calls, days and quota say the same, and nothing is held."""
    with desk.inside():
        sums = ModelCall.objects.aggregate(
            tokens=Sum("input_tokens") + Sum("output_tokens"), cost=Sum("cost")
        )
    days, quota = desk.days(), desk.used()
    assert sum(day.total_input_tokens + day.total_output_tokens for day in days) == sums["tokens"]
    assert quota.usage == sums["tokens"]
    assert sum(day.total_cost for day in days) == quota.cost_usage == sums["cost"]
    assert (quota.reserved, quota.cost_reserved, quota.running) == (0, 0, 0)


@pytest.mark.parametrize("is_born", [True, False])
def test_of_200_calls_20_reach_the_provider_when_there_is_room_for_20(
    desk, is_born, refusals, monkeypatch
):
    desk.model(price=("0.002", "0.006"), script=HELD)
    needed = gateway.estimate(**desk.wish())
    per_call = int(needed.input_tokens * 1.1 + 1) + 16 + needed.most_output_tokens
    room = 20 * per_call + per_call // 2
    if is_born:
        desk.quota(monthly_quota=room)
    else:
        monkeypatch.setattr("taishang.quotas.plans.first_tokens", lambda: room)

    outcome = crowd(desk, 200, refusals)

    assert outcome == {"answered": 20, "refused by workspace, for now": 180}
    assert sum(Scripted.hits.values()) == 20
    assert sum(day.refused_requests for day in desk.days()) == 180
    assert len(desk.calls()) == 20
    agree(desk)


def test_when_every_third_fails_the_sums_still_agree(desk, monkeypatch):
    desk.model(price=("0.002", "0.006"))
    desk.quota(cost_quota=Decimal(10))
    played, numbers = scripted._played, iter(range(10**6))

    async def moody(step):
        if "usage" in step and next(numbers) % 3 == 0:
            raise ProviderError(ErrorClass.SERVER, "moody", http_status=500)
        return await played(step)

    monkeypatch.setattr(scripted, "_played", moody)

    outcome = crowd(desk, 60)

    assert outcome == {"answered": 40, "provider_server": 20}
    agree(desk)


MISCHIEF = [
    {"raise": "boom"},
    {"error": "server", "status": 500},
    {"error": "rate_limited", "status": 429, "retry_after": 0.01},
    {"error": "protocol"},
    {"wait": 0.3},
]


def test_500_calls_of_a_provider_that_misbehaves_have_one_end_each(desk, monkeypatch):
    monkeypatch.setattr("taishang.gateway.retrying.FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr("taishang.gateway.breakers.FAILURES_IN_A_ROW", 10**6)
    monkeypatch.setattr("taishang.gateway.breakers.WINDOW_CALLS", 10**6)
    desk.model(first_token_timeout_s=1, idle_timeout_s=1, max_parallel=100)
    played, dice = scripted._played, random.Random(5)
    again_after_a_word = []

    async def moody(step):
        if dice.random() < 0.1:
            return await played(dice.choice(MISCHIEF))
        return await played(step)

    monkeypatch.setattr(scripted, "_played", moody)

    async def one() -> list:
        async with gateway.stream(**desk.wish()) as stream:
            return [event async for event in stream]

    async def all_of_them() -> list[list]:
        room = asyncio.Semaphore(100)

        async def in_turn() -> list:
            async with room:
                return await one()

        return await asyncio.gather(*(in_turn() for _ in range(500)))

    heard = asyncio.run(all_of_them())

    for events in heard:
        ends = [event for event in events if isinstance(event, Ended | Failed | Stopped)]
        assert len(ends) == 1
        assert events[-1] is ends[0]
        assert sum(isinstance(event, Start) for event in events) == 1
        if sum(isinstance(event, Text) for event in events) > 2:
            again_after_a_word.append(events)
    assert not again_after_a_word
    calls = desk.calls()
    assert len(calls) == 500
    assert not [call for call in calls if call.is_live]
    assert {call.status for call in calls} == {"succeeded", "failed"}
    assert not +Scripted.open


def test_whoever_leaves_at_a_random_word_pays_for_what_arrived(desk):
    words = [{"text": f"word{number} "} for number in range(40)]
    desk.model(script=[*words[:20], {"wait": 0.2}, *words[20:], {"hang": True}], max_parallel=100)
    dice = random.Random(7)

    async def one(leave_after: int) -> str:
        heard = ""
        stream = gateway.stream(**desk.wish(subject=("chapter", str(leave_after))))
        async for event in stream:
            if isinstance(event, Text):
                heard += event.text
                if heard.count(" ") == leave_after:
                    break
        await stream.aclose()
        return heard

    async def all_of_them() -> list[str]:
        return await asyncio.gather(*(one(dice.randint(1, 39)) for _ in range(100)))

    heard = asyncio.run(all_of_them())

    calls = desk.calls()
    assert {call.status for call in calls} == {"cancelled"}
    kept = Counter(call.partial_text for call in calls)
    # What was received is a beginning of what was kept and billed: the rest was on its way.
    for text in heard:
        assert any(whole_text.startswith(text) for whole_text in kept)
    assert all(call.output_tokens > 0 for call in calls)
    assert desk.used().reserved == desk.used().running == 0
    assert not +Scripted.open
