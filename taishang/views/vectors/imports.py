"""The import of a file: handed in, looked at, started, followed."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web import problems
from accounts.web.access import needs, person_of, principal_of
from laojun import configs, delivery, files
from laojun.files import Owner
from laojun.models import File
from taishang.models import Task, VectorCollection
from taishang.vector_import_forms import ImportForm, UploadForm
from taishang.vectors.collections import By
from taishang.vectors.importing import asking, listing, sweeping
from taishang.vectors.importing.asking import Files, Preview, Wish
from taishang.vectors.importing.formats.base import OBJECT
from taishang.vectors.importing.mapping import MappingInvalid
from taishang.views.vectors.collections import collection_of, frame

SHOWN = 20


@require_GET
@needs("vector.collection.view")
def index(request: HttpRequest, pk: int) -> HttpResponse:
    """What was imported, and a place to drop the next file."""
    return _list(request, collection_of(request, pk))


@require_POST
@needs("vector.rows.upsert")
def upload(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the file and go on to its columns."""
    collection = collection_of(request, pk)
    form = UploadForm(request.POST, request.FILES)
    if not form.is_valid():
        return _list(request, collection, form)
    owner = Owner(person_of(request).pk, principal_of(request).workspace_id)
    kept = {}
    for name in ("file", "side"):
        content = form.cleaned_data[name]
        if content is None:
            continue
        try:
            kept[name] = files.store(
                content=content, name=content.name or "", purpose=sweeping.UPLOAD, owner=owner
            ).pk
        except Exception as error:  # noqa: BLE001 only anticipated errors have words; others are raised again
            form.add_error(name, problems.words(error))
            return _list(request, collection, form)
    target = redirect("vector_import_new", pk=pk)
    target["Location"] += f"?{urlencode(kept)}"
    return target


@needs("vector.rows.upsert")
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """The columns of a file as guessed or chosen, its first rows, and the button that starts."""
    collection = collection_of(request, pk)
    given = Files(_file(request, "file"), _file(request, "side") if "side" in request.GET else None)
    try:
        looked = asking.preview(collection=collection, wish=Wish(given))
    except Exception as error:  # noqa: BLE001 only anticipated errors have words; others are raised again
        return _list(
            request, collection, fault=getattr(error, "detail", "") or problems.words(error)
        )
    form = ImportForm(
        request.POST or None,
        columns=[one.name for one in looked.fields],
        objects=frozenset(one.name for one in looked.fields if one.kind == OBJECT),
        initial=_initial(looked),
    )
    if request.method == "POST" and form.is_valid():
        wish = Wish(
            given,
            looked.format,
            form.mapping(),
            form.cleaned_data["namespace"],
            form.cleaned_data["write_mode"],
            form.cleaned_data["on_error"],
        )
        if "look" in request.POST:
            looked = _looked_at(form, collection, wish) or looked
        elif _started(request, form, collection, wish):
            messages.success(request, _("It is under way."))
            return redirect("vector_imports", pk=pk)
    context = {
        **frame(request, collection, "imports"),
        "form": form,
        "looked": looked,
        "file": given.main,
        "refused": sum(1 for _line, _row, code, _detail in looked.rows if code),
    }
    return render(request, "vectors/import.html", context)


@require_GET
@needs("vector.collection.query")
def rejected(request: HttpRequest, task_id: UUID) -> HttpResponseBase:
    """The rows of an import that were refused, as a file."""
    principal = principal_of(request)
    found = Task.objects.filter(workspace_id=principal.workspace_id, type=asking.KIND)
    task = get_object_or_404(found, pk=task_id)
    collection = collection_of(request, int(task.subject_id))
    outcome = listing.outcome(task)
    kept = File.objects.live(timezone.now()).filter(workspace_id=collection.workspace_id)
    file = get_object_or_404(kept, pk=outcome.rejected_file)
    return delivery.serve(request, file, inline=False)


def _looked_at(form: ImportForm, collection: VectorCollection, wish: Wish) -> Preview | None:
    try:
        return asking.preview(collection=collection, wish=wish)
    except MappingInvalid as error:
        form.add_error(None, error.faults[0][2])
        return None


def _started(
    request: HttpRequest, form: ImportForm, collection: VectorCollection, wish: Wish
) -> bool:
    principal = principal_of(request)
    if wish.write_mode == asking.REPLACE and not principal.may("vector.rows.delete"):
        form.add_error("write_mode", _("You may not delete rows here."))
        return False
    try:
        asking.ask(collection=collection, wish=wish, by=By.principal(principal))
    except MappingInvalid as error:
        form.add_error(None, error.faults[0][2])
    except Exception as error:  # noqa: BLE001 only anticipated errors have words; others are raised again
        form.add_error(None, getattr(error, "detail", "") or problems.words(error))
    return form.is_valid()


def _initial(looked: Preview) -> dict[str, Any]:
    found = looked.mapping.shown()
    payload = found["payload"]
    return {
        **{name: found[name] for name in ("id", "vector", "document")},
        "namespace_column": found["namespace"],
        "payload": [payload] if isinstance(payload, str) else list(payload),
    }


def _file(request: HttpRequest, name: str) -> File:
    principal = principal_of(request)
    try:
        number = UUID(request.GET.get(name, ""))
    except ValueError as error:
        raise Http404 from error
    found = File.objects.visible_to(principal).filter(workspace_id=principal.workspace_id)
    return get_object_or_404(found, pk=number)


def _list(
    request: HttpRequest,
    collection: VectorCollection,
    form: UploadForm | None = None,
    fault: str = "",
) -> HttpResponse:
    tasks = listing.of(collection).order_by("-created_at")[:SHOWN]
    context = {
        **frame(request, collection, "imports"),
        "form": form or UploadForm(),
        "fault": fault,
        "imports": [(task, listing.outcome(task)) for task in tasks],
        "max_bytes": configs.value("vectors.import_max_bytes", collection.workspace_id),
    }
    return render(request, "vectors/imports.html", context)
