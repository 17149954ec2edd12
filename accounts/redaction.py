"""The one redaction filter: what looks like a secret becomes `***` before it is logged, audited or shown."""

import logging
import re
from collections.abc import Mapping
from typing import Any

MASK = "***"
SECRET_NAMES = re.compile(
    r"pass(word|wd|phrase)?$|secret|token$|api_?key|authorization|cookie|credential|private_?key"
    r"|refresh$|^access$|session_?key|signature",
    re.IGNORECASE,
)
SECRET_SHAPES = [
    re.compile(
        r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]{0,8000}?-----END [A-Z ]*PRIVATE KEY-----"
    ),
    re.compile(r"\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*"),
    re.compile(r"\b(?:tlk|tlr|tli)_[A-Za-z0-9_-]{8,}"),
    re.compile(r"\b(?:sk|pk|rk)[-_](?:live|test|ant|proj|or)?[-_]?[A-Za-z0-9_-]{16,}"),
    re.compile(
        r"\b(?:ghp|gho|ghu|ghs|ghr|github_pat|glpat|xox[abpr]|hf|npm|pypi)[_-][A-Za-z0-9_-]{10,}"
    ),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"),
    re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),
    re.compile(r"(?<=://)[^/\s:@]{1,200}:[^/\s@]{1,200}(?=@)"),
    re.compile(
        r"(?i)(?<=password=)[^\s&\"']+|(?<=secret=)[^\s&\"']+|(?<=token=)[^\s&\"']+|(?<=api_key=)[^\s&\"']+"
    ),
]
LINE_BREAKERS = re.compile(
    r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]"
)
MAX_DEPTH = 32


def redact_text(text: str) -> str:
    for shape in SECRET_SHAPES:
        text = shape.sub(MASK, text)
    return text


def redact(value: Any, *, depth: int = 0) -> Any:
    """A copy of plain data with secrets masked: by the name they stand under, and by their shape."""
    if depth > MAX_DEPTH:
        return MASK
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {
            key: MASK if item and is_secret_name(str(key)) else redact(item, depth=depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [redact(item, depth=depth + 1) for item in value]
    return value


def is_secret_name(name: str) -> bool:
    return bool(SECRET_NAMES.search(name))


def one_line(text: str) -> str:
    """The text with every character that could start a new line or hide one written as an escape."""
    return LINE_BREAKERS.sub(lambda found: f"\\u{ord(found.group()):04x}", text)


class RedactionFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        """Once for a record, however many handlers it comes to."""
        if not getattr(record, "is_redacted", False):
            record.msg = redact_text(record.getMessage())
            record.args = ()
            record.is_redacted = True
        return True


class OneLineFormatter(logging.Formatter):
    """Tracebacks keep their lines; a message cannot forge another event."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        record.message = one_line(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: Any) -> str:  # noqa: N802
        return redact_text(super().formatException(ei))
