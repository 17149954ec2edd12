"""The letters of an installation without a mail server: files that the mail backend wrote, newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import cast

from django.conf import settings

LATEST = 50
MAX_BYTES = 1024 * 1024
# The backend ends each message of a file with a line of these.
RULE = b"-" * 79


@dataclass(frozen=True)
class Letter:
    name: str
    to: str
    subject: str
    text: str
    written_at: datetime


def latest(most: int = LATEST) -> list[Letter]:
    found = sorted(_files(), key=lambda file: file.stat().st_mtime, reverse=True)
    return [_letter(file) for file in found[:most]]


def read(name: str) -> Letter | None:
    """The letter in the file of this name; only names that the folder lists name anything."""
    return next((_letter(file) for file in _files() if file.name == name), None)


def _files() -> Iterator[Path]:
    folder = Path(settings.EMAIL_FILE_PATH)
    return (file for file in folder.glob("*.log") if file.is_file())


def _letter(file: Path) -> Letter:
    raw = file.read_bytes()[:MAX_BYTES].partition(RULE)[0]
    message = message_from_bytes(raw, policy=policy.default)
    body = message.get_body(("plain",))
    return Letter(
        file.name,
        str(message["To"] or ""),
        str(message["Subject"] or ""),
        cast(str, body.get_content()) if body else "",
        datetime.fromtimestamp(file.stat().st_mtime, UTC),
    )
