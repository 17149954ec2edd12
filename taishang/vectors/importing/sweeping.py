"""Hidden rows whose import ended without showing them, and what files of imports are called."""

from __future__ import annotations

from accounts import tenancy
from taishang import queue
from taishang.models import Task, VectorNamespace
from taishang.vectors import following, hidden

# What is brought in, and what comes back.
UPLOAD, REJECTED = "vector.import", "vector.rejects"
REASON = "namespaces of imports that ended"


def sweep() -> int:
    """Ask for the removal of hidden rows whose import ended without showing them. Called by a schedule."""
    with tenancy.platform_scope(reason=REASON):
        rows = VectorNamespace.objects.filter(hidden.among("name")).values_list(
            "workspace_id", "collection_id", "name"
        )
        found = {
            hidden.task_of(name): (workspace, number, name) for workspace, number, name in rows
        }
        live = set(Task.objects.live().filter(pk__in=found).values_list("pk", flat=True))
    left = [place for task_id, place in found.items() if task_id not in live]
    for workspace_id, number, name in left:
        with tenancy.workspace(workspace_id):
            queue.enqueue(
                kind=following.DELETE,
                payload={"collection": number, "namespace": name},
                workspace=workspace_id,
                dedup_key=f"{following.DELETE}:{number}:{name}",
                subject_type="vector_collection",
                subject_id=str(number),
            )
    return len(left)
