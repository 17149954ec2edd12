"""The room of questions: history, thread, composer, what the database is made of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.web import problems
from accounts.web.access import needs, person_of, principal_of
from querygpt import conversations, starters
from querygpt.answering import asking
from querygpt.api.conversations import default_connection
from querygpt.api.messages import MAX_CONTENT
from querygpt.conversations import ConversationRefused
from querygpt.models import Connection, Conversation
from querygpt.models.conversation import MAX_TITLE
from querygpt.views import cards
from querygpt.views.access import conversation_of
from taishang.catalogue.references import Place, usable
from taishang.catalogue.refusals import LimitReached
from taishang.models import Kind, Model
from taishang.queue import QueueFull

HISTORY = 60
WEEK = timedelta(days=7)
ENGINES = ("auto", "planner")


@require_GET
@never_cache
@needs("conversation.view")
def index(request: HttpRequest) -> HttpResponse:
    """A new conversation: the composer, and questions to begin with."""
    return render(request, "query/chat.html", _page(request, None))


@require_GET
@never_cache
@needs("conversation.view")
def conversation(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = conversation_of(request, pk)
    return render(request, "query/chat.html", _page(request, found))


@require_GET
@never_cache
@needs("conversation.view")
def history(request: HttpRequest) -> HttpResponse:
    """The list at the left, searched and filtered."""
    return render(request, "query/_history.html", _history(request, None))


@require_POST
@needs("connection.query")
def begin(request: HttpRequest) -> HttpResponse:
    """The first question of a new conversation."""
    principal = principal_of(request)
    connection = _chosen(request) or default_connection(principal)
    if connection is None:
        messages.error(request, _("Choose a database first."))
        return _sent_to(request, reverse("query"))
    content = _content(request)
    model, engine = _model_choice(request)
    made = conversations.create(
        principal=principal,
        connection=connection,
        model=model,
        settings={"engine": engine} if engine != "auto" else {},
    )
    asking.ask(principal=principal, conversation=made, content=content)
    return _sent_to(request, reverse("query_conversation", args=[made.pk]))


@require_POST
@needs("connection.query")
def ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One more question; the reply is its turn, to be put at the end of the thread."""
    found = conversation_of(request, pk)
    content = _content(request)
    try:
        asked = asking.ask(principal=principal_of(request), conversation=found, content=content)
    except (ConversationRefused, LimitReached, QueueFull) as error:
        return refused(request, error, reverse("query_conversation", args=[pk]))
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("query_conversation", pk=pk)
    asked.answer.conversation = found
    turn = cards.Turn(asked.question, cards.card(request, asked.answer, None, [asked.answer.pk]))
    return render(request, "query/_turn.html", {"turn": turn, "conversation": found})


@require_POST
@needs("conversation.update")
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Title, star, archive, database or model, whichever the form names."""
    found = conversation_of(request, pk)
    wishes = _wishes(request, found)
    held = conversations.locked(found)
    conversations.change(principal=principal_of(request), conversation=held, wishes=wishes)
    return _sent_to(request, reverse("query_conversation", args=[pk]))


@require_POST
@needs("conversation.delete")
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Gone at once; the toast brings it back."""
    found = conversations.locked(conversation_of(request, pk))
    conversations.delete(principal=principal_of(request), conversation=found)
    undo = reverse("query_restoration", args=[pk])
    messages.success(request, _("The conversation is deleted."), extra_tags=f"undo:{undo}")
    return _sent_to(request, reverse("query"))


@require_POST
@needs("conversation.delete")
def restore(request: HttpRequest, pk: UUID) -> HttpResponse:
    rows = Conversation.objects.restorable_by(principal_of(request))
    found = get_object_or_404(rows, pk=pk)
    conversations.restore(principal=principal_of(request), conversation=found)
    return _sent_to(request, reverse("query_conversation", args=[pk]))


def refused(request: HttpRequest, error: Exception, address: str) -> HttpResponse:
    """What was asked for cannot be now: said beside the composer, with everything typed still there."""
    text = problems.words(error)
    if not request.htmx:  # type: ignore[attr-defined]
        messages.error(request, text)
        return redirect(address)
    response = render(request, "query/_refused.html", {"text": text})
    response["HX-Retarget"] = "#composer-note"
    response["HX-Reswap"] = "innerHTML"
    return response


