"""The pages of imports: a book brought, its plan judged, its chapters written, all of it taken back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.registry import problems
from accounts.web.access import needs, principal_of
from accounts.web.problems import words
from laojun import files
from laojun.models import File
from studio import naming
from studio.book_forms import ConfirmForm, ReadingForm
from studio.importing import patterns, plans, uploads
from studio.importing.source import Unreadable
from studio.models import Import, Work
from studio.views.live import live_part
from taishang.models import Task

SHOWN = 50
# Three fields for each piece, and a form of at most a thousand.
PIECES_SHOWN = 300
State = Import.State
BUSY = (State.UPLOADED, State.READING, State.ADJUSTING, State.IMPORTING)
REFUSALS = (
    Unreadable,
    files.FileTooLarge,
    files.StorageQuotaExceeded,
    files.StorageFull,
    uploads.WrongState,
    uploads.NothingToImport,
    plans.NoSuchPiece,
    patterns.PatternInvalid,
)
FLAGS = {
    "gap": gettext_lazy("a number is missing before it"),
    "repeat": gettext_lazy("the number comes twice"),
    "order": gettext_lazy("the number is out of order"),
    "short": gettext_lazy("very short"),
    "long": gettext_lazy("very long"),
}
WARNINGS = {
    "undecodable": gettext_lazy(
        "Some bytes do not fit the encoding; choose another one, or mend these places."
    ),
    "hard_wrapped": gettext_lazy("The lines were cut to a width; you may have them joined."),
    "images": gettext_lazy("Pictures are left out."),
    "missing": gettext_lazy("Documents that the book names are not in it."),
}
REASONS = {
    "pdf": gettext_lazy("A PDF holds pages, not a text. Bring the document it was made from."),
    "old_word": gettext_lazy("This is an old Word file. Save it as .docx."),
    "encrypted": gettext_lazy("The document is encrypted. Save it without a password."),
    "damaged": gettext_lazy("The document is damaged. Save it anew."),
    "not_text": gettext_lazy("This is no text."),
}


@require_GET
@needs("work.create")
def index(request: HttpRequest) -> HttpResponse:
    """One's imports, and the place to bring a book."""
    rows = Import.objects.visible_to(principal_of(request)).defer("plan", "warnings")
    found = list(rows.order_by("-created_at")[:SHOWN])
    names = File.objects.filter(pk__in=[row.file_id for row in found])
    titles = dict(names.values_list("pk", "original_filename"))
    context = {"rows": [(row, titles.get(row.file_id, "")) for row in found]}
    return render(request, "studio/imports.html", context)


@require_POST
@needs("work.create")
def bring(request: HttpRequest) -> HttpResponse:
    """Keep a file and have it read."""
    upload: Any = request.FILES.get("file")
    if upload is None:
        messages.error(request, _("Choose a file first."))
        return redirect("studio_imports")
    head = upload.read(uploads.HEAD_BYTES)
    upload.seek(0)
    try:
        row, _task = uploads.begin(
            principal=principal_of(request), content=upload.chunks(), name=upload.name, head=head
        )
    except REFUSALS as refused:
        messages.error(request, _said(refused))
        return redirect("studio_imports")
    return redirect("studio_import", pk=row.pk)


@require_GET
@never_cache
@needs("work.create")
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Whatever the import is at: its bar, its plan, its end."""
    row = _row(request, pk)
    return _page(request, row)


@require_GET
@needs("work.create")
def of_task(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Where a notice about a task leads."""
    rows = Import.objects.visible_to(principal_of(request))
    return redirect("studio_import", pk=get_object_or_404(rows, task_id=task_id).pk)


