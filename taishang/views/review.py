"""The review of a finished job, part by part: what was found, why, and the difference it makes."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from taishang.generation import correcting, disclosing, reading, receiving, submitting
from taishang.models import GenerationJob
from taishang.views import failures, findings, highlighting, hunks, proposed
from taishang.views.access import job_of
from taishang.views.findings import Review

TABS = {
    "overview": gettext_lazy("Overview"),
    "endpoints": gettext_lazy("Endpoints"),
    "models": gettext_lazy("Models"),
    "files": gettext_lazy("Files"),
    "checks": gettext_lazy("Checks"),
    "decisions": gettext_lazy("Decisions"),
}
CONTEXT_LINES = 20
MAX_LINE = 10_000_000
DECISION = "decision:"


def review_page(request: HttpRequest, job: GenerationJob) -> HttpResponse:
    """The whole page, or the one panel that htmx asks for when its tab is opened first."""
    wanted = request.GET.get("tab", "")
    tab = wanted if wanted in TABS else "overview"
    review = review_of(request, job)
    context = {
        **_context(request, job, review),
        "tab": tab,
        "panel": f"generation/_panel_{tab}.html",
    }
    if tab == "decisions":
        context["proposed"] = proposed.of_job(job)
    if request.htmx and wanted:  # type: ignore[attr-defined]
        return render(request, context["panel"], context)
    context["tabs"] = [(key, label, _count(review, key)) for key, label in TABS.items()]
    context["twin"] = submitting.identical_to(job)
    context["children"] = list(job.children.select_related("task").order_by("-created_at")[:5])
    context["versions"] = list(job.versions.select_related("project").order_by("-created_at")[:5])
    return render(request, "generation/review.html", context)


def review_of(request: HttpRequest, job: GenerationJob) -> Review:
    """Raises Http404 when the job has nothing to review."""
    try:
        diff = reading.diff(job=job)
    except (reading.NotReady, reading.Expired) as error:
        raise Http404 from error
    if not disclosing.may_read_sources(principal_of(request), job):
        diff = disclosing.without_excerpts(diff)
    return Review(diff, _verdicts(job), job.warnings)


@require_GET
@needs("generation.view")
def item(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One endpoint or model: what it is, why it is there, and the files it makes."""
    job = job_of(request, pk)
    review = review_of(request, job)
    found = review.item(request.GET.get("key", ""))
    if found is None:
        raise Http404
    context = {
        **_context(request, job, review),
        "item": found,
        "files": review.files_of(found["key"]),
        "endpoints": review.endpoints_of(found["key"]),
    }
    template = "generation/_model.html" if "fields" in found else "generation/_endpoint.html"
    return _part(
        request, job, template, context, tab="models" if "fields" in found else "endpoints"
    )


