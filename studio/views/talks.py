"""Talks with the AI about a work: the list, and one from its first word to its last."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from studio import chats
from studio.models import AIRequest, Chat
from studio.views.access import work_of
from studio.views.places import places_of

SHOWN = 200


@require_GET
@needs("work.view")
def index(request: HttpRequest, work_id: UUID) -> HttpResponse:
    """One's own talks, the latest first."""
    work = work_of(request, work_id)
    rows = Chat.objects.visible_to(principal_of(request)).filter(work=work)
    context = {
        "work": work,
        "places": places_of(work),
        "rows": rows.order_by("-updated_at")[:SHOWN],
    }
    return render(request, "studio/talks.html", context)


@require_GET
@never_cache
@needs("work.view")
def detail(request: HttpRequest, chat_id: UUID) -> HttpResponse:
    """Every turn, the first one first."""
    chat = _chat(request, chat_id)
    turns = AIRequest.objects.visible_to(principal_of(request)).filter(chat_id=chat.pk)
    context = {
        "chat": chat,
        "work": chat.work,
        "places": places_of(chat.work),
        "turns": turns.order_by("created_at")[:SHOWN],
    }
    return render(request, "studio/talk.html", context)


@require_POST
@needs("work.view")
def delete(request: HttpRequest, chat_id: UUID) -> HttpResponse:
    """The talk goes with its words; what it used stays counted."""
    chat = _chat(request, chat_id)
    work_id = chat.work_id
    chats.remove(principal=principal_of(request), chat=chat)
    messages.success(request, _("The talk is deleted."))
    return redirect("studio_talks", work_id=work_id)


def _chat(request: HttpRequest, pk: UUID) -> Chat:
    rows = Chat.objects.visible_to(principal_of(request)).select_related("work")
    return get_object_or_404(rows, pk=pk)
