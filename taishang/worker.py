"""A worker: one supervising process, and under it the slots that run tasks, the monitor, the ticker, the listener.

The supervisor holds no connection and runs no thread, so it may fork at any time: a slot that was killed is
replaced at once while its neighbours go on.
"""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import socket
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType
from uuid import UUID

import psutil
from celery import current_app
from celery.platforms import SecurityWarning  # type: ignore[attr-defined]
from django.core.cache import cache
from django.db import DatabaseError, InterfaceError, connections, models
from django.utils import timezone

from accounts import registry, tenancy
from accounts.ids import uuid7
from laojun.plugins import starting
from taishang import claiming, runner, schedules, signals, wakeups
from taishang.claiming import Claimant
from taishang.models import Task, Worker
from taishang.monitor import LOOK_SECONDS, Watch
from taishang.runs import GivenBack, Stop

IDLE_SECONDS = 5.0
CONTENDED_SECONDS = 0.02
GIVE_BACK_SECONDS = 20
STOP_SECONDS = 25
RESTART_SECONDS = 0.5
MAX_TASKS = 500
MAX_RSS_BYTES = 512 * 1024 * 1024
PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
logger = logging.getLogger(__name__)


class Supervisor:
    """Starts the processes of one worker, replaces those that end, and stops them all."""

    def __init__(self, *, queues: Sequence[str], slots: int, build: str = "") -> None:
        self.id = uuid7()
        self.queues = list(queues)
        self.slots = slots
        self.build = build
        self.children: dict[int, Callable[[], None]] = {}
        self.stopping_since: float | None = None

    def run(self) -> None:
        wakeups.open_pipe()
        connections.close_all()
        starting.mark()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        for role in (self._monitor, self._ticker, self._listener):
            self._start(role)
        prepare(self.queues)
        for _number in range(self.slots):
            self._start(self._slot)
        logger.info("worker started slots=%d queues=%s", self.slots, ",".join(self.queues))
        while self.children:
            self._reap()

    def _start(self, role: Callable[[], None]) -> None:
        pid = os.fork()
        if pid:
            self.children[pid] = role
            return
        code = 1
        try:
            _become_child()
            role()
            code = 0
        except Exception:
            logger.exception("worker process failed role=%s", role.__name__)
        finally:
            logging.shutdown()
            os._exit(code)

    def _reap(self) -> None:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            self.children.clear()
            return
        if pid == 0:
            self._enforce_stop()
            time.sleep(0.02)
            return
        role = self.children.pop(pid, None)
        if role is None or self.stopping_since is not None:
            self._stop_watchers()
            return
        if role != self._slot:
            logger.warning("worker process ended role=%s status=%d", role.__name__, status)
            time.sleep(RESTART_SECONDS)
        self._start(role)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        """Slots finish or give back; the monitor goes on renewing their leases until the last one ended."""
        if self.stopping_since is None:
            self.stopping_since = time.monotonic()
            self._signal(signal.SIGTERM, self._slot, self._ticker, self._listener)
            self._stop_watchers()

    def _stop_watchers(self) -> None:
        if self.stopping_since is not None and self._slot not in self.children.values():
            self._signal(signal.SIGTERM, self._monitor)

    def _enforce_stop(self) -> None:
        if self.stopping_since and time.monotonic() - self.stopping_since > STOP_SECONDS:
            self._signal(signal.SIGKILL, *set(self.children.values()))

    def _signal(self, number: signal.Signals, *roles: Callable[[], None]) -> None:
        for pid, role in list(self.children.items()):
            if role in roles:
                with suppress(ProcessLookupError):
                    os.kill(pid, number)

    def _slot(self) -> None:
        os.setpgid(0, 0)
        serve(Claimant(f"{self.id}:{os.getpid()}", self.queues))

    def _monitor(self) -> None:
        watch(
            Watch(
                worker_id=self.id,
                queues=self.queues,
                slots=self.slots,
                build=self.build,
                parent_pid=os.getppid(),
            )
        )

    def _ticker(self) -> None:
        starting.verify_beside()
        tick()

    def _listener(self) -> None:
        listen(self.queues, self.id)


class Tally:
    """How many tasks this slot ended, added to its worker's row whenever the slot has time."""

    def __init__(self, claimant: Claimant) -> None:
        self.worker_id = claimant.owner.partition(":")[0]
        self.done = self.failed = 0

    def count(self, *, state: str, **_: object) -> None:
        self.done += state == Task.State.SUCCEEDED
        self.failed += state == Task.State.FAILED

    def write(self) -> None:
        if self.done or self.failed:
            with tenancy.dispatcher_scope():
                Worker.objects.filter(id=self.worker_id).update(
                    done=models.F("done") + self.done, failed=models.F("failed") + self.failed
                )
            self.done = self.failed = 0


