"""Lanes, schedules and workers in the console."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from cronsim import CronSim, CronSimError
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts.web.console import may_act
from laojun import audit
from laojun.audit import Target
from taishang import board, schedules, steering
from taishang.admin.console import OperatorAdmin, actor, ask, in_scope
from taishang.kinds import UnknownKind
from taishang.models import Lane, Schedule, Worker

# How many tasks each lane of the list at hand holds back, counted once per page.
_waiting: ContextVar[dict[int, int]] = ContextVar("lanes_waiting")


class LaneForm(forms.ModelForm):
    queue = forms.ChoiceField(label=gettext_lazy("queue"))

    class Meta:
        model = Lane
        fields = ("workspace", "queue", "max_running", "max_queued", "weight")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = [(name, name) for name in settings.TASK_QUEUES]
        self.fields["queue"].choices = [*names, ("*", gettext_lazy("all queues"))]  # type: ignore[attr-defined]


@admin.register(Lane)
class LaneAdmin(OperatorAdmin):
    icon = "linear_scale"
    form = LaneForm
    list_display = (
        "queue",
        "workspace",
        "max_running",
        "max_queued",
        "weight",
        "is_running",
        "shown_waiting",
    )
    list_filter = ("queue",)
    list_select_related = ("workspace",)
    actions = ("pause", "resume")
    readonly_fields = ("paused_at", "paused_reason")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return may_act(self, request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may_act(self, request)

    @in_scope
    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        held = board.who_waits(timezone.now())
        _waiting.set({row["lane"].pk: row["waiting"] for row in held})
        return super().changelist_view(request, extra_context)

    @in_scope
    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        return super().delete_view(request, object_id, extra_context)

    def save_model(self, request: HttpRequest, obj: Lane, form: Any, change: Any) -> None:
        before = Lane.objects.filter(pk=obj.pk).values(*LaneForm.Meta.fields).first()
        super().save_model(request, obj, form, change)
        audit.record(
            actor=actor(request),
            action="lane.change",
            target=Target("lane", f"{obj.queue}:{obj.workspace_id or '*'}", platform=True),
            before=before,
            after={name: form.cleaned_data.get(name) for name in ("max_running", "weight")},
        )

    @admin.action(description=gettext_lazy("Pause"))
    def pause(self, request: HttpRequest, rows: models.QuerySet[Lane]) -> HttpResponse | None:
        effect = _("Nothing more starts in these lanes until they are resumed; what runs goes on.")
        question = ask(request, self, action="pause", effect=effect, rows=rows)
        if question is None:
            for lane in rows:
                steering.pause(
                    queue_name=lane.queue, workspace_id=lane.workspace_id, by=actor(request)
                )
        return question

    @admin.action(description=gettext_lazy("Resume"))
    def resume(self, request: HttpRequest, rows: models.QuerySet[Lane]) -> None:
        for lane in rows:
            steering.resume(
                queue_name=lane.queue, workspace_id=lane.workspace_id, by=actor(request)
            )

    @display(description=gettext_lazy("running"), boolean=True)
    def is_running(self, lane: Lane) -> bool:
        return lane.paused_at is None

    @display(description=gettext_lazy("waiting"))
    def shown_waiting(self, lane: Lane) -> int:
        return _waiting.get().get(lane.pk, 0)


class ScheduleForm(forms.ModelForm):
    class Meta:
        model = Schedule
        fields = ("override_cron", "enabled")

    def clean_override_cron(self) -> str:
        """Five cron fields, or nothing for the declared times."""
        text = self.cleaned_data["override_cron"].strip()
        if text:
            try:
                CronSim(text, timezone.now())
            except CronSimError as error:
                raise ValidationError(_("Write five cron fields, such as 40 3 * * *.")) from error
        return text


@admin.register(Schedule)
class ScheduleAdmin(OperatorAdmin):
    icon = "schedule"
    form = ScheduleForm
    list_display = (
        "name",
        "rhythm",
        "enabled",
        "next_due_at",
        "last_due_at",
        "last_ms",
        "failures",
        "last_error",
        "skipped",
    )
    list_filter = ("enabled", "queue")
    search_fields = ("name",)
    ordering = ("next_due_at",)
    actions = ("enable", "disable", "run_now")
    readonly_fields = ("name", "type", "queue", "cron", "every_s", "tz", "last_task_id")
    fields = (*readonly_fields, "override_cron", "enabled")

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: Any) -> None:
        before = Schedule.objects.filter(pk=obj.pk).values("override_cron", "enabled").first()
        obj.next_due_at = schedules.following(obj, timezone.now())
        obj.save(update_fields=["override_cron", "enabled", "next_due_at"])
        audit.record(
            actor=actor(request),
            action="schedule.change",
            target=Target("schedule", obj.name, platform=True),
            before=before,
            after={"override_cron": obj.override_cron, "enabled": obj.enabled},
        )

    @admin.action(description=gettext_lazy("Turn on"))
    def enable(self, request: HttpRequest, rows: models.QuerySet[Schedule]) -> None:
        for schedule in rows:
            steering.switch_schedule(schedule=schedule, enabled=True, by=actor(request))

    @admin.action(description=gettext_lazy("Turn off"))
    def disable(self, request: HttpRequest, rows: models.QuerySet[Schedule]) -> HttpResponse | None:
        effect = _("These no longer run by themselves until somebody turns them on.")
        question = ask(request, self, action="disable", effect=effect, rows=rows)
        if question is None:
            for schedule in rows:
                steering.switch_schedule(schedule=schedule, enabled=False, by=actor(request))
        return question

    @admin.action(description=gettext_lazy("Run now"))
    def run_now(self, request: HttpRequest, rows: models.QuerySet[Schedule]) -> None:
        for schedule in rows:
            try:
                steering.run_schedule_now(schedule=schedule, by=actor(request))
            except UnknownKind:
                messages.warning(
                    request, _("%(name)s runs every few seconds by itself.") % {"name": schedule}
                )

    @display(description=gettext_lazy("times"))
    def rhythm(self, schedule: Schedule) -> str:
        if schedule.override_cron or schedule.cron:
            return schedule.override_cron or schedule.cron
        return _("every %(seconds)d s") % {"seconds": schedule.every_s}


@admin.register(Worker)
class WorkerAdmin(OperatorAdmin):
    icon = "dns"
    list_display = (
        "host",
        "pid",
        "slots",
        "running",
        "done",
        "failed",
        "is_alive",
        "heartbeat_at",
        "drain_requested_at",
        "stopped_at",
        "build",
    )
    ordering = ("-heartbeat_at",)
    actions = ("drain",)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))

    @admin.action(description=gettext_lazy("Drain"))
    def drain(self, request: HttpRequest, rows: models.QuerySet[Worker]) -> HttpResponse | None:
        effect = _("These workers finish or give back what they run within 25 seconds, and end.")
        question = ask(request, self, action="drain", effect=effect, rows=rows)
        if question is None:
            for worker in rows:
                steering.drain(worker=worker, by=actor(request))
        return question

    @display(description=gettext_lazy("alive"), boolean=True)
    def is_alive(self, worker: Worker) -> bool:
        return worker.is_alive(timezone.now())
