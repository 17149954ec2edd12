"""`manage.py tasks …`: the console's operations for a terminal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import tenancy
from laojun.audit import Actor
from taishang import board, steering
from taishang.models import Task, TaskEvent, Worker

OPERATOR = Actor.system("command-line")
REASON = "manage.py tasks"


class Command(BaseCommand):
    help = "List, show, cancel and repeat tasks; pause queues; drain workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        listing = parts.add_parser("list", help="the newest tasks")
        listing.add_argument("--state", choices=Task.State.values)
        listing.add_argument("--kind")
        listing.add_argument("--limit", type=int, default=20)
        for name, text in (
            ("show", "one task with its history"),
            ("cancel", "stop a task"),
            ("retry", "repeat a failed or cancelled task"),
        ):
            parts.add_parser(name, help=text).add_argument("id", type=UUID)
        for name, text in (("pause", "start nothing more"), ("resume", "let it go on")):
            parts.add_parser(name, help=f"{text} in a queue").add_argument("queue")
        drain = parts.add_parser("drain", help="ask workers to finish and end")
        drain.add_argument("host", nargs="?", help="only those on this host")
        parts.add_parser("stats", help="queues, workers and dead letters")

    def handle(self, *args: Any, **options: Any) -> None:
        part = options.pop("part")
        with tenancy.platform_scope(reason=f"{REASON} {part}"):
            getattr(self, part)(**options)

    def list(self, *, state: str | None, kind: str | None, limit: int, **_: Any) -> None:
        tasks = Task.objects.order_by("-created_at")
        if state:
            tasks = tasks.filter(state=state)
        if kind:
            tasks = tasks.filter(type=kind)
        for task in tasks.defer("payload", "result", "checkpoint")[:limit]:
            self.stdout.write(
                f"{task.id}  {task.state:<9}  {task.progress:>3} %  {task.queue:<12}  {task.type}"
                f"  {task.error_code}".rstrip()
            )

    def show(self, *, id: UUID, **_: Any) -> None:
        task = self._task(id)
        for name in ("id", "type", "queue", "state", "progress", "attempts", "error_code", "error"):
            self.stdout.write(f"{name:<12} {getattr(task, name)}")
        for event in TaskEvent.objects.of(task).after(0):
            self.stdout.write(f"{event.created_at:%F %T}  {event.seq:>3}  {event.event}")

    def cancel(self, *, id: UUID, **_: Any) -> None:
        try:
            done = steering.cancel(task=self._task(id), by=OPERATOR)
        except steering.TaskNotCancellable as error:
            raise CommandError("The task has ended already.") from error
        self.stdout.write("Cancelled." if done else "It had been asked before.")

    def retry(self, *, id: UUID, **_: Any) -> None:
        try:
            steering.retry(task=self._task(id), by=OPERATOR)
        except steering.TaskNotRetryable as error:
            raise CommandError("Only failed and cancelled tasks are repeated.") from error
        except steering.LiveTwin as error:
            raise CommandError(f"Task {error} does this work already.") from error
        self.stdout.write("Back in the queue.")

    def pause(self, *, queue: str, **_: Any) -> None:
        steering.pause(queue_name=queue, by=OPERATOR)
        self.stdout.write(f"{queue} is paused; what runs goes on.")

    def resume(self, *, queue: str, **_: Any) -> None:
        done = steering.resume(queue_name=queue, by=OPERATOR)
        self.stdout.write(f"{queue} goes on." if done else f"{queue} was not paused.")

    def drain(self, *, host: str | None, **_: Any) -> None:
        workers = Worker.objects.filter(stopped_at=None)
        chosen = workers.filter(host=host) if host else workers
        for worker in chosen:
            steering.drain(worker=worker, by=OPERATOR)
            self.stdout.write(f"{worker} will end within half a minute.")

    def stats(self, **_: Any) -> None:
        snapshot = board.snapshot()
        for queue in snapshot["queues"]:
            paused = "  paused" if queue["is_paused"] else ""
            self.stdout.write(
                f"{queue['name']:<14} waiting {queue['queued']:>6}  ready {queue['ready']:>6}"
                f"  running {queue['running']}/{queue['slots']}{paused}"
            )
        self.stdout.write(f"workers alive  {len(snapshot['workers'])}")
        for row in snapshot["failures"]:
            self.stdout.write(f"failed {row['count']:>6}  {row['type']}  {row['error_code']}")

    def _task(self, id: UUID) -> Task:
        task = Task.objects.filter(id=id).first()
        if task is None:
            raise CommandError("There is no such task.")
        return task
