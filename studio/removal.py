"""What a deleted workspace leaves in this app. Its files go with all its files, in a step of their own."""

from __future__ import annotations

from typing import Any

from studio.models import Agent, AgentRating, AIRequest, Import, Tag, Work

WORKS, BATCH = 5, 200


def remove_works(*, workspace_id: int) -> int:
    """A batch of imports and requests, then works with all that hangs on them, then tags without a work."""
    return (
        _batch(Import, workspace_id, BATCH)
        or _batch(AIRequest, workspace_id, BATCH)
        or _batch(Work, workspace_id, WORKS)
        or _batch(Tag, workspace_id, BATCH)
    )


def remove_agents(*, workspace_id: int) -> int:
    return _batch(AgentRating, workspace_id, BATCH) or _batch(Agent, workspace_id, BATCH)


def _batch(model: Any, workspace_id: int, most: int) -> int:
    """The database takes along what belongs to the rows."""
    ids = model.objects.filter(workspace_id=workspace_id).values_list("pk", flat=True)[:most]
    return int(model.objects.filter(pk__in=list(ids)).delete()[0])
