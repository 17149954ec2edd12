"""What the pages of questions start from: the reader's own rows, or the page for what does not exist."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts.web.access import principal_of
from querygpt.models import Conversation, Message


def conversation_of(request: HttpRequest, pk: UUID) -> Conversation:
    rows = Conversation.objects.visible_to(principal_of(request))
    return get_object_or_404(rows.select_related("connection", "model").defer("search"), pk=pk)


def answer_of(request: HttpRequest, pk: UUID) -> Message:
    """An answer with its question and conversation."""
    rows = Message.objects.visible_to(principal_of(request))
    rows = rows.select_related("conversation", "conversation__connection", "reply_to")
    return get_object_or_404(rows, pk=pk, role=Message.Role.ASSISTANT)
