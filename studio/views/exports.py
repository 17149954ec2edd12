"""The pages of exports: what is written and how, and the file when it is ready."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.registry import problems
from accounts.web.access import needs, person_of, principal_of
from laojun import delivery
from laojun.models import File
from studio.book_forms import ExportForm
from studio.exporting import running
from studio.exporting.book import ExportRefused
from studio.models import Work
from studio.views.access import work_of
from studio.views.live import live_part
from studio.views.places import places_of
from taishang.models import Task

SHOWN = 10


@needs("work.view")
def export(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Choose, and have it written; below, what was written lately."""
    work = work_of(request, work_id, "export")
    form = ExportForm(request.POST or None, work=work, initial={"author": ""})
    if request.method == "POST" and form.is_valid():
        try:
            task = running.ask(
                principal=principal_of(request),
                work=work,
                form=form.cleaned_data["format"],
                options=form.payload(),
            )
        except ExportRefused as refused:
            problem = problems.get(refused.code)
            form.add_error(None, f"{problem.title} {problem.remedy}" if problem else refused.code)
        else:
            return redirect("studio_export_done", task_id=task.pk)
    context = {
        "work": work,
        "places": places_of(work),
        "form": form,
        "recent": _recent(request, work),
    }
    return render(request, "studio/export.html", context, status=400 if form.errors else 200)


@require_GET
@never_cache
@needs("work.view")
def done(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """An export on its way, or its file."""
    task = _task(request, task_id)
    work = work_of(request, UUID(task.subject_id), "export")
    problem = problems.get(task.error_code or "")
    context = {
        "work": work,
        "task": task,
        "result": task.result or {},
        "fault": f"{problem.title} {problem.remedy}" if problem else task.error_message,
        "is_here": _file(request, task) is not None,
    }
    if request.headers.get("HX-Request"):
        return live_part(request, "studio/_export_body.html", context, is_live=task.is_live)
    return render(request, "studio/export_done.html", context)


@require_GET
@needs("work.view")
def download(request: HttpRequest, task_id: UUID) -> HttpResponseBase:
    """The file, for whoever asked for it and may still export the work."""
    task = _task(request, task_id)
    work_of(request, UUID(task.subject_id), "export")
    file = _file(request, task)
    if file is None:
        raise Http404
    return delivery.serve(request, file)


def _task(request: HttpRequest, task_id: UUID) -> Task:
    rows = Task.objects.filter(
        workspace_id=principal_of(request).workspace_id, user=person_of(request), type=running.KIND
    )
    return get_object_or_404(rows, pk=task_id)


def _file(request: HttpRequest, task: Task) -> File | None:
    number = (task.result or {}).get("file_id")
    rows = File.objects.live(timezone.now()).filter(
        user=person_of(request), purpose=running.PURPOSE
    )
    return rows.filter(pk=number).first() if number else None


def _recent(request: HttpRequest, work: Work) -> list[Task]:
    rows = Task.objects.filter(
        workspace_id=work.workspace_id,
        user=person_of(request),
        type=running.KIND,
        subject_id=str(work.pk),
    )
    return list(rows.order_by("-created_at")[:SHOWN])
