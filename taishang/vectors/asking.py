"""Background work that a person asks for, with its line in the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from laojun import audit
from taishang import queue
from taishang.models import Task, VectorCollection
from taishang.vectors import following, outbox
from taishang.vectors.collections import By


class BuildRunning(Exception):
    """The same work is under way, with other wishes. `members` names its task."""

    code = "build_running"

    def __init__(self, task: Task) -> None:
        super().__init__(str(task.id))
        self.members = {"task_id": str(task.id)}


def ask(
    *, kind: str, collection: VectorCollection, by: By, payload: Mapping[str, Any] | None = None
) -> Task:
    """The live task of this kind, or a new one; what an engine ranks is built by its own kind. Raises BuildRunning."""
    if kind == following.INDEX and collection.backend != "pgvector":
        kind, payload = outbox.REBUILD, None
    try:
        task = following.ask(kind, collection, user=by.user_id, payload=payload)
    except queue.DuplicateTask as duplicate:
        raise BuildRunning(duplicate.task) from duplicate
    if not task.deduplicated:
        _record(by, collection, {"kind": kind, "wishes": dict(payload or {})})
    return task


def embed(*, collection: VectorCollection, by: By, count: int) -> None:
    """Embed once more what failed."""
    _record(by, collection, {"kind": following.EMBED, "count": count})
    if count:
        following.ask(following.EMBED, collection)


def _record(by: By, collection: VectorCollection, details: dict[str, Any]) -> None:
    audit.record(
        actor=by.actor,
        action="vector_collection.ask",
        target=("vector_collection", collection.pk),
        details=details,
    )
