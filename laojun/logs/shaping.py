"""A log record as a row: one line, without secrets, within its size, and with where it came from."""

import logging
import traceback
from datetime import UTC, datetime
from typing import Any

import orjson

from accounts import tenancy
from accounts.redaction import one_line, redact, redact_text
from laojun.logs import origin

MAX_MESSAGE_BYTES = 8 * 1024
MAX_CONTEXT_BYTES = 16 * 1024
MAX_TRACE_BYTES = 32 * 1024
LEVELS = {"WARNING": "WARN", "CRITICAL": "ERROR", "NOTSET": "DEBUG"}
KNOWN = frozenset({"DEBUG", "INFO", "WARN", "ERROR"})
# What every record has; the rest was given by `extra`.
STANDARD = frozenset(
    {
        *logging.LogRecord("", 0, "", 0, "", (), None).__dict__,
        *("message", "asctime", "taskName", "is_redacted", "request", "status_code"),
    }
)
Line = dict[str, Any]


def shaped(record: logging.LogRecord, *, service: str) -> Line:
    """The row of `lao_system_logs`, ready for JSON."""
    where, who = origin.current(), tenancy.current()
    return {
        "workspace_id": who.workspace_id or where.workspace_id,
        "level": level_of(record),
        "logger": clean(record.name, 120),
        "message": clean(_message(record), MAX_MESSAGE_BYTES),
        "context": _context(record),
        "exception": _trace(record),
        "repeat_count": 1,
        "service": service,
        "method": clean(where.method, 10),
        "path": clean(redact_text(where.path), 500),
        "user_id": _text(who.user_id or where.user_id),
        "ip_address": where.ip_address,
        "user_agent": clean(redact_text(where.user_agent), 300),
        "trace_id": clean(where.trace_id, 64),
        "created_at": datetime.fromtimestamp(record.created, UTC).isoformat(),
    }


def level_of(record: logging.LogRecord) -> str:
    """DEBUG, INFO, WARN or ERROR; levels between them are the one below."""
    name = LEVELS.get(record.levelname, record.levelname)
    if name in KNOWN:
        return name
    for number, known in ((40, "ERROR"), (30, "WARN"), (20, "INFO")):
        if record.levelno >= number:
            return known
    return "DEBUG"


def clean(text: str, most: int) -> str:
    """One storable line of at most so many bytes; what could start another line or hide one is escaped."""
    raw = one_line(text).encode("utf-8", "replace")
    return raw.decode() if len(raw) <= most else raw[: most - 3].decode(errors="ignore") + "…"


def _message(record: logging.LogRecord) -> str:
    """A filter beside this handler may have taken the secrets out already."""
    text = record.getMessage()
    return text if getattr(record, "is_redacted", False) else redact_text(text)


def _context(record: logging.LogRecord) -> dict[str, Any]:
    """What was given beside the message, and the line of code it was said at."""
    found = {name: value for name, value in vars(record).items() if name not in STANDARD}
    context: dict[str, Any] = {"at": f"{record.module}:{record.lineno}"}
    if record.levelno >= logging.CRITICAL:
        context["critical"] = True
    if found:
        context["extra"] = _escaped(redact(orjson.loads(orjson.dumps(found, default=str))))
    if len(orjson.dumps(context)) <= MAX_CONTEXT_BYTES:
        return context
    return {**context, "extra": "…"}


def _escaped(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value, MAX_CONTEXT_BYTES)
    if isinstance(value, dict):
        return {clean(str(key), 200): _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value


def _trace(record: logging.LogRecord) -> str:
    """Where it was raised, without local variables: those hold what people typed."""
    if not record.exc_info or record.exc_info[1] is None:
        return ""
    text = "".join(traceback.format_exception(record.exc_info[1]))
    return clean(redact_text(text[-2 * MAX_TRACE_BYTES :]), MAX_TRACE_BYTES)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
