"""What a restored database may not do again: letters that may have gone out wait for somebody, lost work begins anew."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from accounts import registry, tenancy
from accounts.registry import RestoreStep
from taishang.models import Task, Worker
from taishang.vectors import generations

OUTGOING = "email"
ENDED = "restored"


def declare() -> None:
    for step in (
        RestoreStep("taishang.letters", hold_letters, 40),
        RestoreStep("taishang.leases", end_leases, 50),
        RestoreStep("taishang.vector_engines", forget_engines, 60),
    ):
        registry.after_restore.add(step.key, step)


def hold_letters(*, made_at: datetime) -> str:
    """They stand among the failed tasks, where an operator repeats or acknowledges them, one or all."""
    with tenancy.platform_scope(reason="after a restore"):
        held = (
            Task.objects.live()
            .filter(queue=OUTGOING)
            .update(
                state=Task.State.FAILED,
                error_code=ENDED,
                finished_at=timezone.now(),
                lease_owner=None,
                lease_until=None,
            )
        )
    return f"{held} letters are held: repeat or acknowledge them among the failed tasks"


def end_leases(*, made_at: datetime) -> str:
    """Nobody works on what was running; the workers' rescue takes it up again."""
    now = timezone.now()
    with tenancy.platform_scope(reason="after a restore"):
        Worker.objects.filter(stopped_at=None).update(stopped_at=now)
        lost = Task.objects.filter(state=Task.State.RUNNING).update(lease_until=now)
    return f"{lost} running tasks begin anew"


def forget_engines(*, made_at: datetime) -> str:
    """Engines may know rows that are not written yet; they are filled anew, and searches are exact until then."""
    with tenancy.platform_scope(reason="after a restore"):
        count = generations.forget_all()
    return f"{count} indexes of vector engines are built anew by their first search or the nightly comparison"
