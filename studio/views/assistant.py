"""The AI beside the text: what would be sent, the answer as it comes, its proposals, the remarks it found."""

from __future__ import annotations

from operator import attrgetter
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from studio import context, findings, proposals
from studio.agent_forms import OFFERED, HelpForm, ToolForm, agents_for
from studio.agents import builtin
from studio.models import AIRequest, Chapter, Chat, Finding, Proposal, Work
from studio.models.base import moment_of
from studio.requests import asking, live, stopping, wishes
from studio.requests import tools as text_tools
from studio.requests.refusals import ContextChanged
from studio.views import proposing
from studio.views.access import chapter_of, may, work_of
from taishang.catalogue import references
from taishang.catalogue.references import Place
from taishang.quotas import standing
from taishang.quotas.standing import Scope

INBOX = 20
# A page without a stream asks again every two seconds.
POLLED_SECONDS = 15
CHANGING = ("rewrite", "polish", "expand", "condense")


@require_GET
@never_cache
@needs("work.view")
def panel(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """What one may ask, and what waits to be decided."""
    chapter = chapter_of(request, work_id, chapter_id, text=False)
    principal = principal_of(request)
    models = references.usable(_place(request), "chat") if may(request, chapter.work, "ai") else []
    shown = {
        "work": chapter.work,
        "chapter": chapter,
        "offered": OFFERED,
        "changing": CHANGING,
        "agents": _offered_agents(request, chapter.work),
        "models": models,
        "may_ask": may(request, chapter.work, "ai"),
        "has_tools": text_tools.are_here(principal.workspace_id),
        "may_connect": principal.may("model.own"),
        "is_off": chapter.work.settings.get(wishes.SETTING) is False,
        **_inbox(request, chapter),
    }
    return render(request, "studio/_assistant.html", shown)


@require_POST
@needs("model.use")
def preview(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Exactly what would be sent, before anything is."""
    work = work_of(request, work_id, "ai")
    form = HelpForm(request.POST)
    if not form.is_valid():
        return proposing.fault(request, "validation_error", form)
    try:
        given = _given(request, work, form)
        wish = wishes.wish(principal=principal_of(request), work=work, given=given)
        built = context.build(principal=principal_of(request), wish=wish)
    except proposing.REFUSALS as error:
        return proposing.refused(request, error)
    shown = {"preview": context.preview(built), "work": work, "form": form}
    return render(request, "studio/_context.html", _labelled(request, shown))


@require_POST
@needs("model.use")
def ask(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """Send what was shown; where that has changed meanwhile, show it again."""
    work = work_of(request, work_id, "ai")
    form = HelpForm(request.POST)
    if not form.is_valid():
        return proposing.fault(request, "validation_error", form)
    principal = principal_of(request)
    try:
        wish = wishes.wish(principal=principal, work=work, given=_given(request, work, form))
        asked = asking.ask(
            principal=principal,
            wish=wish,
            base_revision=form.cleaned_data["base_revision"],
            context_sha256=form.cleaned_data["context_sha256"],
            variants=form.cleaned_data["variants"] or 1,
        )
    except ContextChanged as changed:
        shown = {"preview": changed.members["preview"], "work": work, "form": form, "changed": True}
        return render(request, "studio/_context.html", _labelled(request, shown))
    except proposing.REFUSALS as error:
        return proposing.refused(request, error)
    return _card(request, asked.request)


@require_POST
@needs("model.use")
def tools(request: HttpRequest, work_id: UUID, chapter_id: UUID) -> HttpResponse:
    """Ask the text tools among the plugins about the passage that is selected."""
    work = work_of(request, work_id, "ai")
    chapter = chapter_of(request, work_id, chapter_id)
    form = ToolForm(request.POST)
    if not form.is_valid():
        return proposing.fault(request, "validation_error", form)
    given = form.cleaned_data
    span = given.pop("range_start"), given.pop("range_end")
    try:
        asked = text_tools.ask(
            principal=principal_of(request), work=work, chapter=chapter, span=span, **given
        )
    except proposing.REFUSALS as error:
        return proposing.refused(request, error)
    return _card(request, asked)


@require_GET
@never_cache
@needs("work.view")
def card(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """One request as it stands."""
    return _card(request, request_of(request, request_id))


@require_POST
@needs("work.view")
def stop(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """End it; what had arrived is kept."""
    found = request_of(request, request_id)
    stopping.stop(principal=principal_of(request), request=found)
    return _card(request, request_of(request, request_id))


@require_POST
@needs("work.update")
def discard(request: HttpRequest, proposal_id: UUID) -> HttpResponseBase:
    """Refuse a proposal."""
    rows = Proposal.objects.editable_by(principal_of(request)).select_related("chapter")
    found = get_object_or_404(rows, pk=proposal_id)
    try:
        proposals.discard(principal=principal_of(request), proposal=found)
    except proposals.ProposalClosed:
        found.refresh_from_db()
    return proposal(request, proposal_id)


@never_cache
@needs("work.view")
def proposal(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """One proposal as it stands now, beside the text it would change."""
    rows = Proposal.objects.visible_to(principal_of(request)).select_related("chapter", "work")
    found = get_object_or_404(rows, pk=proposal_id)
    return render(request, "studio/_proposal.html", {"one": proposing.shown(request, found)})


@require_POST
@needs("work.update")
def decide(request: HttpRequest, finding_id: UUID) -> HttpResponse:
    """Say what became of a remark."""
    rows = Finding.objects.editable_by(principal_of(request)).select_related("chapter", "work")
    found = get_object_or_404(rows, pk=finding_id)
    state = request.POST.get("state", "")
    if state not in Finding.State.values:
        raise Http404
    try:
        found = findings.decide(principal=principal_of(request), finding=found, state=state)
    except findings.FindingMoved:
        found.refresh_from_db()
    return render(request, "studio/_finding.html", {"one": found, "may_decide": True})


def request_of(request: HttpRequest, request_id: UUID) -> AIRequest:
    rows = AIRequest.objects.visible_to(principal_of(request)).select_related("work", "chapter")
    return get_object_or_404(rows, pk=request_id, created_at=moment_of(request_id))


def _card(request: HttpRequest, found: AIRequest) -> HttpResponse:
    shown = proposing.card(request, found)
    if shown["is_live"]:
        live.watched(found.pk, POLLED_SECONDS)
    return render(request, "studio/_request.html", {"card": shown})


def _inbox(request: HttpRequest, chapter: Chapter) -> dict[str, Any]:
    """What is under way, what waits to be decided, what was found."""
    mine = AIRequest.objects.visible_to(principal_of(request)).filter(chapter=chapter)
    waiting = Proposal.objects.visible_to(principal_of(request)).filter(chapter=chapter)
    undecided = waiting.filter(state__in=[*proposals.OPEN, Proposal.State.STALE])
    remarks = Finding.objects.visible_to(principal_of(request)).filter(chapter=chapter).open()
    live = [proposing.card(request, one) for one in mine.live().select_related("work", "chapter")]
    rows = undecided.select_related("chapter", "work").order_by("-created_at")[:INBOX]
    return {
        "live": live,
        "waiting": [proposing.shown(request, one) for one in rows],
        "remarks": remarks.order_by("-severity", "created_at")[:INBOX],
        "may_decide": may(request, chapter.work, "write"),
    }


def _offered_agents(request: HttpRequest, work: Work) -> list[Any]:
    """Own and shared agents, and the platform's in the language of the work."""
    language = builtin.language_of(work.language)
    found = agents_for(principal_of(request))
    return [one for one in found if not one.is_builtin or one.subcategory.endswith(f".{language}")]


def _given(request: HttpRequest, work: Work, form: HelpForm) -> dict[str, Any]:
    """What was said; a talk goes on in the person's last one about this work."""
    given = form.given()
    given["chapter"] = _uuid(request.POST.get("chapter", ""))
    if given["type"] == "chat":
        chats = Chat.objects.visible_to(principal_of(request)).filter(work=work)
        given["chat"] = chats.order_by("-updated_at").values_list("pk", flat=True).first()
    return given


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _place(request: HttpRequest) -> Place:
    principal = principal_of(request)
    return Place(principal.workspace_id, principal.user.pk if principal.user else None)


def _labelled(request: HttpRequest, shown: dict[str, Any]) -> dict[str, Any]:
    """Parts with words for why they are in or out, and what is left of the person's quota."""
    preview = shown["preview"]
    for part in (*preview["parts"], *preview["dropped"]):
        part["why"] = proposing.why(part["reason"])
        part["what"] = proposing.what(part)
    return {**shown, "language": get_language(), "left": _left(request)}


def _left(request: HttpRequest) -> list[Scope]:
    """The limit that is reached first, for each unit that has one."""
    principal = principal_of(request)
    if principal.workspace_id is None:
        return []
    found = standing.of(workspace_id=principal.workspace_id, user=principal.user).scopes
    limited = sorted(
        (one for one in found if one.remaining is not None), key=attrgetter("remaining")
    )
    return list({one.unit: one for one in reversed(limited)}.values())
