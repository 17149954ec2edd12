"""What the first page shows of questions at a glance."""

from __future__ import annotations

from typing import Any

from accounts.models import User, Workspace
from querygpt.models import Conversation

SHOWN_AT_HOME = 3


def last_conversations(*, user: User, workspace: Workspace) -> dict[str, Any]:
    """The person's last conversations; nothing while there are none. One query."""
    mine = Conversation.objects.alive().filter(workspace=workspace, user=user)
    mine = mine.exclude(status=Conversation.Status.COMPLETED).exclude(title="")
    found = list(mine.order_by("-last_message_at").select_related("connection")[:SHOWN_AT_HOME])
    return {"conversations": found} if found else {}
