"""The shelf: one's works and those one takes part in; a new one; the bin."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET

from accounts.web.access import needs, person_of, principal_of
from studio import glances, works
from studio.forms import NewWorkForm
from studio.models import Work

ORDERS = {"edited": "-updated_at", "title": "title", "words": "-total_words", "new": "-created_at"}
SHOWN = 200
MAX_QUERY = 100


@require_GET
@needs("work.view")
def index(request: HttpRequest) -> HttpResponse:
    """The works as cards, filtered and sorted; the address holds both."""
    principal, person = principal_of(request), person_of(request)
    rows = Work.objects.visible_to(principal).select_related("user")
    query = request.GET.get("q", "").replace("\0", "").strip()[:MAX_QUERY]
    status, order = request.GET.get("status", ""), request.GET.get("sort", "edited")
    if query:
        rows = rows.filter(Q(title__icontains=query) | Q(tags__contains=[query]))
    if status in Work.Status.values:
        rows = rows.filter(status=status)
    if request.GET.get("whose") == "mine":
        rows = rows.filter(user=person)
    found = list(rows.order_by(ORDERS.get(order, ORDERS["edited"]), "-pk")[:SHOWN])
    context = {
        "works": found,
        "q": query,
        "status": status,
        "sort": order,
        "whose": request.GET.get("whose", ""),
        "statuses": Work.Status.choices,
        "is_filtered": bool(query or status or request.GET.get("whose")),
        "may_create": principal.may("work.create"),
        "last": glances.last_chapter(user=person, workspace_id=principal.workspace_id),
    }
    return render(request, "studio/shelf.html", context)


@needs("work.create")
def new(request: HttpRequest) -> HttpResponse:
    """Begin a work; it opens at its first chapter."""
    form = NewWorkForm(request.POST or None, initial={"language": _language(request)})
    if request.method == "POST" and form.is_valid():
        given: dict[str, Any] = form.cleaned_data
        given.pop("status", None)
        work = works.create(principal=principal_of(request), **given)
        return redirect("studio_work", work_id=work.pk)
    status = 400 if form.is_bound else 200
    return render(request, "studio/work_new.html", {"form": form}, status=status)


def _language(request: HttpRequest) -> str:
    return "en" if request.LANGUAGE_CODE.startswith("en") else "zh-Hans"
