"""One sliding window, two engines that judge alike."""

import random

import pytest
from django.core.cache import cache

from accounts import windows
from accounts.windows import Window

pytestmark = pytest.mark.django_db
MINUTE_MS = 60_000
START_MS = 1_790_000_000_123


def window(limit: int = 20, length_ms: int = MINUTE_MS, name: str = "upload") -> Window:
    return Window(name, "user:someone", limit, length_ms)


def trace(seed: int, hits: int) -> list[int]:
    """Moments in ms: bursts, pauses, silence longer than the window, and a clock that goes back."""
    chance = random.Random(seed)
    now, moments = START_MS, []
    for _hit in range(hits):
        roll = chance.random()
        if roll < 0.7:
            now += chance.randrange(0, 400)
        elif roll < 0.97:
            now += chance.randrange(400, 6_000)
        elif roll < 0.99:
            now += chance.randrange(60_000, 200_000)
        else:
            now -= chance.randrange(0, 2_500)
        moments.append(now)
    return moments


def test_a_trace_of_ten_thousand_hits_is_judged_alike():
    for place, now_ms in enumerate(trace(5, 10_000)):
        in_redis = windows.hit_redis(window(), now_ms=now_ms)
        in_database = windows.hit_database(window(), now_ms=now_ms)
        assert in_redis == in_database, (place, now_ms)


def test_no_interval_of_the_windows_length_holds_more_than_the_limit():
    free = [now for now in trace(11, 3_000) if windows.hit_redis(window(), now_ms=now).allowed]
    free.sort()

    assert len(free) > 200
    for first, last in zip(free, free[20:], strict=False):
        assert last - first >= MINUTE_MS


@pytest.mark.parametrize("hit", [windows.hit_redis, windows.hit_database])
def test_a_refused_call_is_told_when_the_next_is_free(hit):
    for _time in range(20):
        assert hit(window(), now_ms=START_MS).allowed

    refused = hit(window(), now_ms=START_MS + 10_000)

    assert (refused.allowed, refused.used) == (False, 20)
    assert not hit(window(), now_ms=START_MS + 10_000 + refused.reset_ms - 1).allowed
    assert hit(window(), now_ms=START_MS + 10_000 + refused.reset_ms).allowed


@pytest.mark.parametrize("hit", [windows.hit_redis, windows.hit_database])
def test_a_lowered_limit_holds_for_what_is_counted_already(hit):
    for number in range(10):
        hit(window(), now_ms=START_MS + number * 3_000)

    refused = hit(window(limit=5), now_ms=START_MS + 30_000)

    assert not refused.allowed
    assert not hit(window(limit=5), now_ms=START_MS + 30_000 + refused.reset_ms - 1).allowed
    assert hit(window(limit=5), now_ms=START_MS + 30_000 + refused.reset_ms).allowed


@pytest.mark.parametrize("hit", [windows.hit_redis, windows.hit_database])
def test_an_engine_that_knows_nothing_starts_from_what_the_other_counted(hit):
    count = hit(window(), floor=15, now_ms=START_MS)

    assert (count.allowed, count.used) == (True, 16)


def test_a_second_process_raises_the_start_by_what_it_has_seen_more():
    windows.hit_database(window(), floor=3, now_ms=START_MS)

    count = windows.hit_database(window(), floor=15, now_ms=START_MS)

    assert count.used == 17


def test_what_the_database_counted_is_added_to_redis():
    for _time in range(4):
        windows.hit_redis(window())

    assert windows.add_to_redis(window(), floor=2, number=3)

    assert windows.hit_redis(window()).used == 8


def test_looking_counts_nothing():
    windows.hit_redis(window())

    for _time in range(3):
        found = windows.look_redis([window(), window(name="export")])

    assert [count.used for count in found] == [1, 0]
    assert cache.has_key(f"rl:{window().key}")