@require_GET
@needs("generation.view")
def file(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The difference of one file, loaded when it is unfolded."""
    job = job_of(request, pk)
    path = request.GET.get("path", "")
    row = _file_row(job, path)
    context = {
        "job": job,
        "row": row,
        "file": hunks.read(path, row.get("hunks") or ""),
        "may_read": disclosing.may_read_sources(principal_of(request), job),
        "bare": "bare" in request.GET,
    }
    return _part(request, job, "generation/_file.html", context, tab="files")


@require_GET
@needs("generation.view")
def source(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The lines of the export around a place, for the side panel."""
    job = job_of(request, pk)
    if not disclosing.may_read_sources(principal_of(request), job):
        return render(request, "generation/_source_hidden.html", status=403)
    path, line = request.GET.get("file", ""), _line(request.GET.get("line", ""))
    try:
        rows = reading.source(job=job, file=path, line=line, context=CONTEXT_LINES)
    except reading.NotReady as error:
        raise Http404 from error
    except reading.NotFound:
        facts = _facts_at(job, path, line)
        if not facts:
            raise Http404 from None
        context = {"job": job, "path": path, "line": line, "facts": facts}
        return render(request, "generation/_source_elsewhere.html", context)
    except reading.Expired:
        return render(request, "generation/_source_expired.html")
    html = highlighting.lines("\n".join(text for _number, text in rows), path)
    context = {
        "job": job,
        "path": path,
        "line": line,
        "lines": [(number, html[place], number == line) for place, (number, _t) in enumerate(rows)],
        "facts": _facts_at(job, path, line),
    }
    return _part(request, job, "generation/_source.html", context, tab="overview")


@require_POST
@needs("generation.create")
def decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Answer open questions: a corrected job starts from what this one has read."""
    job = job_of(request, pk)
    answers = {
        name.removeprefix(DECISION): value
        for name, value in request.POST.items()
        if name.startswith(DECISION)
    }
    options = {**job.options, "decisions": {**job.options.get("decisions", {}), **answers}}
    return _revised(request, job, edits=[], options=options)


@require_POST
@needs("generation.create")
def drop(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Leave one item out: a corrected job without it."""
    job = job_of(request, pk)
    edit = {"kind": "drop_item", "key": request.POST.get("key", "")}
    return _revised(request, job, edits=[edit], options=job.options)


@require_POST
@needs("generation.create")
def switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take what somebody else proposed, or leave it: a corrected job with that edit switched on or off."""
    job = job_of(request, pk)
    edit = {
        "kind": "toggle_edit",
        "edit": request.POST.get("edit", ""),
        "on": request.POST.get("on") == "1",
    }
    return _revised(request, job, edits=[edit], options=job.options)


@require_POST
@needs("generation.create")
def without_model(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Once more, asking no model."""
    job = job_of(request, pk)
    return _revised(request, job, edits=[], options={**job.options, "refine": "off"})


def _revised(
    request: HttpRequest,
    job: GenerationJob,
    *,
    edits: list[dict[str, Any]],
    options: dict[str, Any],
) -> HttpResponse:
    principal = principal_of(request)
    try:
        with transaction.atomic():
            found = correcting.revise(
                principal=principal,
                parent=job,
                edits=edits,
                options=receiving.read_options(options),
            )
    except receiving.OptionsRefused as refusal:
        messages.error(request, refusal.faults[0][2])
        return redirect("generation_job", pk=job.pk)
    except correcting.EditsRefused as refusal:
        messages.error(request, refusal.refusals[0].reason)
        return redirect("generation_job", pk=job.pk)
    except (submitting.TooManyJobs, submitting.AdapterDisabled, submitting.NotRevisable) as refusal:
        messages.error(request, failures.refusal(refusal))
        return redirect("generation_job", pk=job.pk)
    messages.info(request, _("A corrected job has started from what the first one read."))
    return redirect("generation_job", pk=found.job.pk)


def _file_row(job: GenerationJob, path: str) -> dict[str, Any]:
    """The entry of a file with its hunks, without them once the patch is kept no longer. Raises Http404."""
    try:
        found = reading.diff(job=job, hunks=True, path=path)["files"]
    except reading.NotReady as error:
        raise Http404 from error
    except reading.Expired:
        found = reading.diff(job=job, path=path)["files"]
    if not found:
        raise Http404
    row: dict[str, Any] = found[0]
    return row


def _verdicts(job: GenerationJob) -> dict[str, Any]:
    """All verdicts; once their artifact is kept no longer, the checks that stand in the row."""
    try:
        return reading.verification(job=job)
    except (reading.NotReady, reading.Expired):
        return {"checks": job.verification}


def _context(request: HttpRequest, job: GenerationJob, review: Review) -> dict[str, Any]:
    principal = principal_of(request)
    return {
        "job": job,
        "review": review,
        "nodes": findings.tree_of(review.files),
        "may_read": disclosing.may_read_sources(principal, job),
        "may_create": principal.may("generation.create"),
        "may_apply": principal.may("generation.apply"),
    }


def _part(
    request: HttpRequest, job: GenerationJob, template: str, context: dict[str, Any], *, tab: str
) -> HttpResponse:
    """The fragment for htmx; a browser that follows the link plainly gets it inside a page."""
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, template, context)
    return render(request, "generation/part.html", {**context, "part": template, "tab": tab})


def _count(review: Review, tab: str) -> int | None:
    """The number on a tab. Checks count what is red, or all when nothing is."""
    return {
        "endpoints": len(review.endpoints),
        "models": len(review.models),
        "files": len(review.files),
        "checks": len(review.red) or len(review.checks),
        "decisions": len(review.diff.get("decisions", [])),
    }.get(tab)


def _line(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 8 else 0
    if not 1 <= number <= MAX_LINE:
        raise Http404
    return number


def _facts_at(job: GenerationJob, path: str, line: int) -> list[dict[str, Any]]:
    """What was read at this very line."""
    try:
        facts = reading.evidence(job=job, file=path)
    except (reading.NotReady, reading.Expired, reading.NotFound):
        return []
    return [fact for fact in facts if fact["place"]["line"] == line][:5]
