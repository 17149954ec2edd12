"""What the first page shows of novels at a glance."""

from __future__ import annotations

from typing import Any

from django.db.models.functions import Right

from accounts.models import User, Workspace
from studio.models import Chapter

TAIL_CHARACTERS = 160


def continue_writing(*, user: User, workspace: Workspace) -> dict[str, Any]:
    """The chapter one wrote in last, with its last words; nothing while there is none. One query."""
    chapter = last_chapter(user=user, workspace_id=workspace.pk)
    return {"chapter": chapter} if chapter else {}


def last_chapter(*, user: User, workspace_id: int | None) -> Chapter | None:
    """Of one's own works, the chapter that one saved last; `tail` is how its text ends."""
    rows = Chapter.objects.alive().filter(
        workspace_id=workspace_id, work__user=user, work__deleted_at=None, saved_by=user
    )
    rows = rows.exclude(saved_at=None).select_related("work").defer("content")
    return rows.annotate(tail=Right("content", TAIL_CHARACTERS)).order_by("-saved_at").first()
