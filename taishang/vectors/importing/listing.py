"""What became of imports: their tasks tell it, while they run and for as long as tasks are kept."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.db.models import QuerySet

from taishang.models import Task, VectorCollection
from taishang.vectors.importing.asking import KIND


@dataclass(frozen=True)
class Outcome:
    """`rows` of the file that are worked off and committed; `counts` by what happened to them."""

    rows: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    rejected_file: str | None = None


def of(collection: VectorCollection) -> QuerySet[Task]:
    return Task.objects.filter(
        workspace_id=collection.workspace_id,
        type=KIND,
        subject_type="vector_collection",
        subject_id=str(collection.pk),
    )


def outcome(task: Task) -> Outcome:
    """The result of one that ended well, else what its last checkpoint says."""
    found = task.result or task.checkpoint or {}
    return Outcome(
        found.get("rows", found.get("done", 0)),
        {name: count for name, count in found.get("counts", {}).items() if count},
        found.get("rejected_file"),
    )
