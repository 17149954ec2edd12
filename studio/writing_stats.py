"""How much somebody writes: days, streaks, goals. Only typed words count; a day is one of the writer's time zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from accounts import tenancy
from accounts.authentication import Principal
from accounts.models import User, UserSettings
from studio import goals
from studio.models import ChapterSave, Work, WritingDay, WritingGoal

# Nobody types faster; what a program claims beyond it does not count.
MOST_A_MINUTE = 1000
SESSION_GAP = timedelta(minutes=30)
ROLLED_DAYS = 3
YEAR_DAYS = 53 * 7
SPEED_DAYS = 30
LEAST_SECONDS = 600
COUNTED = ("typed_words", "pasted_words", "ai_words", "deleted_words", "active_seconds", "sessions")
FACTS = (
    "workspace_id",
    "user_id",
    "chapter__work_id",
    "created_at",
    "typed_words",
    "pasted_words",
    "ai_words",
    "words_delta",
    "active_seconds",
)


@dataclass(frozen=True)
class Today:
    """What one typed today, and what one set out to."""

    words: int
    goal: int | None


@dataclass
class Standing:
    """Everything that the page of goals shows. Words of each day of a year, oldest first; seconds are active ones."""

    today: int
    week: int
    streak: int
    longest: int
    speed: int
    goal: int | None
    per_day: int | None
    days: dict[date, int] = field(default_factory=dict)


def today(*, person: User, work: Work, now: datetime) -> Today:
    """In one work, with the goal for it or for all of them. Three queries."""
    zone = zone_of(person)
    start = datetime.combine(now.astimezone(zone), datetime.min.time(), zone)
    rows = ChapterSave.objects.filter(user=person, chapter__work=work, created_at__gte=start)
    words = sum(_typed(*facts) for facts in rows.values_list("typed_words", "active_seconds"))
    goals = WritingGoal.objects.filter(workspace_id=work.workspace_id, user=person)
    daily: dict[UUID | None, int | None] = dict(
        goals.filter(daily_words__isnull=False).values_list("work_id", "daily_words")
    )
    return Today(words, daily.get(work.pk) or daily.get(None))


def standing(*, principal: Principal, now: datetime, work: Work | None = None) -> Standing:
    """Of one person in one workspace, in one work or over all."""
    person = principal.user
    if person is None:
        raise ValueError(principal)
    here = now.astimezone(zone_of(person)).date()
    days, seconds = _days(person, principal.workspace_id, here, now, work)
    goal = goals.of(principal, work)
    off = frozenset(goal.days_off) if goal else frozenset[int]()
    streak, longest = _streaks(days, here, off)
    recent = [here - timedelta(days=n) for n in range(SPEED_DAYS)]
    active = sum(seconds.get(day, 0) for day in recent)
    return Standing(
        today=days.get(here, 0),
        week=sum(days.get(here - timedelta(days=n), 0) for n in range(here.weekday() + 1)),
        streak=streak,
        longest=longest,
        speed=_speed(sum(days.get(day, 0) for day in recent), active),
        goal=goal.daily_words if goal else None,
        per_day=_per_day(goal, _written(principal, work), here, off) if goal else None,
        days=days,
    )


def roll(*, now: datetime | None = None) -> int:
    """Sum the ledger of the last days; answers how many rows of days there are for them. Runs across workspaces."""
    now = now or datetime.now(UTC)
    start = now - timedelta(days=ROLLED_DAYS)
    with tenancy.platform_scope(reason="studio.roll_writing_days"):
        facts = list(
            ChapterSave.objects.filter(created_at__gte=start, user__isnull=False)
            .order_by("created_at")
            .values_list(*FACTS)
        )
        zones = _zones({row[1] for row in facts})
        rows = _rolled(facts, zones, start)
        crossings = goals.Crossings(rows, goals.today_of(zones, now))
        WritingDay.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["user", "work", "day"],
            update_fields=[*COUNTED, "updated_at"],
        )
        crossings.tell()
    return len(rows)


def zone_of(person: User) -> ZoneInfo:
    return _zones({person.pk})[person.pk]


def _zones(people: Iterable[UUID]) -> dict[UUID, ZoneInfo]:
    named = dict(UserSettings.objects.filter(user__in=people).values_list("user_id", "timezone"))
    return {pk: ZoneInfo(named.get(pk) or "UTC") for pk in people}


def _rolled(
    facts: list[tuple[Any, ...]], zones: dict[UUID, ZoneInfo], start: datetime
) -> list[WritingDay]:
    """One row for each person, work and day that began after `start`: of an earlier one a part is missing."""
    found: dict[tuple[UUID, UUID, date], WritingDay] = {}
    last: dict[tuple[UUID, UUID, date], datetime] = {}
    for workspace, user, work, at, typed, pasted, ai, delta, seconds in facts:
        local = at.astimezone(zones[user])
        if datetime.combine(local, datetime.min.time(), zones[user]) < start:
            continue
        key = user, work, local.date()
        row = found.setdefault(
            key, WritingDay(workspace_id=workspace, user_id=user, work_id=work, day=key[2])
        )
        row.typed_words += _typed(typed, seconds)
        row.pasted_words += pasted
        row.ai_words += ai
        row.deleted_words += max(0, -delta)
        row.active_seconds += seconds
        row.sessions += key not in last or at - last[key] > SESSION_GAP
        last[key] = at
    return list(found.values())


def _typed(words: int, seconds: int) -> int:
    return min(words, MOST_A_MINUTE * max(seconds, 60) // 60)


def _days(
    person: User, workspace_id: int | None, here: date, now: datetime, work: Work | None
) -> tuple[dict[date, int], dict[date, int]]:
    """Words and active seconds of each day: sums of the days, and of the ledger where the sums may be behind."""
    words, seconds = defaultdict[date, int](int), defaultdict[date, int](int)
    fresh = here - timedelta(days=1)
    summed = WritingDay.objects.filter(
        workspace_id=workspace_id,
        user=person,
        day__gt=here - timedelta(days=YEAR_DAYS),
        day__lt=fresh,
        **({"work": work} if work else {}),
    )
    for day, typed, active in summed.values_list("day", "typed_words", "active_seconds"):
        words[day] += typed
        seconds[day] += active
    zone = zone_of(person)
    start = datetime.combine(fresh, datetime.min.time(), zone)
    ledger = ChapterSave.objects.filter(
        workspace_id=workspace_id,
        user=person,
        created_at__range=(start, now),
        **({"chapter__work": work} if work else {}),
    )
    for at, typed, active in ledger.values_list("created_at", "typed_words", "active_seconds"):
        day = at.astimezone(zone).date()
        words[day] += _typed(typed, active)
        seconds[day] += active
    return dict(words), dict(seconds)


def _streaks(days: dict[date, int], here: date, off: frozenset[int]) -> tuple[int, int]:
    """The present run of days with words and the longest one. A day off breaks none; today still may come."""
    run = longest = 0
    first = min((day for day, words in days.items() if words), default=here)
    for number in range((here - first).days + 1):
        day = first + timedelta(days=number)
        if days.get(day, 0):
            run += 1
        elif day.isoweekday() not in off and day != here:
            run = 0
        longest = max(longest, run)
    return run, longest


def _speed(words: int, seconds: int) -> int:
    """Words an hour; of a few minutes nothing can be said."""
    return round(words * 3600 / seconds) if seconds >= LEAST_SECONDS else 0


def _written(principal: Principal, work: Work | None) -> int:
    """Words of the work, or of all that one owns."""
    if work is not None:
        return work.total_words
    rows = Work.objects.alive().filter(workspace_id=principal.workspace_id, user=principal.user)
    return sum(rows.values_list("total_words", flat=True))


def _per_day(goal: WritingGoal, written: int, here: date, off: frozenset[int]) -> int | None:
    """Words a working day from now on, so that the target is met in time."""
    if goal.target_words is None or goal.deadline_on is None or goal.deadline_on < here:
        return None
    left = goal.target_words - written
    span = (goal.deadline_on - here).days + 1
    working = sum((here + timedelta(days=n)).isoweekday() not in off for n in range(span))
    return max(0, -(-left // max(working, 1)))
