"""How far a job is, stage by stage, as the stepper shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils import formats
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from taishang.models import GenerationJob, Task, TaskEvent

STAGES = [stage for stage in GenerationJob.Stage if stage != GenerationJob.Stage.DONE]
EVENTS = ("stage_started", "stage_finished", "warning", "secret_found", "quarantined")
MAX_EVENTS = 600
MAX_WARNINGS = 200
COUNTS = {
    "files": gettext_lazy("files"),
    "ignored": gettext_lazy("left out"),
    "languages": gettext_lazy("languages"),
    "call": gettext_lazy("calls"),
    "wrapper": gettext_lazy("calls through wrappers"),
    "route": gettext_lazy("routes"),
    "supabase": gettext_lazy("Supabase calls"),
    "schema": gettext_lazy("types"),
    "form": gettext_lazy("forms"),
    "mock": gettext_lazy("sets of sample data"),
    "store": gettext_lazy("store methods"),
    "auth": gettext_lazy("traces of signing in"),
    "chat": gettext_lazy("statements of the chat"),
    "entities": gettext_lazy("models"),
    "endpoints": gettext_lazy("endpoints"),
    "decisions": gettext_lazy("decisions"),
    "unresolved": gettext_lazy("unresolved"),
    "edits": gettext_lazy("edits"),
    "refused": gettext_lazy("refused"),
    "checks": gettext_lazy("checks"),
    "calls": gettext_lazy("replayed calls"),
}


@dataclass
class Step:
    """One stage. `elapsed` is text; `percent` is not known for single stages."""

    key: str
    name: str
    state: str = "queued"
    note: str = ""
    elapsed: str = ""
    percent: int | None = None


@dataclass
class Progress:
    """What the page of a job at work shows."""

    steps: list[Step]
    warnings: list[dict[str, Any]]


def progress_of(job: GenerationJob) -> Progress:
    """Read the job's history: one query, at most 600 events."""
    task = job.task
    rows = TaskEvent.objects.filter(
        task_id=task.pk, created_at__gte=task.created_at, event__in=EVENTS
    )
    events = list(rows.order_by("seq")[:MAX_EVENTS])
    steps = {stage.value: Step(stage.value, str(stage.label)) for stage in STAGES}
    warnings: list[dict[str, Any]] = []
    for event in events:
        if event.event in {"warning", "secret_found", "quarantined"}:
            warnings.append({"code": event.event, **event.detail})
        elif event.detail.get("stage") in steps:
            _take(steps, event)
    _finish(list(steps.values()), job)
    return Progress(list(steps.values()), warnings[:MAX_WARNINGS])


def milliseconds(value: int | float) -> str:
    """A duration in words a person reads at a glance."""
    if value < 1000:
        return _("%(count)d ms") % {"count": value}
    return _("%(count)s s") % {"count": formats.number_format(value / 1000, 1)}


def _take(steps: dict[str, Step], event: TaskEvent) -> None:
    step = steps[event.detail["stage"]]
    if event.event == "stage_started":
        for later in list(steps.values())[list(steps).index(step.key) :]:
            later.state, later.note, later.elapsed = "queued", "", ""
        step.state = "running"
        return
    step.state = "succeeded"
    step.note = counts_in_words(event.detail.get("counts") or {})
    if step.key == GenerationJob.Stage.REFINE and not step.note:
        step.note = _("no edits")
    step.elapsed = milliseconds(event.detail.get("ms") or 0)


def counts_in_words(counts: dict[str, Any]) -> str:
    shown = [
        f"{COUNTS[key]} {formats.number_format(number, use_l10n=True, force_grouping=True)}"
        for key, number in counts.items()
        if key in COUNTS and number
    ]
    return " · ".join(shown)


def _finish(steps: list[Step], job: GenerationJob) -> None:
    """What the history leaves open, the task's own state settles."""
    state = job.task.state
    if state == Task.State.SUCCEEDED:
        for step in steps:
            step.state = "succeeded"
    for step in steps:
        if step.state == "running" and state == Task.State.RUNNING:
            step.note = job.task.progress_message
        elif step.state == "running":
            step.state = "queued" if state == Task.State.QUEUED else state
