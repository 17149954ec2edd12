"""Talks with the AI about a work: begun, named, pinned, deleted with their turns' place in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from studio.models import AIRequest, Chat, Work

FACTS = ("title", "pins")


def begin(*, principal: Principal, work: Work, values: Mapping[str, Any]) -> Chat:
    chat = Chat.objects.create(
        workspace_id=work.workspace_id,
        work=work,
        user=principal.user,
        title=values.get("title", ""),
        pins=list(values.get("pins", [])),
    )
    audit.record(actor=principal, action="chat.created", target=("chat", chat.pk))
    chat.refresh_from_db(fields=["version"])
    return chat


def change(*, principal: Principal, chat: Chat, values: Mapping[str, Any]) -> Chat:
    """`chat` is held locked by the caller."""
    before = {name: getattr(chat, name) for name in FACTS}
    for name in FACTS:
        if name in values:
            setattr(chat, name, values[name])
    chat.save(update_fields=[*FACTS, "updated_at"])
    chat.refresh_from_db(fields=["version"])
    audit.record(
        actor=principal,
        action="chat.changed",
        target=("chat", chat.pk),
        before=before,
        after={name: getattr(chat, name) for name in FACTS},
    )
    return chat


def remove(*, principal: Principal, chat: Chat) -> None:
    """The talk goes with the texts of its turns; what they used stays."""
    AIRequest.objects.filter(chat_id=chat.pk).exclude(status__in=("pending", "processing")).update(
        instruction="", input_text="", output_text="", context={}, updated_at=timezone.now()
    )
    audit.record(actor=principal, action="chat.deleted", target=("chat", chat.pk))
    chat.delete()
