"""The watch of one worker: renews leases, rescues, promotes, expires, kills what will not stop, ticks schedules.

It runs in a process of its own beside the slots, so no handler can hold it up, and it needs nothing but the
database: with Redis dead it is what starts tasks within two seconds.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from uuid import UUID

import psutil
from django.conf import settings
from django.core.cache import cache
from django.db import (
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.utils import timezone

from accounts import tenancy
from taishang import endings, kinds, queue, schedules, transitions, wakeups
from taishang.models import Task, Worker
from taishang.transitions import Holder, LeaseLost

POLL_SECONDS = 0.9  # with the look it stays under a second
LOOK_SECONDS = 0.4
STOPPED = {psutil.STATUS_STOPPED, psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD, "tracing-stop"}
logger = logging.getLogger(__name__)


@dataclass
class Watch:
    """One worker's monitor: whom it watches and when it did what last."""

    worker_id: UUID
    queues: Sequence[str]
    slots: int
    build: str
    parent_pid: int
    lease_s: float = field(default_factory=lambda: float(settings.TASK_LEASE_SECONDS))
    draining: bool = False
    _polled_at: float = 0.0
    _renewed_at: float = field(default_factory=time.monotonic)
    _busy: set[int] = field(default_factory=set)

    def turn(self) -> None:
        """One look around; every part that is due. A database that is away ends the turn, not the watch."""
        try:
            self._renew()
            self._stop_overdue()
            self._rescue()
            if time.monotonic() - self._polled_at >= POLL_SECONDS:
                self._polled_at = time.monotonic()
                self._poll()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("monitor lost the database error=%s", type(error).__name__)
            connections.close_all()
            self._stop_when_leases_end()

    def _poll(self) -> None:
        with tenancy.dispatcher_scope():
            transitions.promote()
            endings.tell(transitions.expire())
        self._poke()
        fire_schedules()
        self._beat()

    def _renew(self) -> None:
        """Prolong what our live slots run, with the database's clock. A stopped slot proves nothing and is left."""
        if time.monotonic() - self._renewed_at < self.lease_s / 3 and self._renewed_at:
            return
        with tenancy.dispatcher_scope():
            mine = [owner for owner in self._owners() if _is_working(_pid(owner), self.parent_pid)]
            with connection.cursor() as cursor:
                cursor.execute(
                    """UPDATE tai_tasks SET lease_until = clock_timestamp() + make_interval(secs => %s)
                    WHERE state = 'running' AND lease_owner = ANY(%s)""",
                    [self.lease_s, mine],
                )
        self._busy = {_pid(owner) for owner in mine}
        self._renewed_at = time.monotonic()

    def _stop_when_leases_end(self) -> None:
        """Without renewal others will take our tasks: stop the handlers before they do."""
        if time.monotonic() - self._renewed_at > self.lease_s * 0.8:
            for pid in self._busy:
                _kill(pid)
            self._busy = set()

    def _rescue(self) -> None:
        with tenancy.dispatcher_scope():
            dead = [owner for owner in self._owners() if _is_gone(_pid(owner), self.parent_pid)]
            rescued = transitions.rescue(lease=timedelta(seconds=self.lease_s), dead_owners=dead)
            endings.tell(rescued)
        if rescued:
            logger.warning("rescued tasks count=%d", len(rescued))

    def _owners(self) -> list[str]:
        """The `lease_owner` of everything this worker runs."""
        mine = Task.objects.filter(
            state=Task.State.RUNNING, lease_owner__startswith=f"{self.worker_id}:"
        )
        return [owner for owner in mine.values_list("lease_owner", flat=True) if owner]

    def _stop_overdue(self) -> None:
        """Kill the slot of a handler that ignores a wish to cancel, or that has run beyond its time."""
        for task in self._running():
            kind = kinds.get(task.type)
            now = timezone.now()
            if task.cancel_requested_at is not None:
                overdue = now - task.cancel_requested_at > timedelta(seconds=kind.cancel_grace_s)
                if overdue:
                    self._take_away(task, partial(transitions.cancelled, killed=True))
            elif task.started_at is not None and now - task.started_at > timedelta(
                seconds=task.timeout_s
            ):
                self._take_away(task, partial(_timed_out, task))

    def _running(self) -> list[Task]:
        with tenancy.dispatcher_scope():
            rows = Task.objects.filter(
                state=Task.State.RUNNING, lease_owner__startswith=f"{self.worker_id}:"
            )
            return list(
                rows.only(
                    "type",
                    "fence",
                    "lease_owner",
                    "cancel_requested_at",
                    "started_at",
                    "timeout_s",
                    "attempts",
                    "max_attempts",
                    "workspace_id",
                    "user_id",
                )
            )

    def _take_away(self, task: Task, end: Callable[[Holder], None]) -> None:
        """Write the outcome while the slot is frozen, so that it dies with this task or not at all.

        A slot that finished in between is let go on: its next task must not suffer.
        """
        pid = _pid(task.lease_owner or "")
        if not _is_ours(pid, self.parent_pid):
            return
        taken = False
        os.kill(pid, signal.SIGSTOP)
        try:
            with tenancy.dispatcher_scope(), connection.cursor() as cursor:
                cursor.execute("SET LOCAL lock_timeout = '200ms'")
                end(Holder(task.id, task.fence))
                endings.tell([task.id])
            taken = True
        except (LeaseLost, OperationalError):
            logger.info("a slot finished before it was stopped task=%s", task.id)
        finally:
            if taken:
                logger.warning("killing a slot task=%s kind=%s pid=%d", task.id, task.type, pid)
                _kill(pid)
            else:
                os.kill(pid, signal.SIGCONT)

    def _beat(self) -> None:
        now = timezone.now()
        with tenancy.dispatcher_scope():
            rows = Worker.objects.filter(id=self.worker_id)
            alive = rows.update(
                heartbeat_at=now, running=len(self._busy), broker_away=_redis_is_away()
            )
            if not alive:
                self.enlist()
            wish = rows.values_list("drain_requested_at", flat=True).first()
            Worker.objects.gone(now).delete()
        if wish is not None and not self.draining:
            self.draining = True
            os.kill(self.parent_pid, signal.SIGTERM)

    def enlist(self) -> None:
        with tenancy.dispatcher_scope():
            Worker.objects.create(
                id=self.worker_id,
                host=socket.gethostname(),
                pid=self.parent_pid,
                queues=list(self.queues),
                slots=self.slots,
                build=self.build,
            )

    def sign_off(self) -> None:
        with tenancy.dispatcher_scope():
            Worker.objects.filter(id=self.worker_id).update(stopped_at=timezone.now(), running=0)

    def _poke(self) -> None:
        """Wake as many slots as there is work that somebody may start."""
        names = [kind.name for kind in kinds.for_queues(self.queues)]
        with tenancy.dispatcher_scope():
            waiting = Task.objects.filter(
                state=Task.State.QUEUED, ready=True, queue__in=self.queues, type__in=names
            )
            count = len(waiting.values_list("id", flat=True)[: self.slots])
        wakeups.drop()
        wakeups.poke(count)


