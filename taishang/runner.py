"""Run tasks: call the handler of a claimed one, write how it ended, claim the next in the same transaction."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.redaction import redact_text
from accounts.registry import JobFailed
from laojun.logs import origin
from laojun.logs.origin import Origin
from taishang import claiming, kinds, signals, transitions
from taishang.claiming import Claim, Claimant, Lane
from taishang.kinds import PayloadRefused, handles
from taishang.models import Task
from taishang.runs import Cancelled, GivenBack, Permanent, RetryLater, Run, Stop, check_result
from taishang.transitions import LeaseLost

__all__ = [
    "Cancelled",
    "GivenBack",
    "LeaseLost",
    "Permanent",
    "RetryLater",
    "Run",
    "drain",
    "handles",
    "run_task",
]

Outcome = Callable[[], None]
# DISCARD ALL without DISCARD PLANS: plans belong to nobody, and every trigger would be planned anew for each task.
FORGET = (
    "CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; DEALLOCATE ALL; UNLISTEN *;"
    " SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES"
)
logger = logging.getLogger(__name__)


def drain(claimant: Claimant, stop: Stop | None = None, *, limit: int = 0) -> int:
    """Run what is due until nothing is left, the process was told to stop or `limit` tasks are done.

    Returns the number of tasks run. A limited lane that somebody else is counting is asked again by the caller's
    next turn.
    """
    told = stop or Stop()
    done = 0
    claim = claiming.claim(claimant)
    while claim.task is not None:
        done += 1
        enough = told.asked or (limit > 0 and done >= limit)
        claim = run_task(claim.task, claimant, told, claim_next=not enough)
    return done


def run_task(
    task: Task, claimant: Claimant, stop: Stop | None = None, *, claim_next: bool = True
) -> Claim:
    """Run one claimed task to its outcome and claim the next one with the same commit."""
    told = stop or Stop()
    depth = _depth()
    kind = kinds.get(task.type)
    run = Run(task, kind, told)
    outcome = _attempt(run)
    _clean_connection(depth)
    next_one = claim_next and not told.asked
    try:
        with transaction.atomic():
            if outcome is not None:
                with claiming.home(task.workspace_id, reason=f"task:{kind.name}", savepoint=False):
                    outcome()
            return claiming.claim(claimant, _lane(task)) if next_one else Claim()
    except LeaseLost:
        logger.warning("task lost its lease task=%s kind=%s", task.id, task.type)
        return claiming.claim(claimant, _lane(task)) if next_one else Claim()


def _attempt(run: Run) -> Outcome | None:
    """Call the handler and translate how it ended into the write that says so; None = nothing to write."""
    try:
        with translation.override(run.task.locale or None), origin.of(_origin(run.task)):
            _admit(run)
            result = run.kind.handler(run)
            if run.is_finished:
                return partial(_tell, run, Task.State.SUCCEEDED)
            check_result(result)
            run.flush()
            return partial(_succeed, run, result)
    except LeaseLost:
        logger.warning("run ends, its task belongs to another task=%s", run.id)
        return None
    except GivenBack:
        return partial(transitions.give_back, run.holder)
    except Cancelled:
        return partial(_cancelled, run)
    except (Permanent, JobFailed) as error:
        return partial(_fail, run, error.code, error.message)
    except RetryLater as error:
        return _again(run, after=error.after_s, code="retry_later", message=error.message)
    except Exception as error:  # noqa: BLE001 the boundary: whatever a handler raises becomes the task's outcome
        return _unexpected(run, error)


def _origin(task: Task) -> Origin:
    return Origin(
        trace_id=task.trace_id,
        path=f"task:{task.type}",
        workspace_id=task.workspace_id,
        user_id=task.user_id,
    )


def _admit(run: Run) -> None:
    """Raises Permanent for a payload this code cannot run, or a person who may no longer act."""
    try:
        run.kind.check(run.payload)
    except PayloadRefused as error:
        raise Permanent("payload_invalid", str(error)) from error
    if run.kind.as_user and not _is_member(run):
        raise Permanent("actor_gone", _("The person who asked for this is no longer a member."))


def _is_member(run: Run) -> bool:
    with run.database():
        return (
            Membership.objects.active()
            .filter(workspace_id=run.workspace_id, user_id=run.user_id)
            .exists()
        )


def _unexpected(run: Run, error: Exception) -> Outcome:
    detail = redact_text("".join(traceback.format_exception(error)))[-8000:]
    name = type(error).__name__
    with origin.of(_origin(run.task)):
        logger.error("task failed task=%s kind=%s error=%s", run.id, run.task.type, name)
    message = _("Something went wrong that nobody expected (%(name)s).") % {"name": name}
    if isinstance(error, run.kind.retry_on):
        after = _pause(run)
        return _again(run, after=after, code=name, message=message, detail=detail)
    return partial(_fail, run, name, message, detail)


def _pause(run: Run) -> float:
    """Seconds until the next attempt: what the kind says, else what the engine thinks."""
    declared = run.kind.retries_s[run.attempt - 1 : run.attempt]
    return declared[0] if declared else transitions.backoff(run.attempt)


def _again(run: Run, *, after: float, code: str, message: str, detail: str = "") -> Outcome:
    """Another attempt, or the end when none is left. A run that was asked to stop is not tried again."""
    if run.attempt >= run.task.max_attempts:
        return partial(_fail, run, code, message, detail)
    return partial(
        transitions.retry_later, run.holder, after=after, code=code, message=message, detail=detail
    )


def _succeed(run: Run, result: Any) -> None:
    transitions.succeed(run.holder, result=result, wipe_payload=run.kind.wipe_payload)
    _tell(run, Task.State.SUCCEEDED)


def _fail(run: Run, code: str, message: str, detail: str = "") -> None:
    transitions.fail(run.holder, code=code, message=message, detail=detail)
    _tell(run, Task.State.FAILED, code)


def _cancelled(run: Run) -> None:
    transitions.cancelled(run.holder)
    _tell(run, Task.State.CANCELLED)


def _tell(run: Run, state: str, code: str = "") -> None:
    signals.task_finished.send(sender=Task, task=run.task, state=state, code=code)


def _lane(task: Task) -> Lane:
    return Lane(task.queue, task.workspace_id or 0)


def _depth() -> tuple[bool, int]:
    return connection.in_atomic_block, len(connection.savepoint_ids)


def _clean_connection(before: tuple[bool, int]) -> None:
    """Whatever a handler left open or set on the connection ends with it."""
    if _depth() != before:
        raw = connection.connection
        if raw is not None:
            raw.close()
        del connections["default"]
        return
    if connection.connection is None or connection.in_atomic_block:
        return
    try:
        connection.connection.execute(FORGET)
        connection.ensure_timezone()
    except (psycopg.Error, OperationalError, InterfaceError):
        connection.close()
