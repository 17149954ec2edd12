"""What a deleted workspace leaves in this app. Its files go with all its files, in a step of their own."""

from __future__ import annotations

from typing import Any

from querygpt.models import Connection, Conversation, Prompt, Run, Slot, Term

BATCH = 100


def remove_conversations(*, workspace_id: int) -> int:
    """A batch of conversations with their messages, then of runs with their results."""
    return _batch(Conversation, workspace_id) or _batch(Run, workspace_id)


def remove_connections(*, workspace_id: int) -> int:
    """A batch of turns and terms, then of connections with all that is known of them."""
    return (
        _batch(Slot, workspace_id) or _batch(Term, workspace_id) or _batch(Connection, workspace_id)
    )


def remove_prompts(*, workspace_id: int) -> int:
    return _batch(Prompt, workspace_id)


def _batch(model: Any, workspace_id: int) -> int:
    """The database takes along what belongs to the rows."""
    ids = model.objects.filter(workspace_id=workspace_id).values_list("pk", flat=True)[:BATCH]
    return int(model.objects.filter(pk__in=list(ids)).delete()[0])