@require_POST
@needs("work.create")
def read_anew(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Another encoding, pattern or way of keeping the text."""
    row = _row(request, pk)
    form = ReadingForm(request.POST)
    if not form.is_valid():
        return _page(request, row, reading=form)
    try:
        uploads.adjust(
            principal=principal_of(request), row=row, options=form.cleaned_data, changes=[]
        )
    except REFUSALS as refused:
        messages.error(request, _said(refused))
    return redirect("studio_import", pk=pk)


@require_POST
@needs("work.create")
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Titles and ticks of all rows, and one deed of one row."""
    row = _row(request, pk)
    try:
        uploads.adjust(
            principal=principal_of(request), row=row, options={}, changes=_changes(request, row)
        )
    except REFUSALS as refused:
        messages.error(request, _said(refused))
    return redirect("studio_import", pk=pk)


@require_POST
@needs("work.create")
def confirm(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Have the chapters written."""
    row = _row(request, pk)
    form = ConfirmForm(request.POST, works=_works(request))
    if not form.is_valid():
        return _page(request, row, confirming=form)
    try:
        uploads.confirm(principal=principal_of(request), row=row, **form.cleaned_data)
    except REFUSALS as refused:
        messages.error(request, _said(refused))
    return redirect("studio_import", pk=pk)


@require_GET
@needs("work.create")
def places(request: HttpRequest) -> HttpResponse:
    """The chapters of a chosen work, to come behind one of them."""
    form = ConfirmForm(request.GET, works=_works(request))
    form.is_valid()
    work = form.cleaned_data.get("work")
    lines = naming.outline(work).lines if work else []
    return render(request, "studio/_import_places.html", {"lines": lines})


@require_POST
@needs("work.create")
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Let it go, or take back what it wrote."""
    row, principal = _row(request, pk), principal_of(request)
    try:
        if row.state == State.DONE:
            count = uploads.undo(principal=principal, row=row)
            messages.success(
                request,
                ngettext("%(n)s chapter lies in the bin.", "%(n)s chapters lie in the bin.", count)
                % {"n": count},
            )
        else:
            uploads.cancel(principal=principal, row=row)
            messages.success(request, _("The import is gone."))
    except REFUSALS as refused:
        messages.error(request, _said(refused))
    return redirect("studio_imports")


def _row(request: HttpRequest, pk: UUID) -> Import:
    return get_object_or_404(Import.objects.visible_to(principal_of(request)), pk=pk)


def _works(request: HttpRequest) -> Any:
    return Work.objects.editable_by(principal_of(request)).order_by("-updated_at")


def _page(
    request: HttpRequest,
    row: Import,
    *,
    reading: ReadingForm | None = None,
    confirming: ConfirmForm | None = None,
) -> HttpResponse:
    plan = row.plan or {}
    pieces = plan.get("pieces", [])
    stored = File.objects.filter(pk=row.file_id).first()
    first = _first(request, len(pieces))
    is_bound = reading is not None or confirming is not None
    context = {
        "row": row,
        "name": stored.original_filename if stored else "",
        "task": Task.objects.filter(pk=row.task_id).first(),
        "is_busy": row.state in BUSY,
        "plan": plan,
        "pieces": [
            _shown(place, piece)
            for place, piece in enumerate(pieces)
            if first <= place < first + PIECES_SHOWN
        ],
        "first": first,
        "previous": max(0, first - PIECES_SHOWN) if first else None,
        "following": first + PIECES_SHOWN if first + PIECES_SHOWN < len(pieces) else None,
        "chapters": sum(one["kind"] == "chapter" and not one["is_skipped"] for one in pieces),
        "flagged": sum(bool(one["flags"]) for one in pieces),
        "warnings": [
            {**one, "said": WARNINGS.get(one["code"], one["code"])} for one in row.warnings
        ],
        "confidence": round(100 * (row.encoding_confidence or 0)),
        "fault": _fault(row),
        "reading": reading or ReadingForm(initial=row.options),
        "confirming": confirming
        or ConfirmForm(
            works=_works(request),
            initial={
                "title": plan.get("title")
                or (stored.original_filename.rpartition(".")[0] if stored else "")
            },
        ),
    }
    if request.headers.get("HX-Request"):
        return live_part(request, "studio/_import_body.html", context, is_live=row.state in BUSY)
    return render(request, "studio/import.html", context, status=400 if is_bound else 200)


def _first(request: HttpRequest, count: int) -> int:
    """Where this page of the plan begins."""
    wanted = request.GET.get("from", "")
    if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 7):
        return 0
    return min(int(wanted), max(0, count - 1)) // PIECES_SHOWN * PIECES_SHOWN


def _shown(place: int, piece: dict[str, Any]) -> dict[str, Any]:
    return {**piece, "place": place, "said": [FLAGS[flag] for flag in piece["flags"]]}


def _fault(row: Import) -> str:
    code, _colon, reason = row.error_code.partition(":")
    problem = problems.get(code)
    if not code:
        return ""
    return str(REASONS.get(reason) or (f"{problem.title} ({reason})" if problem else code))


def _said(refused: Any) -> str:
    reason = getattr(refused, "reason", "")
    if reason in REASONS:
        return str(REASONS[reason])
    return str(words(refused))


def _changes(request: HttpRequest, row: Import) -> list[dict[str, Any]]:
    """What differs between the form and the plan, then the deed of the button that was pressed."""
    found: list[dict[str, Any]] = []
    for place, piece in enumerate(row.plan.get("pieces", [])):
        title = request.POST.get(f"title-{place}")
        if title is None:
            continue
        if title != piece["title"]:
            found.append({"op": "retitle", "piece": place, "title": title})
        if (f"keep-{place}" in request.POST) == piece["is_skipped"]:
            found.append({"op": "keep" if piece["is_skipped"] else "skip", "piece": place})
        if (f"number-{place}" in request.POST) != piece["is_numbered"]:
            found.append({"op": "unnumber" if piece["is_numbered"] else "number", "piece": place})
    deed, _colon, place_text = request.POST.get("deed", "").partition(":")
    if place_text.isascii() and place_text.isdigit() and deed in {"merge", "split"}:
        before = request.POST.get(f"before-{place_text}", "")
        found.append({"op": deed, "piece": int(place_text[:6]), "before": before})
    return found
