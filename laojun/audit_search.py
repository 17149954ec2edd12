"""Looking into the audit log: the filters of every door, and exports that hold no transaction while they flow."""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from asgiref.sync import sync_to_async
from django.db import connection
from django.db.models import Q
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext_lazy as _

from accounts import tenancy
from accounts.tenancy import Context
from laojun import audit
from laojun.audit import Actor
from laojun.models import AuditLog

EXACT = ("actor", "action", "resource_type", "resource_id", "result", "trace_id")
PARAMETERS = frozenset({*EXACT, "from", "to", "q"})
USUAL_WINDOW = timedelta(days=90)
MAX_WINDOW = timedelta(days=400)
MAX_EXPORT_ROWS = 10_000
TOO_LARGE = _("One export holds 10,000 rows. Choose a shorter time or another filter.")
BATCH = 500
FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "id",
    "created_at",
    "actor_kind",
    "actor",
    "actor_name",
    "action",
    "resource_type",
    "resource_id",
    "result",
    "ip_address",
    "user_agent",
    "trace_id",
    "seq",
    "hash",
    "payload",
)
TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}


class BadQuery(ValueError):
    """A filter that means nothing. `code` is validation_error or window_too_wide."""

    def __init__(self, parameter: str, message: Any, code: str = "validation_error") -> None:
        super().__init__(parameter)
        self.parameter = parameter
        self.message = message
        self.code = code


class ExportTooLarge(Exception):
    """More rows than one export holds."""

    code = "limit_reached"

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.members = {"limit": limit}


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
    content = {name: getattr(row, name) for name in COLUMNS if name not in {"hash", "actor_name"}}
    return {
        **content,
        "actor_id": row.actor_id,
        "actor_name": known.get(row.actor, ""),
        "hash": bytes(row.hash).hex() if row.hash else None,
        "sealed_at": row.sealed_at,
    }


def export(*, rows: Any, kind: str, actor: Actor, context: Context) -> StreamingHttpResponse:
    """The rows as a download, read in short transactions of their own while it flows.

    Raises BadQuery, ExportTooLarge. The export itself is audited.
    """
    if kind not in TYPES:
        raise BadQuery("format", _("Either csv or jsonl."))
    count = rows[: MAX_EXPORT_ROWS + 1].count()
    if count > MAX_EXPORT_ROWS:
        raise ExportTooLarge(MAX_EXPORT_ROWS)
    audit.record(
        actor=actor,
        action="audit.exported",
        target=("audit_log", kind),
        details={"rows": count},
    )
    keys = list(rows.order_by("created_at", "id").values_list("id", "created_at"))
    response = StreamingHttpResponse(_lines(keys, kind, context), content_type=TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="audit-{timezone.now():%Y%m%d}.{kind}"'
    return response


def safe_cell(value: Any) -> str:
    """Text that a spreadsheet does not take for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


async def _lines(
    keys: list[tuple[int, datetime]], kind: str, context: Context
) -> AsyncIterator[bytes]:
    if kind == "csv":
        yield _csv([COLUMNS])
    for first in range(0, len(keys), BATCH):
        yield await sync_to_async(_batch)(keys[first : first + BATCH], kind, context)


def _batch(keys: list[tuple[int, datetime]], kind: str, context: Context) -> bytes:
    try:
        with tenancy.entered(context):
            found = AuditLog.objects.filter(
                id__in=[key for key, _at in keys],
                created_at__gte=keys[0][1],
                created_at__lte=keys[-1][1],
            ).order_by("created_at", "id")
            rows = list(found)
            known = audit.names(rows)
    finally:
        if not connection.in_atomic_block:
            connection.close()
    dicts = [shown(row, known) for row in rows]
    if kind == "jsonl":
        return b"".join(orjson.dumps(one) + b"\n" for one in dicts)
    return _csv([safe_cell(_cell(one[name])) for name in COLUMNS] for one in dicts)


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()


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
