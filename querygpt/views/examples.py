"""Examples as pages: questions with their SQL, tried and approved here."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts import tenancy
from accounts.web import outside
from accounts.web.access import needs, person_of, principal_of
from accounts.web.lists import cursor_page
from accounts.web.problems import words
from laojun.audit import Actor
from querygpt.knowledge import checking, examples
from querygpt.knowledge.checking import Fault
from querygpt.knowledge.refusals import ExampleRefused, KnowledgeRefused
from querygpt.knowledge_forms import ExampleForm
from querygpt.models import Example, Message
from querygpt.views.teaching import afterwards

PAGE_SIZE = 50
MOST_BROKEN = 50
State = Example.State


@require_GET
@needs("connection.view")
def index(request: HttpRequest) -> HttpResponse:
    """The broken ones first with their reason, then the others, the newest first."""
    principal = principal_of(request)
    rows = Example.objects.visible_to(principal).select_related("connection")
    if asked := request.GET.get("q", "").strip()[:100]:
        rows = rows.filter(question__icontains=asked)
    found, following = cursor_page(request, rows.exclude(state=State.BROKEN), PAGE_SIZE)
    context = {
        "tab": "examples",
        "asked": asked,
        "broken": rows.filter(state=State.BROKEN).order_by("-pk")[:MOST_BROKEN],
        "rows": found,
        "next": following,
        "may_update": principal.may("knowledge.update"),
    }
    return render(request, "query/examples.html", context)


@needs("knowledge.update")
def new(request: HttpRequest) -> HttpResponse:
    """Draft an example; `question`, `sql` and `connection` of the address fill the form, or an `answer` that was given."""
    return _form(request, None)


@needs("knowledge.update")
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change an example, or approve it."""
    return _form(request, _example(request, pk))


@require_POST
@needs("knowledge.approve")
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Run the statement once; where it runs, it answers its question from now on."""
    principal = principal_of(request)
    example, person = _example(request, pk), person_of(request)

    def answer() -> HttpResponse:
        try:
            ran = examples.try_out(
                example=example, by=person, trace_id=getattr(request, "trace_id", "")
            )
            with tenancy.entered(principal.context), transaction.atomic():
                examples.approve(
                    example=example,
                    seen=example.version,
                    by=person,
                    actor=Actor.of_principal(principal),
                )
            told = _("Approved after a trial that brought %(count)s rows.")
            messages.success(request, told % {"count": ran.rows_count})
        except KnowledgeRefused as refused:
            reason = refused.members.get("reason", "")
            messages.error(request, f"{words(refused)} {reason}".strip())
        return redirect("query_example", pk=example.pk)

    return outside.later(answer)


@require_POST
@needs("knowledge.approve")
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = Actor.of_principal(principal_of(request))
    examples.withdraw(example=_example(request, pk, lock=True), actor=actor)
    messages.success(request, _("It answers nobody until it is approved again."))
    return redirect("query_example", pk=pk)


@require_POST
@needs("knowledge.update")
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    actor = Actor.of_principal(principal_of(request))
    examples.remove(example=_example(request, pk, lock=True), actor=actor)
    messages.success(request, _("The example is deleted."))
    return redirect("query_examples")


def _example(request: HttpRequest, pk: UUID, *, lock: bool = False) -> Example:
    rows = Example.objects.visible_to(principal_of(request)).select_related("connection")
    return get_object_or_404(rows.select_for_update(of=("self",)) if lock else rows, pk=pk)


def _form(request: HttpRequest, example: Example | None) -> HttpResponse:
    principal = principal_of(request)
    form = ExampleForm(
        request.POST or None,
        principal=principal,
        fixed=example is not None,
        initial=_shown(example) if example else _asked(request),
    )

    def page() -> HttpResponse:
        context = {
            "tab": "examples",
            "form": form,
            "example": example,
            "may_approve": principal.may("knowledge.approve"),
        }
        status = 400 if form.is_bound else 200
        return render(request, "query/example.html", context, status=status)

    if request.method != "POST" or not form.is_valid():
        return page()
    given, connection = form.wishes(), form.cleaned_data["connection"]

    def write(fault: Fault | None) -> HttpResponse:
        if fault is not None:
            raise ExampleRefused(fault.rule, fault.reason)
        actor = Actor.of_principal(principal)
        if example is None:
            made = examples.draft(connection=connection, given=given, actor=actor)
        else:
            locked = _example(request, example.pk, lock=True)
            made = examples.change(example=locked, given=given, actor=actor)
        messages.success(request, _("Saved as a draft."))
        return redirect("query_example", pk=made.pk)

    ask = partial(checking.of_statement, connection=connection, sql=given["sql"])
    return afterwards(request, form, ask=ask, write=write, again=page, field="sql")


def _shown(example: Example) -> dict[str, Any]:
    plain = {name: getattr(example, name) for name in ("question", "language", "sql")}
    return {**plain, "connection": example.connection_id}


def _asked(request: HttpRequest) -> dict[str, Any]:
    if number := request.GET.get("answer"):
        return _answered(request, number)
    given = {name: request.GET.get(name, "") for name in ("question", "sql", "connection")}
    return {**given, "language": request.GET.get("language", "zh")}


def _answered(request: HttpRequest, number: str) -> dict[str, Any]:
    """What an answer would teach. An answer this person may not see teaches nothing."""
    try:
        wanted = UUID(number)
    except ValueError:
        return {}
    rows = Message.objects.visible_to(principal_of(request))
    answer = rows.select_related("reply_to", "conversation").filter(pk=wanted).first()
    if answer is None or answer.reply_to is None:
        return {}
    return {
        "question": answer.reply_to.content,
        "language": answer.language,
        "sql": answer.metadata.get("sql") or "",
        "connection": answer.conversation.connection_id,
    }
