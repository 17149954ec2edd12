"""The tasks page: what runs for you, and everything that happened to one of them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.web.access import needs, principal_of
from accounts.web.lists import cursor_page
from laojun.audit import Actor
from taishang import history, kinds, steering
from taishang.models import Task, TaskEvent

PAGE_SIZE = 20
MAX_LIVE = 50
MAX_EVENTS = 200


@needs("task.view")
@never_cache
def task_list(request: HttpRequest) -> HttpResponse:
    """What waits and runs first, then what has ended, newest first."""
    tasks = Task.objects.visible_to(principal_of(request)).defer("payload", "result", "checkpoint")
    live = list(tasks.live().order_by("-state", "-created_at")[:MAX_LIVE])
    ended, following = cursor_page(request, tasks.finished(), PAGE_SIZE)
    context = {"live": _labelled(live), "ended": _labelled(ended), "next": following}
    name = "_tasks" if request.headers.get("HX-Request") else "task_list"
    return render(request, f"taishang/{name}.html", context)


@needs("task.view")
@never_cache
def task_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One task: its bar, its error and what to do about it, its history in words."""
    task = _task(request, pk)
    principal = principal_of(request)
    context = {
        "task": _labelled([task])[0],
        "events": history.told(TaskEvent.objects.of(task).after(0)[:MAX_EVENTS]),
        "actions": task.allowed_actions(principal),
        "position": task.queue_position(),
    }
    name = "_task" if request.headers.get("HX-Request") else "task_detail"
    return render(request, f"taishang/{name}.html", context)


@needs("task.view")
@never_cache
def task_count(request: HttpRequest) -> HttpResponse:
    """The number in the rail: how many of one's tasks are under way."""
    live = Task.objects.visible_to(principal_of(request)).live()
    count = len(live.values_list("id", flat=True)[: MAX_LIVE + 1])
    text = f"{MAX_LIVE}+" if count > MAX_LIVE else str(count or "")
    return HttpResponse(text, content_type="text/plain")


@require_POST
@needs("task.cancel")
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    task = _task(request, pk)
    try:
        steering.cancel(task=task, by=_actor(request))
    except steering.TaskNotCancellable:
        messages.info(request, _("The task had already ended."))
    return _back(request, pk)


@require_POST
@needs("task.retry")
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    task = _task(request, pk)
    try:
        steering.retry(task=task, by=_actor(request))
    except steering.TaskNotRetryable:
        messages.info(request, _("The task is under way already."))
    except steering.LiveTwin:
        messages.info(request, _("Another task is doing this work already."))
    return _back(request, pk)


def _task(request: HttpRequest, pk: UUID) -> Task:
    return get_object_or_404(Task.objects.visible_to(principal_of(request)), pk=pk)


def _actor(request: HttpRequest) -> Actor:
    return Actor.of_principal(principal_of(request))


def _back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A plain form goes to the page; htmx gets nothing, the part refreshes itself."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Trigger": "refresh"})
    return redirect("task", pk=pk)


def _labelled(tasks: list[Task]) -> list[dict[str, Any]]:
    return [{"row": task, "label": kinds.label_of(task.type)} for task in tasks]
