"""Tasks in the console: find them, see what happened, steer them; dead letters by kind and code; the live board."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.decorators import display

from accounts.redaction import redact
from taishang import board, history, kinds, steering
from taishang.admin.console import OperatorAdmin, actor, ask, in_scope
from taishang.models import Task, TaskEvent
from taishang.models.task import PRIORITY_HIGH, PRIORITY_LOW, PRIORITY_NORMAL

STATE_COLOURS = {
    "queued": "info",
    "running": "warning",
    "succeeded": "success",
    "failed": "danger",
    "cancelled": "default",
}


@admin.register(Task)
class TaskAdmin(OperatorAdmin):
    icon = "task"
    list_display = (
        "kind",
        "shown_state",
        "shown_progress",
        "queue",
        "workspace",
        "user",
        "priority",
        "attempts",
        "error_code",
        "created_at",
    )
    list_filter = (
        "state",
        "queue",
        "type",
        "error_code",
        ("acknowledged_at", admin.EmptyFieldListFilter),
        ("created_at", RangeDateTimeFilter),
        ("finished_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_select_related = ("workspace", "user")
    search_fields = ("id__exact", "dedup_key", "subject_id", "trace_id", "user__username")
    ordering = ("-created_at",)
    actions = ("cancel", "retry", "acknowledge", "hurry", "normalise", "delay")
    change_form_before_template = "admin/taishang/task.html"
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("type", "queue"),
                    ("workspace", "user"),
                    ("priority", "attempts", "max_attempts", "crashes"),
                    ("subject_type", "subject_id", "dedup_key"),
                    ("due_at", "started_at", "finished_at"),
                    ("timeout_s", "lease_until", "trace_id"),
                )
            },
        ),
        (
            gettext_lazy("What it got and gave"),
            {"fields": ("shown_payload", "shown_result", "shown_checkpoint", "error_detail")},
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows change through actions alone; the page opens for reading."""
        return bool(obj is None and super().has_change_permission(request, obj))

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Task]:
        rows = super().get_queryset(request)
        if getattr(request.resolver_match, "url_name", "").endswith("changelist"):
            return rows.defer("payload", "result", "checkpoint", "error_detail")
        return rows

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("board/", view(self.live_board), name="live_board"),
            path("dead-letters/", view(self.dead_letters), name="dead_letters"),
            path("<uuid:pk>/part/", view(self.part), name="task_part"),
            path("<uuid:pk>/deed/", view(self.deed), name="task_deed"),
        ]
        return [*own, *super().get_urls()]

    # Pages

    @in_scope
    def live_board(self, request: HttpRequest) -> HttpResponse:
        """All work at a glance; htmx asks for the part alone every two seconds."""
        snapshot = board.snapshot()
        context = {**self.admin_site.each_context(request), **snapshot, "title": _("Live board")}
        context["throughput_data"] = _chart(snapshot["throughput"])
        context["throughput_rows"] = _rows(snapshot["throughput"])
        name = "_board" if request.headers.get("HX-Request") else "board"
        return TemplateResponse(request, f"admin/taishang/{name}.html", context)

    @in_scope
    def dead_letters(self, request: HttpRequest) -> HttpResponse:
        """What failed for good, by kind and code; one deed for all of a row."""
        if request.method == "POST":
            return self._settle(request)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Dead letters"),
            "letters": board.dead_letters(),
            "chosen": (request.GET.get("type"), request.GET.get("code")),
        }
        return TemplateResponse(request, "admin/taishang/dead_letters.html", context)

    @in_scope
    def part(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """The live part of one task's page."""
        task = self.get_object(request, str(pk))
        context = self._task_context(task) if task else {}
        return TemplateResponse(request, "admin/taishang/_task.html", context)

    @in_scope
    def deed(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """One deed on one task, asked for by its own button and confirmed there."""
        task = self.get_object(request, str(pk))
        if task is not None and request.method == "POST":
            done = self._do(request, request.POST.get("deed", ""), task)
            messages.info(request, _("Done.") if done else _("The task's state does not allow it."))
        return redirect("admin:taishang_task_change", pk)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        def shown() -> HttpResponse:
            task = self.get_object(request, object_id or "")
            context = {**(extra_context or {}), **(self._task_context(task) if task else {})}
            return super(TaskAdmin, self).changeform_view(request, object_id, form_url, context)

        return in_scope(shown)()

    # Bulk actions: each states its effect and asks once

    @admin.action(description=gettext_lazy("Cancel"))
    def cancel(self, request: HttpRequest, rows: models.QuerySet[Task]) -> HttpResponse | None:
        effect = _("Waiting tasks end at once; running ones are asked to stop.")
        return self._each(request, rows.live(), "cancel", effect)  # type: ignore[attr-defined]

    @admin.action(description=gettext_lazy("Try again"))
    def retry(self, request: HttpRequest, rows: models.QuerySet[Task]) -> HttpResponse | None:
        effect = _("Failed and cancelled tasks go back into the queue with fresh attempts.")
        chosen = rows.filter(state__in=[Task.State.FAILED, Task.State.CANCELLED])
        return self._each(request, chosen, "retry", effect)

    @admin.action(description=gettext_lazy("Acknowledge"))
    def acknowledge(self, request: HttpRequest, rows: models.QuerySet[Task]) -> HttpResponse | None:
        effect = _("The failures leave the dead letters; nothing else changes.")
        return self._each(request, rows.dead_letters(), "acknowledge", effect)  # type: ignore[attr-defined]

    @admin.action(description=gettext_lazy("Priority: high"))
    def hurry(self, request: HttpRequest, rows: models.QuerySet[Task]) -> HttpResponse | None:
        return self._each(request, _waiting(rows), "high", _("Waiting tasks move forward."))

    @admin.action(description=gettext_lazy("Priority: normal"))
    def normalise(self, request: HttpRequest, rows: models.QuerySet[Task]) -> HttpResponse | None:
        effect = _("Waiting tasks get the usual priority.")
        return self._each(request, _waiting(rows), "normal", effect)

    @admin.action(description=gettext_lazy("Priority: low"))
    def delay(self, request: HttpRequest, rows: models.QuerySet[Task]) -> HttpResponse | None:
        return self._each(request, _waiting(rows), "low", _("Waiting tasks move back."))

    # Columns

    @display(description=gettext_lazy("kind"))
    def kind(self, task: Task) -> str:
        return kinds.label_of(task.type)

    @display(description=gettext_lazy("state"), label=STATE_COLOURS, ordering="state")
    def shown_state(self, task: Task) -> tuple[str, str]:
        return task.state, str(Task.State(task.state).label)

    @display(description=gettext_lazy("progress"), ordering="progress")
    def shown_progress(self, task: Task) -> SafeString:
        return format_html(
            '<progress class="bar" max="100" value="{}" aria-label="{}"></progress>',
            task.progress,
            task.progress_message or f"{task.progress} %",
        )

    @display(description=gettext_lazy("payload"))
    def shown_payload(self, task: Task) -> SafeString:
        return _plain(task.payload)

    @display(description=gettext_lazy("result"))
    def shown_result(self, task: Task) -> SafeString:
        return _plain(task.result)

    @display(description=gettext_lazy("checkpoint"))
    def shown_checkpoint(self, task: Task) -> SafeString:
        return _plain(task.checkpoint)

    def _task_context(self, task: Task) -> dict[str, Any]:
        events = TaskEvent.objects.of(task).after(0)
        return {
            "task": task,
            "label": kinds.label_of(task.type),
            "events": history.told(events[:500]),
            "children": Task.objects.filter(parent_id=task.id).order_by("created_at")[:50],
            "now": timezone.now(),
        }

    def _each(
        self, request: HttpRequest, rows: models.QuerySet[Task], deed: str, effect: str
    ) -> HttpResponse | None:
        action = request.POST.get("action", "")
        question = ask(request, self, action=action, effect=effect, rows=rows)
        if question is not None:
            return question
        done = sum(self._do(request, deed, task) for task in rows)
        messages.success(request, _("%(count)d tasks changed.") % {"count": done})
        return None

    def _do(self, request: HttpRequest, deed: str, task: Task) -> bool:
        by = actor(request)
        deeds = {
            "cancel": lambda: steering.cancel(task=task, by=by, reason=_("by an operator")),
            "retry": lambda: steering.retry(task=task, by=by),
            "acknowledge": lambda: steering.acknowledge(task=task, by=by),
            "high": lambda: steering.reorder(task=task, by=by, priority=PRIORITY_HIGH),
            "normal": lambda: steering.reorder(task=task, by=by, priority=PRIORITY_NORMAL),
            "low": lambda: steering.reorder(task=task, by=by, priority=PRIORITY_LOW),
        }
        try:
            return deed in deeds and deeds[deed]() is not False  # type: ignore[no-untyped-call]
        except (
            steering.TaskNotCancellable,
            steering.TaskNotRetryable,
            steering.TaskNotWaiting,
            steering.LiveTwin,
        ):
            return False

    def _settle(self, request: HttpRequest) -> HttpResponse:
        which = {"type": request.POST.get("type", ""), "code": request.POST.get("code", "")}
        deed = {"retry": steering.retry_all, "acknowledge": steering.acknowledge_all}
        chosen = deed.get(request.POST.get("deed", ""))
        if chosen is not None:
            count = chosen(**which, by=actor(request))
            messages.success(request, _("%(count)d tasks changed.") % {"count": count})
        return redirect("admin:dead_letters")


def _waiting(rows: models.QuerySet[Task]) -> models.QuerySet[Task]:
    return rows.filter(state=Task.State.QUEUED)


def _plain(value: Any) -> SafeString:
    """A stored value for reading: redacted, indented, never markup."""
    if value is None:
        return SafeString("–")
    text = json.dumps(redact(value), indent=2, ensure_ascii=False)
    return format_html('<pre class="code">{}</pre>', text)


def _chart(throughput: dict[str, list[Any]]) -> dict[str, Any]:
    return {
        "kind": "line",
        "labels": throughput["labels"],
        "series": [
            {"name": _("Done"), "values": throughput["done"]},
            {"name": _("Failed"), "values": throughput["failed"]},
        ],
    }


def _rows(throughput: dict[str, list[Any]]) -> list[tuple[Any, ...]]:
    columns = (throughput["labels"], throughput["done"], throughput["failed"])
    return list(zip(*columns, strict=True))
