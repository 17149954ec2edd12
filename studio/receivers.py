"""Requests and batches follow their tasks; what a call brought after its process died is taken in."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from studio.batches import deciding
from studio.requests import sweeping
from studio.requests.asking import ANALYZE, GENERATE
from taishang.models import Task
from taishang.signals import task_finished


@receiver(task_finished)
def requests_end_with_their_tasks(task: Task, state: str, code: str, **_: Any) -> None:
    if task.type in {GENERATE, ANALYZE}:
        sweeping.task_ended(task, state=state, code=code)
    elif task.type == deciding.KIND:
        deciding.task_ended(task, state=state, code=code)