def fire_schedules() -> int:
    """Enqueue what is due, each with the commit that advances its schedule."""
    fired = 0
    with transaction.atomic():
        for schedule in schedules.take_due(timezone.now()):
            task = queue.enqueue(
                kind=schedule.type,
                payload=schedule.payload,
                schedule_name=schedule.name,
                dedup_key=f"schedule:{schedule.name}:{schedule.next_due_at.isoformat()}",
            )
            schedules.remember(schedule.name, task.id)
            fired += 1
    return fired


def _timed_out(task: Task, holder: Holder) -> None:
    message = f"The attempt took more than {task.timeout_s} s."
    if task.attempts >= task.max_attempts:
        transitions.fail(holder, code="timeout", message=message)
    else:
        after = transitions.backoff(task.attempts)
        transitions.retry_later(holder, after=after, code="timeout", message=message)


def _redis_is_away() -> bool:
    return bool(cache.is_away())  # type: ignore[attr-defined]


def _pid(owner: str) -> int:
    """A lease names its worker and the slot's process: `<worker id>:<pid>`."""
    return int(owner.rpartition(":")[2])


def _is_ours(pid: int, parent: int) -> bool:
    try:
        return psutil.Process(pid).ppid() == parent
    except psutil.NoSuchProcess:
        return False


def _is_gone(pid: int, parent: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.ppid() != parent or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def _is_working(pid: int, parent: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.ppid() == parent and process.status() not in STOPPED
    except psutil.NoSuchProcess:
        return False


def _kill(pid: int) -> None:
    """A slot leads a process group of its own, so that what its handler started goes with it."""
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