def serve(claimant: Claimant) -> None:
    """A slot: claim and run until told to stop, or until it has run long enough to be replaced."""
    stop = _stop_on_sigterm(give_back=True)
    done = 0
    stands_by = False
    tally = Tally(claimant)
    signals.task_finished.connect(tally.count)
    while not stop.asked and done < MAX_TASKS and not _is_bloated():
        try:
            ran = _serve_once(claimant, stop)
            tally.write()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("slot lost the database error=%s", type(error).__name__)
            connections.close_all()
            wakeups.wait(RESTART_SECONDS)
            continue
        done += ran
        if not ran and not stop.asked:
            if not stands_by:
                stands_by = True
                stand_by(claimant.queues)
            wakeups.wait(IDLE_SECONDS)


def prepare(queues: Sequence[str]) -> None:
    """Load what tasks of these queues will need, for all slots at once: a fork finds it there."""
    for name, warm_up in registry.warm_ups.items():
        if warm_up.queue in queues:
            _warm(name, warm_up.load)


def stand_by(queues: Sequence[str]) -> None:
    """Start what a slot's first task would have to wait for."""
    for name, warm_up in registry.warm_ups.items():
        if warm_up.queue in queues:
            _warm(name, warm_up.stand_by)


def _warm(name: str, function: Callable[[], None]) -> None:
    """A worker that is not warm is slow, not broken."""
    try:
        function()
    except Exception:
        logger.exception("could not get ready what=%s", name)


def _serve_once(claimant: Claimant, stop: Stop) -> int:
    """Run until nothing is left. The key that holds wake-ups back goes before the last look, so none is lost."""
    cache.delete_many([f"wake:{queue}:key" for queue in claimant.queues])
    claim = claiming.claim(claimant)
    while claim.contended:
        time.sleep(CONTENDED_SECONDS)
        claim = claiming.claim(claimant)
    done = 0
    if claim.task is not None:
        wakeups.poke()
    while claim.task is not None:
        done += 1
        claim = runner.run_task(
            claim.task, claimant, stop, claim_next=done < MAX_TASKS and not _is_bloated()
        )
    return done + int(claim.contended)


def watch(monitor: Watch) -> None:
    """The monitor's loop."""
    stop = _stop_on_sigterm()
    while not stop.asked:
        monitor.turn()
        time.sleep(min(LOOK_SECONDS, monitor.lease_s / 4))
    with suppress(DatabaseError, InterfaceError):
        monitor.sign_off()


def tick() -> None:
    """The ticker's loop: frequent functions of all apps, one after the other."""
    stop = _stop_on_sigterm()
    with suppress(DatabaseError, InterfaceError), tenancy.dispatcher_scope():
        schedules.synchronise()
    while not stop.asked:
        try:
            schedules.run_ticks(timezone.now())
        except (DatabaseError, InterfaceError) as error:
            logger.warning("ticker lost the database error=%s", type(error).__name__)
            connections.close_all()
        time.sleep(LOOK_SECONDS)


def listen(queues: Sequence[str], worker_id: UUID) -> None:
    """Celery's side: receive wake-ups and poke idle slots. While the broker is away it keeps trying."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    warnings.simplefilter("ignore", SecurityWarning)  # it only receives; containers run as root
    consumer = current_app.Worker(
        pool="solo",
        concurrency=1,
        queues=list(queues),
        hostname=f"wake-{worker_id}@{socket.gethostname()}",
        loglevel="WARNING",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    consumer.start()


def _become_child() -> None:
    """No child outlives its supervisor, however that one dies."""
    ctypes.CDLL(None).prctl(PARENT_DEATH_SIGNAL, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _stop_on_sigterm(*, give_back: bool = False) -> Stop:
    """SIGTERM asks; a handler that does not look has 20 s until its task is taken out of its hands."""
    stop = Stop()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.asked = True
        if give_back:
            signal.alarm(GIVE_BACK_SECONDS)

    def insist(_number: int, _frame: FrameType | None) -> None:
        raise GivenBack

    signal.signal(signal.SIGTERM, asked)
    if give_back:
        signal.signal(signal.SIGALRM, insist)
    return stop


def _is_bloated() -> bool:
    return bool(psutil.Process().memory_info().rss > MAX_RSS_BYTES)
