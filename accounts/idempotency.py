"""One effect for one `Idempotency-Key`, however often the request is sent: begin, remember, replay.

The remembered reply commits in the transaction of the effect, so neither exists without the other.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import IdempotencyKey
from accounts.models.idempotency import EXPIRY_HOURS

MAX_BODY_BYTES = 256 * 1024
# The status of a key whose deed goes on after its transaction.
UNDER_WAY = 102
UNDER_WAY_SECONDS = 1860


class InProgress(Exception):
    """The same request is running on another connection; ask again in a second."""

    code = "idempotency_in_progress"
    headers = {"Retry-After": "1"}


class Mismatch(Exception):
    """The key belongs to another request."""

    code = "idempotency_mismatch"


@dataclass(frozen=True)
class Scope:
    """Whose key it is, and for what: equal keys of other people, workspaces or routes are unrelated."""

    workspace_id: int | None
    actor: str
    route: str
    key: str

    @property
    def filter(self) -> dict[str, Any]:
        return {
            "workspace_id": self.workspace_id,
            "actor": self.actor,
            "route": self.route,
            "key": self.key,
        }

    def lock_number(self) -> int:
        """The scope as a signed 64-bit number for an advisory lock."""
        text = "\x1f".join((str(self.workspace_id), self.actor, self.route, self.key))
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], signed=True)


@dataclass(frozen=True)
class Reply:
    """What was answered. `headers` are the ones a replay must repeat."""

    status_code: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def begin(scope: Scope, *, fingerprint: bytes, now: datetime | None = None) -> Reply | None:
    """Take the key until the end of the transaction; return the remembered reply, if there is one.

    Never waits: a connection that waits for another request's lock is a connection lost. Raises InProgress
    and Mismatch. Two round trips.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [scope.lock_number()])
        if not cursor.fetchone()[0]:
            raise InProgress
    found = IdempotencyKey.objects.filter(**scope.filter).first()
    if found is None:
        return None
    if found.expires_at <= (now or timezone.now()):
        found.delete()
        return None
    if bytes(found.body_sha256) != fingerprint:
        raise Mismatch
    if found.status_code == UNDER_WAY:
        raise InProgress
    return Reply(found.status_code, bytes(found.body), found.headers)


def remember(scope: Scope, *, fingerprint: bytes, reply: Reply) -> None:
    IdempotencyKey.objects.create(
        **scope.filter,
        body_sha256=fingerprint,
        status_code=reply.status_code,
        headers=reply.headers,
        body=reply.body,
        expires_at=timezone.now() + timedelta(hours=EXPIRY_HOURS),
    )


def announce(scope: Scope, *, fingerprint: bytes) -> None:
    """Hold the key beyond the transaction, for a deed that is done after it; `conclude` ends that, or half an hour."""
    IdempotencyKey.objects.create(
        **scope.filter,
        body_sha256=fingerprint,
        status_code=UNDER_WAY,
        headers={},
        body=b"",
        expires_at=timezone.now() + timedelta(seconds=UNDER_WAY_SECONDS),
    )


def conclude(scope: Scope, *, reply: Reply | None) -> None:
    """What an announced deed was answered with; nothing lets the key go, so that it may be tried again."""
    rows = IdempotencyKey.objects.filter(**scope.filter, status_code=UNDER_WAY)
    if reply is None:
        rows.delete()
        return
    rows.update(
        status_code=reply.status_code,
        headers=reply.headers,
        body=reply.body,
        expires_at=timezone.now() + timedelta(hours=EXPIRY_HOURS),
    )


def forgotten(now: datetime) -> QuerySet[IdempotencyKey]:
    """Replies that nobody may ask for again."""
    return IdempotencyKey.objects.filter(expires_at__lte=now)
