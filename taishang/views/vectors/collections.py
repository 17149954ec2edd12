"""Collections as pages: the list, a new one, settings, index and quality, and how programs reach one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web import problems
from accounts.web.access import needs, principal_of
from accounts.web.lists import cursor_page
from taishang.models import Task, VectorCollection, VectorIndex, VectorRecallRun
from taishang.vector_forms import CollectionForm, SettingsForm
from taishang.vectors import asking, collections, standing
from taishang.vectors.collections import By

PAGE_SIZE = 20
RUNS_SHOWN = 20
# What the page of index and quality may ask for.
WORK = {
    "index": "vectors.index",
    "drop": "vectors.drop_index",
    "recall": "vectors.recall",
    "promotion": "vectors.promote",
}


def visible(request: HttpRequest) -> Any:
    return standing.with_standing(VectorCollection.objects.visible_to(principal_of(request)))


def collection_of(request: HttpRequest, pk: int) -> VectorCollection:
    """The collection this person may see, with its standing; anything else is a 404."""
    return get_object_or_404(visible(request).select_related("model"), pk=pk)


def frame(request: HttpRequest, collection: VectorCollection, tab: str) -> dict[str, Any]:
    """What every tab shows: the collection, its standing, the live task, and what the person may do."""
    principal = principal_of(request)
    live = Task.objects.visible_to(principal).live()
    return {
        "collection": collection,
        "standing": standing.of(collection),
        "tab": tab,
        "live": live.filter(
            subject_type="vector_collection", subject_id=str(collection.pk)
        ).first(),
        "may": {
            "query": principal.may("vector.collection.query"),
            "write": principal.may("vector.rows.upsert") and not collection.managed_by,
            "delete_rows": principal.may("vector.rows.delete") and not collection.managed_by,
            "change": principal.may("vector.collection.update") and not collection.managed_by,
            "delete": principal.may("vector.collection.delete") and not collection.managed_by,
            "manage": principal.may("vector.index.manage"),
        },
    }


@require_GET
@needs("vector.collection.view")
def index(request: HttpRequest) -> HttpResponse:
    found, following = cursor_page(request, visible(request), PAGE_SIZE)
    context = {
        "rows": [(one, standing.of(one)) for one in found],
        "next": following,
        "may_create": principal_of(request).may("vector.collection.create"),
    }
    return render(request, "vectors/list.html", context)


@needs("vector.collection.create")
def new(request: HttpRequest) -> HttpResponse:
    """Make a collection: what goes in, then its name."""
    principal = principal_of(request)
    form = CollectionForm(request.POST or None, principal=principal)
    if request.method == "POST" and form.is_valid():
        made: list[VectorCollection] = []

        def create() -> None:
            values = form.values()
            made.append(
                collections.create(
                    workspace_id=principal.workspace_id or 0,
                    by=By.principal(principal),
                    values=values,
                )
            )

        if attempted(form, create):
            messages.success(request, _("%(name)s is ready.") % {"name": made[0].name})
            return redirect("vector_rows", pk=made[0].pk)
    return render(request, "vectors/new.html", {"form": form})


@needs("vector.collection.view")
def settings(request: HttpRequest, pk: int) -> HttpResponse:
    """Name, description, read-only, and the way out."""
    collection = collection_of(request, pk)
    context = frame(request, collection, "settings")
    form = SettingsForm(
        request.POST or None,
        initial={
            "name": collection.name,
            "description": collection.description,
            "is_readonly": collection.status == VectorCollection.Status.READONLY,
        },
    )
    if request.method == "POST":
        if not context["may"]["change"]:
            return render(request, "403.html", status=403)
        if form.is_valid() and attempted(form, lambda: _change(request, pk, form)):
            messages.success(request, _("Saved."))
            return redirect("vector_settings", pk=pk)
    return render(request, "vectors/settings.html", {**context, "form": form})


@require_POST
@needs("vector.collection.delete")
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    collection = collection_of(request, pk)
    collections.delete(collection=collection, by=By.principal(principal_of(request)))
    messages.success(
        request,
        _("%(name)s is deleted; it can be restored for seven days.") % {"name": collection.name},
    )
    return redirect("vectors")


@require_GET
@needs("vector.collection.view")
def quality(request: HttpRequest, pk: int) -> HttpResponse:
    """The index's generations, and how much of the exact answers it finds."""
    collection = collection_of(request, pk)
    runs = VectorRecallRun.objects.filter(collection=collection).order_by("-created_at")
    context = {
        **frame(request, collection, "quality"),
        "generations": VectorIndex.objects.filter(collection=collection).order_by("-generation")[
            :RUNS_SHOWN
        ],
        "runs": runs[:RUNS_SHOWN],
    }
    return render(request, "vectors/quality.html", context)


@require_POST
@needs("vector.index.manage")
def work(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    """Ask for the task behind a button of the page of index and quality."""
    if what not in WORK:
        raise Http404
    collection = collection_of(request, pk)
    by = By.principal(principal_of(request))
    try:
        asking.ask(kind=WORK[what], collection=collection, by=by)
        messages.success(request, _("It is under way."))
    except asking.BuildRunning as running:
        messages.info(request, problems.words(running))
    return redirect("vector_quality", pk=pk)


@require_GET
@needs("vector.collection.view")
def programs(request: HttpRequest, pk: int) -> HttpResponse:
    """How a program writes and searches this collection."""
    collection = collection_of(request, pk)
    base = request.build_absolute_uri(f"/api/v1/collections/{collection.pk}/")
    context = {
        **frame(request, collection, "programs"),
        "curl": CURL.format(base=base, workspace=collection.workspace_id),
        "python": PYTHON.format(base=base, workspace=collection.workspace_id),
    }
    return render(request, "vectors/programs.html", context)


def attempted(form: Any, operation: Callable[[], Any]) -> bool:
    """Run an operation; what it refuses becomes an error of the form."""
    try:
        with transaction.atomic():
            operation()
    except Exception as error:  # noqa: BLE001 only anticipated errors have words; others are raised again
        form.add_error(None, getattr(error, "detail", "") or problems.words(error))
        return False
    return True


def _change(request: HttpRequest, pk: int, form: SettingsForm) -> None:
    locked = VectorCollection.objects.visible_to(principal_of(request)).select_for_update()
    collections.change(
        collection=get_object_or_404(locked, pk=pk),
        by=By.principal(principal_of(request)),
        values=form.values(),
    )


CURL = """curl -X POST {base}upsert/ \\
  -H "Authorization: Bearer $TAISHANG_KEY" -H "X-Workspace-Id: {workspace}" \\
  -H "Content-Type: application/json" \\
  -d '{{"rows": [{{"id": "a", "vector": [0.1, 0.2], "payload": {{"year": 2026}}}}]}}'

curl -X POST {base}query/ \\
  -H "Authorization: Bearer $TAISHANG_KEY" -H "X-Workspace-Id: {workspace}" \\
  -H "Content-Type: application/json" \\
  -d '{{"vector": [0.1, 0.2], "top_k": 10, "filter": {{"field": "year", "op": "gte", "value": 2025}}}}'
"""
PYTHON = """import os, httpx

client = httpx.Client(
    base_url="{base}",
    headers={{
        "Authorization": f"Bearer {{os.environ['TAISHANG_KEY']}}",
        "X-Workspace-Id": "{workspace}",
    }},
)
client.post("upsert/", json={{"rows": [{{"id": "a", "vector": [0.1, 0.2]}}]}}).raise_for_status()
print(client.post("query/", json={{"vector": [0.1, 0.2]}}).json()["matches"])
"""
