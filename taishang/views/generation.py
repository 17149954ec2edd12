"""The pages of generation jobs: the list, a new one, one at work and one to review."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.authentication import Principal
from accounts.web.access import needs, person_of, principal_of
from accounts.web.lists import cursor_page
from laojun import delivery
from laojun.audit import Actor
from taishang import steering
from taishang.catalogue import references
from taishang.catalogue.references import Place
from taishang.forms import JobForm
from taishang.generation import disclosing, history, reading, receiving, submitting
from taishang.generation.receiving import Offer
from taishang.generation.refining import RIGHT
from taishang.models import GenerationJob, Kind, Project, Task
from taishang.views import failures
from taishang.views.access import job_of
from taishang.views.review import review_page

PAGE_SIZE = 20
POLL_SECONDS = 4
logger = logging.getLogger(__name__)
REFUSALS = (
    receiving.NotAZip,
    receiving.UploadTooLarge,
    receiving.NoRoom,
    receiving.StorageFull,
    submitting.TooManyJobs,
    submitting.AdapterDisabled,
)


@require_GET
@needs("generation.view")
def jobs(request: HttpRequest) -> HttpResponse:
    """All jobs of the workspace, newest first; while one is at work the rows fetch themselves again."""
    filters = {name: request.GET.get(name, "") for name in ("state", "source", "mine")}
    rows = GenerationJob.objects.visible_to(principal_of(request)).with_task().with_applied()
    if filters["state"] in Task.State.values:
        rows = rows.filter(task__state=filters["state"])
    if filters["source"] in GenerationJob.Source.values:
        rows = rows.filter(source=filters["source"])
    if filters["mine"]:
        rows = rows.filter(user=person_of(request))
    found, following = cursor_page(request, rows, PAGE_SIZE)
    context = {
        "jobs": found,
        "next": following,
        "filters": filters,
        "filtered": any(filters.values()),
        "states": Task.State.choices,
        "sources": GenerationJob.Source.choices,
        "live": any(job.task.is_live for job in found),
        "may_create": principal_of(request).may("generation.create"),
        "form": _job_form(request),
    }
    partial = bool(request.htmx) and not request.htmx.boosted  # type: ignore[attr-defined]
    return render(request, "generation/_jobs.html" if partial else "generation/jobs.html", context)


@needs("generation.create")
def new(request: HttpRequest) -> HttpResponse:
    form = _job_form(request, request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                found = receiving.receive(principal=principal_of(request), offer=_offer(form))
        except receiving.OptionsRefused as refusal:
            for name, _code, message in refusal.faults:
                form.add_error(_field(form, name), message)
        except REFUSALS as refusal:
            field = None if isinstance(refusal, _NOT_ABOUT_THE_FILE) else "upload"
            form.add_error(field, failures.refusal(refusal))
        else:
            if not found.created:
                messages.info(request, _("Exactly this is already waiting or running: here it is."))
            return redirect("generation_job", pk=found.job.pk)
    return render(request, "generation/new.html", {"form": form})


_NOT_ABOUT_THE_FILE = (receiving.NoRoom, submitting.TooManyJobs, submitting.AdapterDisabled)


@require_POST
@needs("generation.create")
def try_sample(request: HttpRequest) -> HttpResponse:
    """Run our own sample: a small reading club as Bolt exports it, with its chat log."""
    try:
        with transaction.atomic():
            found = receiving.receive_sample(principal=principal_of(request))
    except REFUSALS as refusal:
        messages.error(request, failures.refusal(refusal))
        return redirect("generation_list")
    return redirect("generation_job", pk=found.job.pk)


@require_GET
@needs("generation.view")
def job(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One address for the whole life of a job: at work, failed or ready for review."""
    found = job_of(request, pk)
    if request.htmx and request.GET.get("part") == "progress":  # type: ignore[attr-defined]
        return _progress(request, found)
    may_look = found.diff is not None and {"review", "tab"} & set(request.GET)
    if found.task.state == Task.State.SUCCEEDED or may_look:
        return review_page(request, found)
    return render(request, "generation/running.html", _running_context(request, found))


