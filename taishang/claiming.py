"""Take the next task: one function call as the dispatcher, then the row as its own workspace sees it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from accounts import tenancy
from accounts.rls import DISPATCHER
from taishang import kinds
from taishang.kinds import Kind
from taishang.models import Task

STATEMENT = "SELECT task_id, tenant, contended FROM tai_claim(%s, %s, %s::integer[], %s, %s, %s)"


@dataclass(frozen=True)
class Lane:
    """The lane a slot served last; `tenant` is the workspace's id, or 0 for the platform."""

    queue: str = ""
    tenant: int = -1


@dataclass(frozen=True)
class Claimant:
    """Who claims: a process's name in `lease_owner`, and the queues it serves."""

    owner: str
    queues: Sequence[str]


@dataclass(frozen=True)
class Claim:
    """The outcome: a task, or nothing. `contended` = somebody else was counting a limited lane, ask again."""

    task: Task | None = None
    contended: bool = False


def claim(claimant: Claimant, last: Lane | None = None) -> Claim:
    """Claim the task that is due: fewest running by weight first, then rank. Few round trips and a commit.

    Inside an open transaction the claim becomes part of it.
    """
    mine = kinds.for_queues(claimant.queues)
    if not mine:
        return Claim()
    with transaction.atomic(savepoint=False):
        found = _take(claimant, mine, last or Lane())
        if found is None:
            return Claim()
        task_id, tenant, contended = found
        if contended:
            return Claim(contended=True)
        with home(tenant or None, reason="task claim", savepoint=False):
            return Claim(task=Task.objects.get(id=task_id))


def _take(claimant: Claimant, mine: Sequence[Kind], served: Lane) -> tuple[UUID, int, bool] | None:
    """As the dispatcher and back, in one round trip: task, tenant, and whether somebody else is counting."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"{tenancy.SWITCH}; {STATEMENT}; {tenancy.SWITCH}",
            [
                *tenancy.switch_to(tenancy.Context(role=DISPATCHER)),
                list(claimant.queues),
                [kind.name for kind in mine],
                [kind.lease_seconds for kind in mine],
                claimant.owner,
                served.queue,
                served.tenant,
                *tenancy.switch_to(tenancy.current()),
            ],
        )
        cursor.nextset()
        found: tuple[UUID, int, bool] | None = cursor.fetchone()
        return found


@contextmanager
def home(workspace_id: int | None, *, reason: str, savepoint: bool = True) -> Iterator[None]:
    """A transaction in which a task of this workspace, or of the platform, can be read and written."""
    scope = (
        tenancy.platform_scope(reason=reason)
        if workspace_id is None
        else tenancy.workspace(workspace_id, savepoint=savepoint)
    )
    with scope:
        yield
