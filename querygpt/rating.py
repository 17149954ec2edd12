"""What a person says of an answer and how they want it drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from querygpt import charts
from querygpt.models import Message, Result
from querygpt.results import storing
from querygpt.results.storing import ResultGone


class ChartRefused(Exception):
    """The chart cannot be drawn from the columns of the result."""

    code = "chart_refused"


def rate(*, principal: Principal, message: Message, feedback: int, note: str = "") -> None:
    """Keep the thumb and the note; what was written stays with the conversation."""
    before = message.feedback
    Message.objects.filter(pk=message.pk).update(
        feedback=feedback, feedback_note=note, updated_at=timezone.now()
    )
    audit.record(
        actor=principal,
        action="conversation.rated",
        target=("conversation", message.conversation_id),
        before={"feedback": before},
        after={"feedback": feedback},
        details={"message": str(message.pk)},
    )


def redraw(*, principal: Principal, message: Message, spec: Mapping[str, Any]) -> None:
    """Keep another chart. The caller holds the row locked. Raises ChartRefused, ResultGone, ResultUnreadable."""
    result = latest(message)
    wanted = {**spec, "title": spec.get("title") or _title(message)}
    found = charts.accepted(wanted, columns=result.columns, rows=storing.rows_of(result))
    if found is None:
        raise ChartRefused
    Message.objects.filter(pk=message.pk).update(
        metadata={**message.metadata, "visualization": found},
        event_seq=F("event_seq") + 1,
        updated_at=timezone.now(),
    )
    audit.record(
        actor=principal,
        action="conversation.chart_changed",
        target=("conversation", message.conversation_id),
        details={"message": str(message.pk), "type": found["type"]},
    )


def latest(message: Message) -> Result:
    """The result of an answer. Raises ResultGone where it never had one or lost it."""
    found = message.results.order_by("-created_at").first()
    if found is None:
        raise ResultGone
    return found


def _title(message: Message) -> str:
    chart = message.metadata.get("visualization")
    return str(chart["title"]) if chart else ""
