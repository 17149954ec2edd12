"""Days of writing: whose words count, on which day, and what a streak survives."""

from datetime import UTC, date, datetime, timedelta

import time_machine

from accounts import tenancy
from accounts.models import UserSettings
from studio import writing_stats
from studio.drafting import Typed
from studio.models import WritingDay
from tests.studio import rows

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_streak_survives_days_off_and_a_today_that_is_not_over():
    days = {date(2026, 11, 16) + timedelta(days=n): words for n, words in enumerate([9, 9, 0, 9])}

    assert writing_stats._streaks(days, date(2026, 11, 20), frozenset({3})) == (3, 3)
    assert writing_stats._streaks(days, date(2026, 11, 20), frozenset()) == (1, 2)


def test_typed_words_count_on_the_day_of_the_writer_and_never_too_fast(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        UserSettings.objects.filter(user=alice.user).update(timezone="Asia/Shanghai")
        work = rows.work(alice)
        chapter = rows.chapter(work, alice)
        with time_machine.travel(NOON):
            rows.save(chapter, alice, "一" * 900, typed=Typed(typed_words=900, active_seconds=60))
        # 22:00 in London is the next day in Shanghai.
        with time_machine.travel(NOON + timedelta(hours=10)):
            rows.save(chapter, alice, "二" * 9, typed=Typed(typed_words=9000, active_seconds=60))
            rows.save(chapter, alice, "", typed=Typed(pasted_words=7))
        principal = rows.principal(alice)
        now = NOON + timedelta(hours=11)

        shown = writing_stats.standing(principal=principal, now=now)
        today = writing_stats.today(person=alice.user, work=work, now=now)

    assert shown.days == {date(2026, 11, 20): 900, date(2026, 11, 21): 1000}
    assert (shown.today, shown.streak, today.words) == (1000, 2, 1000)


def test_the_sums_of_days_are_rolled_once_and_again(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        work = rows.work(alice)
        chapter = rows.chapter(work, alice)
        rows.save(chapter, alice, "一二三", typed=Typed(typed_words=3, active_seconds=5))

    for _time in range(2):
        writing_stats.roll()

    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        day = WritingDay.objects.get()
    assert (day.typed_words, day.work_id, day.sessions) == (3, work.pk, 1)


def test_a_goal_is_set_and_shown(alice):
    bad = alice.post("/studio/goals/", {"daily_words": "0"})
    saved = alice.post(
        "/studio/goals/", {"daily_words": "800", "days_off": ["6", "7"], "target_words": "90000"}
    )

    assert bad.status_code == 400
    assert saved.status_code == 302
    assert "800" in alice.get("/studio/goals/").content.decode()
    assert alice.get("/studio/goals/days.csv").content.decode().startswith("day,typed_words")