@require_POST
@needs("generation.cancel")
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = job_of(request, pk)
    try:
        steering.cancel(task=found.task, by=Actor.of_principal(principal_of(request)))
    except steering.TaskNotCancellable:
        messages.info(request, _("The job had already ended."))
    return _to(request, found)


@require_POST
@needs("generation.create")
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Put a failed or cancelled job into the queue once more, with the same input."""
    found = job_of(request, pk)
    try:
        steering.retry(task=found.task, by=Actor.of_principal(principal_of(request)))
    except steering.TaskNotRetryable:
        messages.info(request, _("The job is not one that can be tried again."))
    except steering.LiveTwin:
        messages.info(request, _("Exactly this is already waiting or running."))
    return _to(request, found)


@require_POST
@needs("generation.create")
def erase(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Erase what a finished job keeps: sources and everything made from them."""
    found = job_of(request, pk)
    if not GenerationJob.objects.erasable_by(principal_of(request)).filter(pk=pk).exists():
        raise PermissionDenied
    if found.task.is_live:
        messages.error(request, _("Cancel the job first."))
        return _to(request, found)
    submitting.erase(principal=principal_of(request), job=found)
    messages.success(request, _("%(name)s is erased.") % {"name": found.name})
    return redirect("generation_list")


@require_GET
@needs("generation.view")
def download(request: HttpRequest, pk: UUID, what: str) -> HttpResponseBase:
    """One file of the job: the project, the patch, the log … Sources only for those who may read them."""
    found = job_of(request, pk)
    if what in disclosing.SOURCES and not disclosing.may_read_sources(principal_of(request), found):
        return render(request, "403.html", status=403)
    try:
        file = reading.download(job=found, what=what, principal=principal_of(request))
    except reading.NotFound as error:
        raise Http404 from error
    except (reading.NotReady, reading.Expired):
        messages.error(request, _("This file is not there: not made yet, or kept no longer."))
        return _to(request, found)
    return delivery.serve(request, file)


def _running_context(request: HttpRequest, found: GenerationJob) -> dict[str, Any]:
    principal = principal_of(request)
    return {
        "job": found,
        "task": found.task,
        "progress": history.progress_of(found),
        "failure": failures.of(found),
        "twin": submitting.identical_to(found),
        "stream": _stream_of(principal, found),
        "may_cancel": found.task.is_live and principal.may("generation.cancel"),
        "may_retry": not found.task.is_live and principal.may("generation.create"),
    }


def _stream_of(principal: Principal, found: GenerationJob) -> str:
    """Where news of the task come from; nothing for those who may only ask from time to time."""
    own = principal.user is not None and found.task.user_id == principal.user.pk
    if not found.task.is_live or not (own or principal.may("task.view_all")):
        return ""
    return f"/api/v1/tasks/{found.pk}/stream/"


def _progress(request: HttpRequest, found: GenerationJob) -> HttpResponse:
    """The part that is fetched again at every news; once the job has ended, the whole page."""
    if not found.task.is_live:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "generation/_progress.html", _running_context(request, found))


def _job_form(request: HttpRequest, *data: Any) -> JobForm:
    principal = principal_of(request)
    projects = Project.objects.visible_to(principal)
    if not principal.may("project.update"):
        projects = projects.none()
    return JobForm(*data, projects=projects.order_by("name"), models=_models(principal))


def _models(principal: Principal) -> list[str]:
    """The chat models that the person may ask here, as references."""
    if not principal.may(RIGHT):
        return []
    place = Place(principal.workspace_id, principal.user.id if principal.user else None)
    return [str(model) for model in references.usable(place, Kind.CHAT)]


def _offer(form: JobForm) -> Offer:
    values = form.cleaned_data
    return Offer(
        upload=values["upload"],
        chat=values["chat"] or None,
        chat_text=values["chat_text"],
        project=values["project"],
        options=receiving.read_options(form.options()),
        name=values["name"],
    )


def _field(form: JobForm, pointer: str) -> str | None:
    name = pointer.rpartition("/")[2]
    return name if name in form.fields else None


def _to(request: HttpRequest, found: GenerationJob) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Refresh": "true"})
    return redirect("generation_job", pk=found.pk)
