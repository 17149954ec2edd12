"""The versions of the tasks that somebody watches: a change is seen within half a second."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from accounts import tenancy
from accounts.watching import Watches
from taishang.models import Task

LOOK_SECONDS = 0.5


def versions(task_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The row versions of these tasks. One query; the connection is given back."""
    try:
        with tenancy.dispatcher_scope():
            rows = Task.objects.filter(id__in=task_ids)
            return dict(rows.values_list("id", "row_version"))
    finally:
        if not connection.in_atomic_block:
            connection.close()


watches = Watches(versions, LOOK_SECONDS)
