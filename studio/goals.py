"""What people set out to write, in one work or in all of theirs, and the quiet word when a day's goal is met."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from accounts import news
from accounts.authentication import Principal
from accounts.models import User
from laojun import audit
from studio.models import Work, WritingDay, WritingGoal

LETTER = "writing_goal_met"
FIELDS = ("daily_words", "days_off", "target_words", "deadline_on")


def of(principal: Principal, work: Work | None = None) -> WritingGoal | None:
    """The goal for one work, or that for all."""
    return mine(principal).filter(work=work).first()


def mine(principal: Principal) -> QuerySet[WritingGoal]:
    """One's goals, but those for works that one no longer sees."""
    seen = Work.objects.visible_to(principal).values("pk")
    rows = WritingGoal.objects.visible_to(principal)
    return rows.filter(work__isnull=True) | rows.filter(work__in=seen)


def put(
    *, principal: Principal, wishes: Mapping[str, Any], work: Work | None = None
) -> WritingGoal:
    """Set out to something. `wishes` are all of `FIELDS`."""
    goal, _made = WritingGoal.objects.update_or_create(
        workspace_id=principal.workspace_id,
        user=principal.user,
        work=work,
        defaults={name: wishes.get(name) for name in FIELDS} | {"days_off": wishes["days_off"]},
    )
    audit.record(
        actor=principal,
        action="writing_goal.set",
        target=("writing_goal", goal.pk),
        after={"daily_words": goal.daily_words, "target_words": goal.target_words},
    )
    return goal


class Crossings:
    """Goals of today that the new sums of days reach and the stored ones did not. Runs across workspaces."""

    def __init__(self, rows: Iterable[WritingDay], today: Mapping[UUID, date]) -> None:
        self._after = [row for row in rows if today.get(row.user_id) == row.day]
        people = {row.user_id for row in self._after}
        stored = WritingDay.objects.filter(user__in=people, day__in=set(today.values()))
        self._before = [row for row in stored if today.get(row.user_id) == row.day]

    def tell(self) -> int:
        """Tell each person once; answers how many goals were met."""
        before, after = _sums(self._before), _sums(self._after)
        people = {user_id for user_id, _workspace, _work in after}
        goals = WritingGoal.objects.filter(user__in=people, daily_words__isnull=False)
        met = 0
        for goal in goals.select_related("user"):
            key = goal.user_id, goal.workspace_id, goal.work_id
            if before.get(key, 0) < (goal.daily_words or 0) <= after.get(key, 0):
                _tell(goal, goal.user, after[key])
                met += 1
        return met


def _sums(rows: Iterable[WritingDay]) -> dict[tuple[UUID, int, UUID | None], int]:
    """Typed words of each person, in each work and in all works of the workspace."""
    found = defaultdict[tuple[UUID, int, UUID | None], int](int)
    for row in rows:
        for work in (row.work_id, None):
            found[row.user_id, row.workspace_id, work] += row.typed_words
    return dict(found)


def _tell(goal: WritingGoal, person: User, words: int) -> None:
    """In the application alone: nobody wants a letter for this."""
    news.note(
        LETTER,
        user=person,
        link=("studio_goals", goal.work_id or ""),
        workspace_id=goal.workspace_id,
        dedup_key=f"goal:{goal.pk}",
        words=words,
    )


def today_of(zones: Mapping[UUID, Any], now: datetime) -> dict[UUID, date]:
    return {person: now.astimezone(zone).date() for person, zone in zones.items()}
