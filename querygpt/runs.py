"""Statements that a person wrote: handed to a worker, waited for, their rows kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from accounts import tenancy
from accounts.models import User
from accounts.tenancy import Context
from laojun.files import Owner
from querygpt import execution
from querygpt.execution import Ran
from querygpt.models import Connection, Result
from querygpt.results import storing
from taishang.models import Task
from taishang.runs import Cancelled, GivenBack, Permanent, Run
from taishang.transitions import LeaseLost

SHOWN_ROWS = 500
LOOK_SECONDS = 0.15
# Until a worker takes it, and until it says so: beyond the statement's own time and its turn.
SPARE_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """How a statement ended, and the first of its rows. `state` and codes as in `execution.Ran`."""

    state: str
    run_id: str = ""
    result_id: str = ""
    rule: str = ""
    error_code: str = ""
    detail: str = ""
    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[list[Any]] = field(default_factory=list)
    rows_count: int = 0
    truncated: bool = False
    execution_ms: int = 0


def run_task(run: Run) -> dict[str, Any]:
    """The handler of `querygpt.run`: run the statement, keep its rows, tell how it ended."""
    wanted = run.payload
    with run.database():
        connection = Connection.objects.alive().filter(pk=wanted["connection"]).first()
        user = User.objects.get(pk=run.user_id)
    if connection is None:
        raise Permanent("connection_gone", "The connection is deleted.")
    stop = _Stop(run)
    ran = execution.run(
        connection=connection,
        sql=wanted["sql"],
        origin=wanted["origin"],
        actor=user,
        max_rows=wanted.get("max_rows"),
        timeout_seconds=wanted.get("timeout_seconds"),
        is_cancelled=stop.is_asked,
        trace_id=run.task.trace_id,
        task_id=run.id,
    )
    stop.tell()
    return _kept(ran, Owner(user.pk, connection.workspace_id))


def waited_for(task_id: UUID, *, seconds: float, context: Context) -> Answer:
    """The end of a statement that a worker runs; `timeout` when none comes. Outside any transaction."""
    until = time.monotonic() + seconds + SPARE_SECONDS
    while time.monotonic() < until:
        with tenancy.entered(context):
            task = Task.objects.only("state", "result", "error_code").get(pk=task_id)
        if task.state == Task.State.SUCCEEDED:
            return _read(task.result or {}, context)
        if not task.is_live:
            return Answer(state="failed", error_code=_code_of(task))
        time.sleep(LOOK_SECONDS)
    return Answer(state="timeout", error_code="timeout")


def _code_of(task: Task) -> str:
    return "cancelled" if task.state == Task.State.CANCELLED else "interrupted"


def _kept(ran: Ran, owner: Owner) -> dict[str, Any]:
    told = {
        "state": ran.state,
        "run_id": str(ran.run_id),
        "rule": ran.rule,
        "error_code": ran.error_code,
        "detail": ran.detail,
        "rows_count": ran.rows_count,
        "truncated": ran.truncated,
        "execution_ms": ran.execution_ms,
    }
    if ran.state != "ok":
        return told
    columns = [
        {"name": one.name, "family": one.family, "source": one.source, "unit": one.unit}
        for one in ran.columns
    ]
    brought = storing.Brought(
        run_id=ran.run_id,
        message_id=None,
        columns=columns,
        rows=ran.rows,
        truncated=ran.truncated,
    )
    result = storing.store(brought=brought, owner=owner)
    return {**told, "result_id": str(result.pk)}


def _read(told: dict[str, Any], context: Context) -> Answer:
    number = told.get("result_id")
    if not number:
        return Answer(**told)
    with tenancy.entered(context):
        result = Result.objects.get(pk=number)
        rows = storing.rows_of(result)
    return Answer(**told, columns=list(result.columns), rows=list(rows[:SHOWN_ROWS]))


class _Stop:
    """The wish to stop, asked by the statement's watch and told again when it is over."""

    def __init__(self, run: Run) -> None:
        self._check: Callable[[], None] = run.check
        self._wish: Exception | None = None

    def is_asked(self) -> bool:
        if self._wish is None:
            try:
                self._check()
            except (Cancelled, GivenBack, LeaseLost) as wish:
                self._wish = wish
        return self._wish is not None

    def tell(self) -> None:
        if self._wish is not None:
            raise self._wish