def _page(request: HttpRequest, found: Conversation | None) -> dict[str, Any]:
    principal = principal_of(request)
    askable = list(Connection.objects.askable_by(principal).in_use().order_by("name"))
    connection = found.connection if found else _chosen(request) or default_connection(principal)
    place = Place(principal.workspace_id, person_of(request).pk)
    models = usable(place, Kind.CHAT)
    return {
        "conversation": found,
        "turns": cards.turns(request, found) if found else [],
        "connection": connection,
        "connections": askable,
        "models": models,
        "has_model": bool(models),
        "engine": (found.metadata if found else {}).get("engine", "auto"),
        "starters": [] if found else starters.of(connection),
        "may_ask": principal.may("connection.query"),
        "may_connect": principal.may("connection.create"),
        "may_connect_model": principal.may("model.manage"),
        "is_archived": bool(found and found.status == Conversation.Status.COMPLETED),
        "most": MAX_CONTENT,
        **_history(request, found),
    }


def _history(request: HttpRequest, current: Conversation | None) -> dict[str, Any]:
    """Conversations by day, or those that hold the searched words; starred ones and archived ones on their own."""
    principal = principal_of(request)
    query = request.GET.get("q", "").strip()[:200]
    shown = request.GET.get("show", "")
    archived = shown == "archived"
    context: dict[str, Any] = {
        "q": query,
        "show": shown,
        "current": current,
        "groups": [],
        "hits": [],
    }
    if query:
        hits = conversations.search(principal=principal, query=query, archived=archived)
        return {**context, "hits": hits}
    rows = Conversation.objects.visible_to(principal).defer("search", "metadata")
    done = Conversation.Status.COMPLETED
    rows = rows.filter(status=done) if archived else rows.exclude(status=done)
    if shown == "starred":
        rows = rows.filter(is_favorite=True)
    rows = rows.exclude(title="")
    return {**context, "groups": _by_day(list(rows.order_by("-last_message_at")[:HISTORY]))}


def _by_day(rows: list[Conversation]) -> list[tuple[str, list[Conversation]]]:
    today = timezone.localdate()
    groups: dict[str, list[Conversation]] = {}
    for row in rows:
        day = timezone.localtime(row.last_message_at).date()
        groups.setdefault(_named(day, today), []).append(row)
    return list(groups.items())


def _named(day: date, today: date) -> str:
    if day == today:
        return _("Today")
    if day == today - timedelta(days=1):
        return _("Yesterday")
    return _("Last 7 days") if day > today - WEEK else _("Earlier")


def _content(request: HttpRequest) -> str:
    content = request.POST.get("content", "").strip()
    if not content or len(content) > MAX_CONTENT or "\x00" in content:
        raise BadRequest
    return content


def _chosen(request: HttpRequest) -> Connection | None:
    """The database that the form or the address names, if this person may ask it."""
    named = request.POST.get("connection") or request.GET.get("connection", "")
    try:
        number = UUID(named)
    except ValueError:
        return None
    return Connection.objects.askable_by(principal_of(request)).filter(pk=number).first()


def _model_choice(request: HttpRequest) -> tuple[Model | None, str]:
    """The model the form names, or the way to an answer: auto, planner."""
    named = request.POST.get("model", "")
    if named in ENGINES:
        return None, named
    place = Place(principal_of(request).workspace_id, person_of(request).pk)
    found = next((one for one in usable(place, Kind.CHAT) if str(one.pk) == named), None)
    return found, "auto"


def _wishes(request: HttpRequest, found: Conversation) -> dict[str, Any]:
    given, wishes = request.POST, dict[str, Any]()
    if "title" in given:
        wishes["title"] = given["title"].replace("\x00", "").strip()[:MAX_TITLE] or found.title
    if "starred" in given:
        wishes["is_favorite"] = given["starred"] == "yes"
    if "archived" in given:
        is_done = given["archived"] == "yes"
        wishes["status"] = Conversation.Status.COMPLETED if is_done else Conversation.Status.ACTIVE
    if "connection" in given and (connection := _chosen(request)):
        wishes["connection"] = connection
    if "model" in given:
        model, engine = _model_choice(request)
        wishes["model"] = model
        wishes["metadata"] = {**found.metadata, "engine": engine}
    if "pin" in given:
        wishes["metadata"] = {**found.metadata, "pinned_tables": _pinned(found, given["pin"])}
    return wishes


def _pinned(found: Conversation, name: str) -> list[str]:
    """The pinned tables with this one turned on or off."""
    pinned = list(found.metadata.get("pinned_tables", []))
    if name in pinned:
        pinned.remove(name)
        return pinned
    return [*pinned, name[:512]][-conversations.MOST_PINNED :]


def _sent_to(request: HttpRequest, address: str) -> HttpResponse:
    """A page for whoever sent a form; htmx is told to go there."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(headers={"HX-Redirect": address})
    return redirect(address)
