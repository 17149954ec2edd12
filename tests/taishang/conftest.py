"""Tasks of alice's workspace, run in this process one at a time."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from accounts import tenancy
from taishang import queue, runner, transitions
from taishang.claiming import Claimant, claim
from taishang.models import Task, TaskEvent
from tests.factories import Person


@dataclass
class Bench:
    """A worker without processes: what it does is done when the call returns."""

    person: Person
    claimant: Claimant = field(default_factory=lambda: Claimant("test:1", settings.TASK_QUEUES))

    def inside(self):
        return tenancy.workspace(self.person.workspace.id, user_id=self.person.user.id)

    def ask(self, kind: str, payload: dict | None = None, **options) -> Task:
        with self.inside():
            return queue.enqueue(
                kind=kind,
                payload=payload,
                workspace=self.person.workspace,
                user=self.person.user,
                **options,
            )

    def work(self, limit: int = 0) -> int:
        return runner.drain(self.claimant, limit=limit)

    def claim(self) -> Task | None:
        return claim(self.claimant).task

    def now(self, task: Task) -> Task:
        with self.inside():
            return Task.objects.get(id=task.id)

    def events(self, task: Task) -> list[str]:
        with self.inside():
            rows = TaskEvent.objects.filter(task_id=task.id).after(0)
            seqs, names = zip(*rows.values_list("seq", "event"), strict=True)
        assert list(seqs) == list(range(1, len(seqs) + 1)), "history has gaps"
        return list(names)

    def cancel(self, task: Task, reason: str = "") -> bool:
        with self.inside():
            return transitions.cancel(task.id, by="user:alice", reason=reason)

    def hurry(self, task: Task) -> None:
        """Make a task that waits for its time due."""
        with self.inside():
            transitions.reorder(task.id, by="test", due_at=timezone.now() - timedelta(seconds=1))


@pytest.fixture
def bench(alice) -> Bench:
    return Bench(alice)
