"""Looking into the audit log: the filters of every door, and how a row is shown."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from laojun.models import AuditLog

EXACT = ("actor", "action", "resource_type", "resource_id", "result", "trace_id")
PARAMETERS = frozenset({*EXACT, "from", "to", "q"})
USUAL_WINDOW = timedelta(days=90)
MAX_WINDOW = timedelta(days=400)
SHOWN = (
    "id",
    "created_at",
    "actor_kind",
    "actor",
    "action",
    "resource_type",
    "resource_id",
    "result",
    "ip_address",
    "user_agent",
    "trace_id",
    "seq",
    "payload",
)


class BadQuery(ValueError):
    """A filter that means nothing. `code` is validation_error or window_too_wide."""

    def __init__(self, parameter: str, message: Any, code: str = "validation_error") -> None:
        super().__init__(parameter)
        self.parameter = parameter
        self.message = message
        self.code = code


def find(rows: Any, asked: Mapping[str, str]) -> Any:
    """The rows that fit. Raises BadQuery. `from` and `to` are ISO 8601; without them the last 90 days."""
    end = moment("to", asked.get("to")) or timezone.now() + timedelta(minutes=1)
    start = moment("from", asked.get("from")) or end - USUAL_WINDOW
    if end - start > MAX_WINDOW:
        raise BadQuery("from", _("Ask for at most 400 days."), "window_too_wide")
    exact = {name: asked[name] for name in EXACT if asked.get(name)}
    rows = rows.between(start, end).filter(**exact)
    text = asked.get("q", "")[:100]
    if text:
        rows = rows.filter(
            Q(resource_id__icontains=text) | Q(action__icontains=text) | Q(actor__icontains=text)
        )
    return rows


def shown(row: AuditLog, known: Mapping[str, str]) -> dict[str, Any]:
    """One row as the API and exports give it."""
    return {
        **{name: getattr(row, name) for name in SHOWN},
        "actor_id": row.actor_id,
        "actor_name": known.get(row.actor, ""),
        "hash": bytes(row.hash).hex() if row.hash else None,
        "sealed_at": row.sealed_at,
    }


def moment(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        found = parse_datetime(text)
        day = None if found else parse_date(text)
    except ValueError as error:
        raise BadQuery(name, _("Enter a date or a time in ISO 8601.")) from error
    if day is not None:
        found = datetime(day.year, day.month, day.day, tzinfo=timezone.get_current_timezone())
    if found is None:
        raise BadQuery(name, _("Enter a date or a time in ISO 8601."))
    return timezone.make_aware(found) if timezone.is_naive(found) else found
