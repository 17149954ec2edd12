"""The glossary as pages: what the words of the house mean, the broken ones first."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web import outside
from accounts.web.access import needs, person_of, principal_of
from accounts.web.lists import cursor_page
from accounts.web.problems import words
from laojun.audit import Actor
from querygpt.knowledge import checking, terms
from querygpt.knowledge.checking import Fault
from querygpt.knowledge.refusals import ExpressionRefused, NotChecked
from querygpt.knowledge_forms import TermForm
from querygpt.models import Term
from querygpt.views.teaching import afterwards

PAGE_SIZE = 50
MOST_BROKEN = 50


@require_GET
@needs("connection.view")
def index(request: HttpRequest) -> HttpResponse:
    """The words that hold here; what is broken stands above them with its reason."""
    principal = principal_of(request)
    rows = Term.objects.visible_to(principal).select_related("connection")
    if asked := request.GET.get("q", "").strip()[:100]:
        rows = rows.filter(
            Q(name_zh__icontains=asked) | Q(name_en__icontains=asked) | Q(synonyms__icontains=asked)
        )
    found, following = cursor_page(request, rows.exclude(state=Term.State.BROKEN), PAGE_SIZE)
    context = {
        "tab": "terms",
        "asked": asked,
        "broken": rows.filter(state=Term.State.BROKEN).order_by("-pk")[:MOST_BROKEN],
        "rows": found,
        "next": following,
        "may_update": principal.may("knowledge.update"),
    }
    return render(request, "query/terms.html", context)


@needs("knowledge.update")
def new(request: HttpRequest) -> HttpResponse:
    """Teach a word."""
    return _form(request, None)


@needs("knowledge.update")
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change a word."""
    return _form(request, _term(request, pk))


@require_POST
@needs("knowledge.update")
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    term = _term(request, pk)
    name = str(term)
    terms.remove(term=term, actor=Actor.of_principal(principal_of(request)))
    messages.success(request, _("%(name)s is deleted.") % {"name": name})
    return redirect("query_terms")


@require_POST
@needs("knowledge.update")
def check(request: HttpRequest) -> HttpResponse:
    """What the guard says of what stands in the form so far."""
    principal = principal_of(request)
    form = TermForm(request.POST, principal=principal)
    form.full_clean()
    given = form.cleaned_data
    kind, table = given.get("kind", ""), given.get("table", "")
    expression = given.get("expression", "")
    if not table or (not expression and kind != Term.Kind.ALIAS):
        return render(request, "query/_check.html", {})
    places = terms.places_of(
        workspace_id=principal.workspace_id or 0, connection=given.get("connection")
    )

    def answer() -> HttpResponse:
        try:
            fault = checking.of_term(
                connections=places, kind=kind, table=table, expression=expression
            )
        except NotChecked as error:
            return render(request, "query/_check.html", {"trouble": words(error)})
        return render(request, "query/_check.html", {"fault": fault, "is_asked": True})

    return outside.later(answer)


def _term(request: HttpRequest, pk: UUID) -> Term:
    rows = Term.objects.visible_to(principal_of(request)).select_related("connection")
    return get_object_or_404(rows, pk=pk)


def _form(request: HttpRequest, term: Term | None) -> HttpResponse:
    principal = principal_of(request)
    initial = {} if term is None else _shown(term)
    form = TermForm(request.POST or None, principal=principal, initial=initial)

    def page() -> HttpResponse:
        context = {"tab": "terms", "form": form, "term": term}
        status = 400 if form.is_bound else 200
        return render(request, "query/term.html", context, status=status)

    if request.method != "POST" or not form.is_valid():
        return page()
    given = form.wishes()
    places = terms.places_of(
        workspace_id=principal.workspace_id or 0, connection=given["connection"]
    )
    ask = partial(
        checking.of_term,
        connections=places,
        kind=given["kind"],
        table=given["table"],
        expression=given["expression"],
    )

    def write(fault: Fault | None) -> HttpResponse:
        if fault is not None and given["state"] != Term.State.OFF:
            raise ExpressionRefused(fault.rule, fault.reason)
        _save(request, term, given)
        messages.success(request, _("Saved."))
        return redirect("query_terms")

    return afterwards(request, form, ask=ask, write=write, again=page, field="expression")


def _save(request: HttpRequest, term: Term | None, given: dict[str, Any]) -> None:
    principal = principal_of(request)
    actor = Actor.of_principal(principal)
    if term is None:
        terms.create(
            workspace_id=principal.workspace_id or 0,
            given=given,
            by=person_of(request),
            actor=actor,
        )
        return
    locked = Term.objects.visible_to(principal).select_for_update(of=("self",)).get(pk=term.pk)
    terms.change(term=locked, given=given, actor=actor)


def _shown(term: Term) -> dict[str, Any]:
    plain = {name: getattr(term, name) for name in terms.FACTS if name != "connection_id"}
    return {
        **plain,
        "connection": term.connection_id,
        "synonyms": ", ".join(term.synonyms),
        "is_off": term.state == Term.State.OFF,
    }
