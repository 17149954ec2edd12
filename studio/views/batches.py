"""Batches of chapters as pages: chosen, watched, paused, let go on."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from studio import batches, naming
from studio.agent_forms import BatchForm, agents_for
from studio.agents import builtin, choosing
from studio.batches import BatchRefused
from studio.models import Agent, Batch, BatchItem, Chapter, Work
from studio.views.access import may, work_of

DEEDS = {"pause": batches.pause, "resumption": batches.resume, "cancellation": batches.cancel}
REASONS = {
    "asked": gettext_lazy("Somebody paused it."),
    "chapter_failed": gettext_lazy("A chapter failed twice. Look at its reason, then go on."),
    "cost_limit": gettext_lazy("The next chapter could pass the limit of costs."),
    "right_gone": gettext_lazy("Whoever started it may no longer ask models here."),
    "chapter_in_bin": gettext_lazy("The next chapter lies in the bin."),
    "no_model_configured": gettext_lazy("No model is connected."),
    "context_too_long": gettext_lazy("The prompt does not fit into the model."),
    "interrupted": gettext_lazy("The work was interrupted."),
}


@never_cache
@needs("work.view")
def index(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """The batches of a work, and the chapters that could be written."""
    work = work_of(request, work_id)
    may_start = may(request, work, "ai") and may(request, work, "write")
    chosen = [
        {"pk": str(line.chapter.pk), "label": line.label, "words": line.chapter.word_count}
        for line in naming.outline(work).lines
    ]
    written = _with_synopsis(work)
    form = BatchForm(request.POST or None, initial={"length": 1_500})
    choices = [(one["pk"], one["label"]) for one in chosen if one["pk"] in written]
    form.fields["chapters"].choices = choices  # type: ignore[attr-defined]
    if request.method == "POST" and may_start and form.is_valid():
        batch = _started(request, work, form)
        if batch is not None:
            return redirect("studio_batch", pk=batch.pk)
    language = builtin.language_of(work.language)
    shown = {
        "work": work,
        "tab": "batches",
        "form": form,
        "chapters": [{**one, "ready": one["pk"] in written} for one in chosen],
        "agents": [
            one
            for one in agents_for(principal_of(request))
            if one.output_mode == "prose"
            and (not one.is_builtin or one.subcategory.endswith(f".{language}"))
        ],
        "batches": Batch.objects.visible_to(principal_of(request))
        .filter(work=work)
        .order_by("-created_at")[:20],
        "may_start": may_start,
    }
    return render(request, "studio/batches.html", shown, status=400 if form.errors else 200)


@require_GET
@never_cache
@needs("work.view")
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One batch with the state of each chapter."""
    batch = _batch(request, pk)
    template = "studio/_batch.html" if request.htmx else "studio/batch.html"  # type: ignore[attr-defined]
    return render(request, template, _shown(request, batch))


@require_POST
@needs("model.use")
def steer(request: HttpRequest, pk: UUID, deed: str) -> HttpResponse:
    """Pause it, let it go on, cancel it."""
    if deed not in DEEDS:
        raise Http404
    batch = _batch(request, pk)
    work_of(request, batch.work_id, "ai")
    work_of(request, batch.work_id, "write")
    try:
        DEEDS[deed](principal=principal_of(request), batch=batch)
    except BatchRefused as refused:
        messages.error(request, words(refused))
    return redirect("studio_batch", pk=pk)


@require_POST
@needs("model.use")
def omit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Leave a chapter out."""
    rows = BatchItem.objects.visible_to(principal_of(request)).select_related("batch")
    item = get_object_or_404(rows, pk=pk)
    work_of(request, item.work_id, "write")
    try:
        batches.skip(principal=principal_of(request), item=item)
    except BatchRefused as refused:
        messages.error(request, words(refused))
    return redirect("studio_batch", pk=item.batch_id)


def _started(request: HttpRequest, work: Work, form: BatchForm) -> Batch | None:
    """The batch, or nothing with a fault of the form."""
    data: dict[str, Any] = form.cleaned_data
    principal = principal_of(request)
    rows = Chapter.objects.editable_by(principal).filter(work=work).without_text()
    known = {str(one.pk): one for one in rows.filter(pk__in=data["chapters"])}
    order = [pk for pk, _label in form.fields["chapters"].choices]  # type: ignore[attr-defined]
    agents = Agent.objects.visible_to(principal).filter(pk=data["agent"])
    try:
        agent = choosing.for_request(
            principal=principal,
            work=work,
            request_type="generate",
            agent=agents.first() if data["agent"] else None,
        )
        return batches.start(
            principal=principal,
            work=work,
            chapters=[known[pk] for pk in order if pk in known and pk in data["chapters"]],
            agent=agent,
            options={"length": data["length"], "instruction": data["instruction"]},
            max_cost=data["max_cost"],
        )
    except (BatchRefused, choosing.WrongAgent) as refused:
        form.add_error(None, words(refused))
        return None


def _with_synopsis(work: Work) -> set[str]:
    rows = Chapter.objects.alive().filter(work=work, synopsis__regex=r"\S")
    return {str(pk) for pk in rows.values_list("pk", flat=True)}


def _batch(request: HttpRequest, pk: UUID) -> Batch:
    rows = Batch.objects.visible_to(principal_of(request)).select_related("work", "agent")
    return get_object_or_404(rows, pk=pk)


def _shown(request: HttpRequest, batch: Batch) -> dict[str, Any]:
    items = BatchItem.objects.filter(batch=batch).select_related("chapter").order_by("ordinal")
    rows = list(items.defer("chapter__content"))
    done = sum(row.state in {BatchItem.State.DONE, BatchItem.State.SKIPPED} for row in rows)
    may_steer = may(request, batch.work, "ai") and may(request, batch.work, "write")
    return {
        "batch": batch,
        "work": batch.work,
        "tab": "batches",
        "items": rows,
        "done": done,
        "total": len(rows),
        "reason": REASONS.get(batch.pause_reason, batch.pause_reason),
        "is_live": batch.state == Batch.State.RUNNING,
        "may_steer": may_steer,
        "title": _("Batch of chapters"),
    }
