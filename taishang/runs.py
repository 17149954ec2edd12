"""What a handler gets: its task, and the ways to say how far it is, to wait, to be stopped and to finish."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import orjson

from accounts import tenancy
from accounts.redaction import redact
from taishang import claiming, transitions
from taishang.kinds import Kind
from taishang.models import Task
from taishang.transitions import Holder, LeaseLost, Note

LOOK_SECONDS = 0.4
WRITE_SECONDS = 0.5
MAX_CHECKPOINT_BYTES = 64 * 1024
MAX_RESULT_BYTES = 1024 * 1024


class Cancelled(Exception):
    """Somebody asked this run to stop."""


class GivenBack(Exception):
    """The worker stops; the task goes back untouched."""


class Permanent(Exception):
    """The work cannot succeed, however often it is tried. `message` is a sentence for the person."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class RetryLater(Exception):
    """The work can be done later. Units: seconds."""

    def __init__(self, after_s: float, message: str = "") -> None:
        super().__init__(message)
        self.after_s = after_s
        self.message = message


class Stop:
    """Whether this process was told to stop; set by its signal handler."""

    def __init__(self) -> None:
        self.asked = False


class Run:
    """One attempt at one task. Every write carries the task's fence; a run that lost its task gets LeaseLost."""

    def __init__(self, task: Task, kind: Kind, stop: Stop | None = None) -> None:
        self.task = task
        self.kind = kind
        self.holder = Holder(task.id, task.fence)
        self.is_finished = False
        self._stop = stop or Stop()
        self._looked_at = 0.0
        self._written_at = 0.0
        self._pending: tuple[int, int | None, int | None, str] | None = None
        self._percent = task.progress
        self._message = ""

    @property
    def id(self) -> UUID:
        return self.task.id

    @property
    def payload(self) -> dict[str, Any]:
        return self.task.payload

    @property
    def attempt(self) -> int:
        return self.task.attempts

    @property
    def workspace_id(self) -> int | None:
        return self.task.workspace_id

    @property
    def user_id(self) -> UUID | None:
        return self.task.user_id

    @property
    def saved(self) -> dict[str, Any]:
        """What an earlier attempt left by `checkpoint`."""
        return self.task.checkpoint or {}

    def key(self, step: str) -> str:
        """An idempotency key for effects outside the database; equal on every attempt."""
        return f"{self.task.id}:{step}"

    @contextmanager
    def database(self) -> Iterator[None]:
        """A transaction as the task's workspace and person. Do not wait for anything inside it."""
        if self.task.workspace_id is None:
            with tenancy.platform_scope(reason=f"task:{self.kind.name}"):
                yield
        else:
            with tenancy.workspace(self.task.workspace_id, user_id=self.task.user_id):
                yield

    def check(self, *, fresh: bool = False) -> None:
        """Raises Cancelled, GivenBack or LeaseLost when this run should end. Cheap: one look per 0.4 s, but `fresh`."""
        if self._stop.asked:
            raise GivenBack
        now = time.monotonic()
        if not fresh and now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        with tenancy.dispatcher_scope():
            held = Task.objects.filter(id=self.id, fence=self.task.fence, state=Task.State.RUNNING)
            wishes = list(held.values_list("cancel_requested_at", flat=True))
        if not wishes:
            raise LeaseLost
        if wishes[0] is not None:
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Wait, but wake within half a second when this run should end."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, 0.2))
        self.check()

    def progress(self, current: int, total: int, message: str = "") -> None:
        """Say how far the work is, at any rate: written twice a second at most, and the last value always."""
        percent = max(0, min(99, current * 100 // total)) if total > 0 else 0
        message = message or self._message
        self._pending = (percent, current, total, message)
        news = percent != self._percent or message != self._message
        if news and time.monotonic() - self._written_at >= WRITE_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the progress that is still held back."""
        if self._pending is None:
            return
        percent, current, total, message = self._pending
        with self._home():
            transitions.progress(
                self.holder, percent=percent, current=current, total=total, message=message
            )
        self._pending = None
        self._percent, self._message = percent, message
        self._written_at = time.monotonic()

    def checkpoint(self, data: dict[str, Any]) -> None:
        """Keep what a later attempt may start from (at most 64 KB)."""
        if len(orjson.dumps(data)) > MAX_CHECKPOINT_BYTES:
            raise ValueError("a checkpoint has at most 64 KB")
        with self._home():
            transitions.checkpoint(self.holder, data)
        self.task.checkpoint = data

    def note(self, text: str, **detail: Any) -> None:
        """Add a sentence to the history."""
        self.event("note", text=text, **detail)

    def event(self, name: str, **detail: Any) -> None:
        """Add an event that the kind declares."""
        if name != "note" and name not in self.kind.events:
            raise ValueError(f"{self.kind.name} does not declare the event {name}")
        with self._home():
            transitions.write(self.holder, Note(name, redact(detail), self.kind.name))

    @contextmanager
    def finish(self, result: Any = None) -> Iterator[None]:
        """The handler's own effects, the result and `succeeded` in one transaction, or none of them.

        The row is locked at this run's fence first, so effects happen once however often the task is tried.
        Raises LeaseLost before the block when the task belongs to another run.
        """
        check_result(result)
        self.flush()
        with self.database():
            self._lock()
            yield
            transitions.succeed(self.holder, result=result, wipe_payload=self.kind.wipe_payload)
        self.is_finished = True

    def _lock(self) -> None:
        held = Task.objects.select_for_update(of=("self",)).filter(
            id=self.task.id, fence=self.task.fence, state=Task.State.RUNNING
        )
        if held.values_list("id", flat=True).first() is None:
            raise LeaseLost

    def _home(self) -> Any:
        return claiming.home(self.task.workspace_id, reason=f"task:{self.kind.name}")


def check_result(result: Any) -> None:
    if len(orjson.dumps(result)) > MAX_RESULT_BYTES:
        raise Permanent("result_too_large", "The result has more than 1 MB; keep it in a file.")
