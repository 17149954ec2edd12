"""One's writing: goals, days, streaks. Nobody else's."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar
from uuid import UUID

from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, field_error
from accounts.web.serializers import Serializer
from studio import goals, writing_stats
from studio.api.base import StudioView
from studio.models import Work

WORK = OpenApiParameter("work", OpenApiTypes.UUID, description="In this work alone.")


class WritingGoalIn(Serializer):
    """All of a goal; what is left out is not aimed at. `work` null means all works, `days_off` ISO weekdays 1–7."""

    work = serializers.UUIDField(required=False, allow_null=True, default=None)
    daily_words = serializers.IntegerField(
        min_value=1, max_value=100_000, required=False, allow_null=True, default=None
    )
    days_off = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=7),
        max_length=7,
        required=False,
        default=list,
    )
    target_words = serializers.IntegerField(
        min_value=1, max_value=100_000_000, required=False, allow_null=True, default=None
    )
    deadline_on = serializers.DateField(required=False, allow_null=True, default=None)


class WritingGoalOut(serializers.Serializer):
    work = serializers.UUIDField(source="work_id", allow_null=True)
    daily_words = serializers.IntegerField(allow_null=True)
    days_off = serializers.ListField(child=serializers.IntegerField())
    target_words = serializers.IntegerField(allow_null=True)
    deadline_on = serializers.DateField(allow_null=True)


class WritingGoalsOut(serializers.Serializer):
    goals = WritingGoalOut(many=True)


class WritingDayOut(serializers.Serializer):
    day = serializers.DateField()
    words = serializers.IntegerField()


class WritingOut(serializers.Serializer):
    """Typed words (字数); `speed` words an hour of the last 30 days; `days` of 53 weeks, the oldest first."""

    today = serializers.IntegerField()
    week = serializers.IntegerField()
    streak = serializers.IntegerField()
    longest = serializers.IntegerField()
    speed = serializers.IntegerField()
    goal = serializers.IntegerField(allow_null=True)
    per_day = serializers.IntegerField(allow_null=True)
    days = WritingDayOut(many=True)


class GoalView(StudioView):
    def work_named(self, number: UUID | None) -> Work | None:
        if number is None:
            return None
        found = Work.objects.visible_to(self.principal).filter(pk=number).first()
        if found is None:
            raise Invalid([field_error("work", "does_not_exist", _("There is no such work."))])
        return found


class WritingGoals(GoalView):
    required_permissions: ClassVar = {"GET": "work.view", "PUT": "work.view"}

    @extend_schema(responses=WritingGoalsOut)
    def get(self, request: Request) -> Response:
        """What you set out to write."""
        return Response(self.shown({"goals": goals.mine(self.principal)}, WritingGoalsOut))

    @extend_schema(request=WritingGoalIn, responses=WritingGoalOut)
    def put(self, request: Request) -> Response:
        """Set out to write so much a day, or by a day; one goal for each work and one for all."""
        given: dict[str, Any] = self.read(WritingGoalIn)
        if given["deadline_on"] and not given["target_words"]:
            message = _("A day to be ready by needs the words in all.")
            raise Invalid([field_error("target_words", "required", message)])
        work = self.work_named(given.pop("work"))
        goal = goals.put(principal=self.principal, wishes=given, work=work)
        return Response(self.shown(goal, WritingGoalOut))


class Writing(GoalView):
    required_permissions: ClassVar = {"GET": "work.view"}
    query_parameters = frozenset({"work"})

    @extend_schema(parameters=[WORK], responses=WritingOut)
    def get(self, request: Request) -> Response:
        """How much you write: today, the week, the streak, every day of a year."""
        work = self.work_named(_uuid(request.GET.get("work")))
        found = writing_stats.standing(principal=self.principal, now=timezone.now(), work=work)
        days = [{"day": day, "words": words} for day, words in sorted(found.days.items())]
        return Response(self.shown({**asdict(found), "days": days}, WritingOut))


def _uuid(given: str | None) -> UUID | None:
    try:
        return UUID(given) if given else None
    except ValueError as error:
        raise Invalid([field_error("work", "invalid", _("This is no id."))]) from error
