"""A task's history in words, for people: what each event means, and whether it is good news."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.registry import Work
from taishang.models import Task, TaskEvent

# Event → its words, how it looks (good, bad, warn, info or plain), its icon.
WORDS: dict[str, tuple[Any, str, str]] = {
    "enqueued": (gettext_lazy("Put into the queue"), "", "clock"),
    "claimed": (gettext_lazy("Started"), "info", "play"),
    "note": (gettext_lazy("Note"), "", "info"),
    "checkpoint": (gettext_lazy("Progress kept"), "", "check"),
    "retry_scheduled": (gettext_lazy("Will be tried again"), "warn", "retry"),
    "rescued": (gettext_lazy("Its worker died; back in the queue"), "warn", "retry"),
    "given_back": (gettext_lazy("Its worker was stopped; back in the queue"), "", "undo"),
    "lease_lost": (gettext_lazy("Lost its worker"), "warn", "warning"),
    "cancel_requested": (gettext_lazy("Asked to stop"), "warn", "hand"),
    "cancel_too_late": (gettext_lazy("It was done before it could stop"), "", "info"),
    "killed": (gettext_lazy("Did not stop by itself and was ended"), "warn", "slash"),
    "reprioritised": (gettext_lazy("Changed in urgency"), "", "updown"),
    "rescheduled": (gettext_lazy("Moved to another time"), "", "clock"),
    "retried": (gettext_lazy("Repeated by a person"), "info", "retry"),
    "acknowledged": (gettext_lazy("Seen by an operator"), "", "eye"),
    "succeeded": (gettext_lazy("Done"), "good", "check"),
    "failed": (gettext_lazy("Failed"), "bad", "cross"),
    "cancelled": (gettext_lazy("Cancelled"), "", "slash"),
    "expired": (gettext_lazy("Waited too long"), "bad", "clock"),
}


def latest_work(*, kind: str, workspace: int | None) -> Work | None:
    """The newest task of a kind in a workspace (or of the platform), as the apps below may show it. One query."""
    found = Task.objects.filter(type=kind, workspace_id=workspace)
    task = found.defer("payload", "checkpoint").order_by("-created_at").first()
    if task is None:
        return None
    return Work(
        id=task.id,
        state=task.state,
        percent=task.progress,
        message=task.progress_message,
        started_at=task.started_at,
        finished_at=task.finished_at,
        error=task.error_message,
        result=task.result,
    )


def told(events: Iterable[TaskEvent]) -> list[dict[str, Any]]:
    """Entries of a timeline: title, text, at, kind, icon."""
    return [_entry(event) for event in events]


def _entry(event: TaskEvent) -> dict[str, Any]:
    title, kind, icon = WORDS.get(event.event, (event.event, "", "info"))
    return {
        "title": title,
        "text": _text(event),
        "at": event.created_at,
        "kind": kind,
        "icon": icon,
    }


def _text(event: TaskEvent) -> str:
    detail = event.detail
    if event.event == "claimed":
        return _("Attempt %(number)d") % {"number": event.attempt}
    if event.event == "retry_scheduled":
        return _("In %(seconds)s seconds, because of: %(code)s") % {
            "seconds": detail.get("after_s"),
            "code": detail.get("code"),
        }
    known = (detail.get(key) for key in ("text", "reason", "to", "code"))
    return next((str(value) for value in known if value), "")
