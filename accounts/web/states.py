"""The six states that a person sees, and what the tables call them."""

from typing import Any

from django.utils.translation import gettext_lazy as _

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED, NEEDS = (
    "queued",
    "running",
    "succeeded",
    "failed",
    "cancelled",
    "needs",
)
# One word, colour and icon for a state, everywhere.
STATES: dict[str, tuple[str, Any]] = {
    QUEUED: ("clock", _("Queued")),
    RUNNING: ("running", _("Running")),
    SUCCEEDED: ("check", _("Succeeded")),
    FAILED: ("cross", _("Failed")),
    CANCELLED: ("slash", _("Cancelled")),
    NEEDS: ("hand", _("Needs you")),
}
# What the tables call their states → what the eye sees.
SEEN_AS = {
    "pending": QUEUED,
    "waiting": QUEUED,
    "created": QUEUED,
    "retrying": QUEUED,
    "processing": RUNNING,
    "leased": RUNNING,
    "cancelling": RUNNING,
    "done": SUCCEEDED,
    "success": SUCCEEDED,
    "completed": SUCCEEDED,
    "ok": SUCCEEDED,
    "error": FAILED,
    "dead": FAILED,
    "expired": FAILED,
    "canceled": CANCELLED,
    "needs_you": NEEDS,
    "needs_decision": NEEDS,
}


def seen_as(state: object) -> str:
    """The one of the six states that this state of a table looks like."""
    name = str(state)
    return name if name in STATES else SEEN_AS.get(name, QUEUED)
