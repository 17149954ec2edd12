"""Links to a file that die: whoever holds one may read that file until its hour, and nothing else.

A link carries its file, owner and expiry under an HMAC of the key ring; no session, no row, nothing to look up
before it is known to be genuine. A public file's link has no hour and lives as long as the file is public.
"""

import base64
import hmac
import struct
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from accounts import secrets
from laojun import audit, configs, filetypes
from laojun.files import Owner, target_of
from laojun.models import File

PURPOSE = "laojun.file-link"
MAX_SECONDS = 86_400
MIN_SECONDS = 30
FORMAT = ">16s16sqq?"
WHILE_PUBLIC = 0
MAX_TOKEN = 300


class LinkDead(Exception):
    """Altered, expired, or of a file that is gone: all one answer."""


@dataclass(frozen=True)
class Link:
    """A path of ours and the moment it stops working (None: while the file is public)."""

    path: str
    expires_at: datetime | None


def make(*, file: File, seconds: int | None = None, inline: bool = False) -> Link:
    """A link to a file for so many seconds, the platform's default when None. Leaves an audit row."""
    life = seconds or int(configs.value("storage.signed_url_seconds"))
    expires_at = timezone.now() + timedelta(seconds=min(max(life, MIN_SECONDS), MAX_SECONDS))
    audit.record(
        actor=audit.current_actor(audit.Actor.system("files")),
        action="file.linked",
        target=target_of(file),
        details={"expires_at": expires_at, "inline": inline},
    )
    return Link(_path(file, int(expires_at.timestamp()), inline=inline), expires_at)


def publish(*, file: File, is_public: bool) -> File:
    """Give a file an address for everybody, or take it away; links made of it then are dead at once."""
    url = _path(file, WHILE_PUBLIC, inline=True) if is_public else None
    before = {"is_public": file.is_public}
    file.is_public, file.url = is_public, url
    file.save(update_fields=["is_public", "url", "updated_at"])
    file.refresh_from_db(fields=["row_version"])
    audit.record(
        actor=audit.current_actor(audit.Actor.system("files")),
        action="file.made_public",
        target=target_of(file),
        before=before,
        after={"is_public": is_public},
    )
    return file


def follow(token: str) -> tuple[File, bool]:
    """The file behind a link and whether a browser may show it. Raises LinkDead. One query."""
    raw = _genuine(token)
    file_id, person, workspace_id, expiry, inline = struct.unpack(FORMAT, raw)
    now = timezone.now()
    if expiry != WHILE_PUBLIC and expiry <= now.timestamp():
        raise LinkDead
    owner = Owner(UUID(bytes=person), workspace_id or None)
    with owner.envelope():
        file = File.objects.live(now).filter(pk=UUID(bytes=file_id)).first()
    if file is None or (expiry == WHILE_PUBLIC and not file.is_public):
        raise LinkDead
    return file, inline and filetypes.may_show(file.mime_type)


def _path(file: File, expiry: int, *, inline: bool) -> str:
    raw = struct.pack(
        FORMAT, file.id.bytes, file.user_id.bytes, file.workspace_id or 0, expiry, inline
    )
    key_id, mac = secrets.sign(raw, purpose=PURPOSE)
    return f"/files/links/{_text(raw)}.{key_id}.{_text(mac)}/"


def _genuine(token: str) -> bytes:
    """What the platform signed. Raises LinkDead."""
    try:
        content, key_id, mac = token[:MAX_TOKEN].split(".")
        raw, given = _bytes(content), _bytes(mac)
        _key, wanted = secrets.sign(raw, purpose=PURPOSE, key_id=key_id)
    except (ValueError, secrets.SecretUnreadable) as error:
        raise LinkDead from error
    # The text must be ours too, or two spellings of one link would exist.
    if not hmac.compare_digest(given, wanted) or f"{_text(raw)}.{key_id}.{_text(given)}" != token:
        raise LinkDead
    if len(raw) != struct.calcsize(FORMAT):
        raise LinkDead
    return raw


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
