"""The rows of a collection as pages: search them, browse them, add some, let one go."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts import tenancy
from accounts.web import problems
from accounts.web.access import needs, person_of, principal_of
from accounts.web.lists import cursor_page
from accounts.web.outside import later
from taishang.models import VectorCollection, VectorRow
from taishang.vector_forms import RowsForm
from taishang.vectors import deleting, embedding, following, hidden, queries, querying, writing
from taishang.vectors.queries import QueryInvalid
from taishang.vectors.querying import Reply
from taishang.views.vectors.collections import attempted, collection_of, frame

PAGE_SIZE = 20
SHOWN = 20
WORDS, MEANING, BOTH = "words", "meaning", "both"


@require_GET
@needs("vector.collection.query")
def search(request: HttpRequest, pk: int) -> HttpResponse:
    """Search by words, by meaning where a model reads texts, and by example."""
    collection = collection_of(request, pk)
    asked = request.GET.get("q", "").strip()
    like = request.GET.get("like", "")
    modes = [BOTH, MEANING, WORDS] if collection.model_id else [WORDS]
    mode = request.GET.get("mode", modes[0])
    mode = mode if mode in modes else modes[0]
    context = {"asked": asked, "like": like, "mode": mode, "modes": modes}
    if not asked and not like:
        return _shown(request, collection, context)
    sent = _sent(request, asked, like, mode)
    try:
        query = queries.read(sent, collection)
    except QueryInvalid as error:
        context["fault"] = error.faults[0][2]
        return _shown(request, collection, context)
    if query.text is not None:
        return later(partial(_by_text, request, pk, query, context))
    return _found(request, collection, query, context)


@require_GET
@needs("vector.collection.query")
def browse(request: HttpRequest, pk: int) -> HttpResponse:
    """The rows, newest first, those that could not be embedded by their own link; a form to add some."""
    collection = collection_of(request, pk)
    seen = VectorRow.objects.filter(collection=collection).exclude(hidden.among())
    rows = seen.defer("embedding", "tsv")
    state = request.GET.get("state", "")
    if state in VectorRow.EmbedState.values:
        rows = rows.filter(embed_state=state)
    found, following_page = cursor_page(request, rows, PAGE_SIZE)
    return _rows_page(request, collection, found, following_page, RowsForm())


@require_POST
@needs("vector.rows.upsert")
def add(request: HttpRequest, pk: int) -> HttpResponse:
    """Write the rows of the form: texts, one on a line, or JSON rows."""
    collection = collection_of(request, pk)
    form = RowsForm(request.POST, embeds=collection.model_id is not None)
    written: list[writing.Written] = []

    def write() -> None:
        written.append(writing.upsert(collection=collection, sent=form.rows()))
        following.after_write(collection=collection, entry=written[0].entry)

    if not (form.is_valid() and attempted(form, write)):
        return _rows_page(request, collection, [], None, form)
    changed = len(written[0].ids)
    text = ngettext("%(count)s row is written.", "%(count)s rows are written.", changed)
    messages.success(request, text % {"count": changed})
    return redirect("vector_rows", pk=pk)


@require_POST
@needs("vector.rows.delete")
def remove(request: HttpRequest, pk: int, row: int) -> HttpResponse:
    collection = collection_of(request, pk)
    found = get_object_or_404(VectorRow.objects.filter(collection=collection), pk=row)
    deleting.by_ids(
        collection=collection, external_ids=[found.external_id], namespace=found.namespace
    )
    messages.success(request, _("%(name)s is deleted.") % {"name": found.external_id})
    return redirect("vector_rows", pk=pk)


def _sent(request: HttpRequest, asked: str, like: str, mode: str) -> dict[str, Any]:
    sent: dict[str, Any] = {
        "namespace": request.GET.get("namespace", "*"),
        "include": ["payload", "document"],
        "top_k": SHOWN,
    }
    if like:
        return {**sent, "id": like, "namespace": request.GET.get("namespace", "")}
    if mode == WORDS:
        return {**sent, "hybrid": {"keyword": asked}}
    return {**sent, "text": asked, **({"hybrid": {}} if mode == BOTH else {})}


def _by_text(
    request: HttpRequest, pk: int, query: queries.Query, context: dict[str, Any]
) -> HttpResponse:
    """The text is embedded while no transaction is open."""
    principal = principal_of(request)
    try:
        with tenancy.entered(principal.context):
            collection = collection_of(request, pk)
            model = embedding.model_of(collection)
        vector = embedding.of_text(
            collection=collection, model=model, text=query.text or "", user=person_of(request)
        )
    except Exception as error:  # noqa: BLE001 only anticipated errors have words; others are raised again
        context["fault"] = problems.words(error)
        with tenancy.entered(principal.context):
            return _shown(request, collection_of(request, pk), context)
    with tenancy.entered(principal.context):
        return _found(request, collection_of(request, pk), query, context, vector)


def _found(
    request: HttpRequest,
    collection: VectorCollection,
    query: queries.Query,
    context: dict[str, Any],
    vector: Any = None,
) -> HttpResponse:
    try:
        reply = querying.search(collection=collection, query=query, text_vector=vector)
    except (VectorRow.DoesNotExist, querying.NotEmbedded):
        context["fault"] = _("This row is not there any more, or has no vector yet.")
        return _shown(request, collection, context)
    return _shown(request, collection, {**context, "reply": reply, "cards": _cards(reply)})


def _cards(reply: Reply) -> list[dict[str, Any]]:
    """Matches with a bar relative to this list: absolute scores of models mean little."""
    scores = [match.score or 0.0 for match in reply.matches]
    low, high = min(scores, default=0.0), max(scores, default=0.0)
    spread = (high - low) or 1.0
    return [
        {
            "match": match,
            "payload": orjson.loads(match.payload or "{}"),
            "share": round(20 + 80 * ((match.score or 0.0) - low) / spread),
        }
        for match in reply.matches
    ]


def _shown(
    request: HttpRequest, collection: VectorCollection, context: dict[str, Any]
) -> HttpResponse:
    return render(
        request, "vectors/search.html", {**frame(request, collection, "search"), **context}
    )


def _rows_page(
    request: HttpRequest,
    collection: VectorCollection,
    found: list[VectorRow],
    next_page: str | None,
    form: RowsForm,
) -> HttpResponse:
    context = {
        **frame(request, collection, "rows"),
        "rows": found,
        "next": next_page,
        "form": form,
        "state": request.GET.get("state", ""),
    }
    return render(request, "vectors/rows.html", context)
