"""Looking into the system logs: the filters of every door, over a week at most and for two seconds at most."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from psycopg.errors import QueryCanceled

from laojun.audit_search import BadQuery, moment
from laojun.models import SystemLog

PARAMETERS = frozenset(
    {"level", "service", "logger", "path", "user", "trace_id", "from", "to", "q"}
)
USUAL_WINDOW = timedelta(days=1)
MAX_WINDOW = timedelta(days=7)
TIMEOUT = "2s"
TOO_LONG = _("This took too long. Choose a shorter time or another filter.")


def find(rows: Any, asked: Mapping[str, str]) -> Any:
    """The rows that fit. Raises BadQuery. `from` and `to` are ISO 8601; without them the last day.

    `logger` and `path` are beginnings; `q` is looked for in messages.
    """
    end = moment("to", asked.get("to")) or timezone.now() + timedelta(minutes=1)
    start = moment("from", asked.get("from")) or end - USUAL_WINDOW
    if end - start > MAX_WINDOW:
        raise BadQuery("from", _("Ask for at most 7 days."), "window_too_wide")
    rows = rows.between(start, end)
    if level := asked.get("level"):
        if level not in SystemLog.Level.values:
            raise BadQuery("level", _("Choose one of the listed values."))
        rows = rows.filter(level=level)
    if user := asked.get("user"):
        rows = rows.filter(user_id=_person(user))
    exact = {name: asked[name] for name in ("service", "trace_id") if asked.get(name)}
    begins = {f"{name}__startswith": asked[name] for name in ("logger", "path") if asked.get(name)}
    text = {"message__icontains": asked["q"][:100]} if asked.get("q") else {}
    return rows.filter(**exact, **begins, **text)


@contextmanager
def bounded() -> Iterator[None]:
    """From here to the end of the transaction a query is stopped after two seconds. Raises BadQuery inside."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{TIMEOUT}'")
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise BadQuery("q", TOO_LONG, "window_too_wide") from error
        raise


def _person(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadQuery("user", _("Enter the person's id.")) from error
