"""Exports of the audit log: CSV for spreadsheets, JSON lines with everything a stranger needs to hash them again.

The last line of a JSONL export is signed: it holds the hash of all lines before it, and which of the rows an anchor
vouches for. `offline` checks it with the public key alone.
"""

import csv
import hashlib
import io
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from asgiref.sync import sync_to_async
from django.db import connection
from django.db.models import Q
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import registry, tenancy
from accounts.registry import JobFailed, Progress
from accounts.signing_keys import AUDIT
from accounts.tenancy import Context
from laojun import audit, audit_search, files, links
from laojun.audit import Actor
from laojun.audit_search import BadQuery
from laojun.chain import anchors, checkpoints, form, lines
from laojun.files import Owner
from laojun.models import AuditInstance, AuditLog

KIND = "laojun.audit_export"
PURPOSE = "audit_export"
SCHEMA = {
    "type": "object",
    "properties": {
        "workspace": {"type": "integer"},
        "user": {"type": "string", "format": "uuid"},
        "format": {"enum": ["csv", "jsonl"]},
        "asked": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    "required": ["workspace", "user", "format", "asked"],
    "additionalProperties": False,
}
MAX_STREAMED = 10_000
MAX_ROWS = 5_000_000
LINK_SECONDS = 86_400
BATCH = 500
ANCHORS_LOOKED_AT = 200
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
FORMS = "SELECT l.id, {canonical} FROM lao_audit_logs l WHERE l.id = ANY(%s) AND l.created_at BETWEEN %s AND %s"
HASHES = "SELECT l.seq, l.hash FROM lao_audit_logs l WHERE {chain} AND l.seq = ANY(%s)"
Enter = Callable[[], Any]


class ExportTooLarge(Exception):
    """More rows than one export holds."""

    code = "limit_reached"

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.members = {"limit": limit}


@dataclass
class Export:
    """One export on its way: which rows, in which form, and what has been written."""

    workspace_id: int
    rows: Any
    kind: str
    enter: Enter
    count: int = 0
    first: int | None = None
    last: int | None = None

    def __post_init__(self) -> None:
        self.digest = hashlib.sha256()
        self._place: tuple[datetime, int] | None = None

    def parts(self) -> Iterator[bytes]:
        """The content, a batch at a time, each read in a short transaction of its own."""
        if self.kind == "csv":
            yield _csv([COLUMNS])
        while (part := self.next()) is not None:
            yield part
        if self.kind == "jsonl":
            yield self.signature()

    def next(self) -> bytes | None:
        """The next batch, or None behind the last one."""
        with self.enter():
            rows = self._page()
            if not rows:
                return None
            shown = self._shown(rows)
        self.count += len(rows)
        self._place = (rows[-1].created_at, rows[-1].pk)
        if self.kind == "csv":
            return _csv([safe_cell(_cell(one[name])) for name in COLUMNS] for one in shown)
        part = b"".join(orjson.dumps(one) + b"\n" for one in shown)
        self.digest.update(part)
        return part

    def signature(self) -> bytes:
        """The last line, signed with the key of the anchors."""
        key = AUDIT.current()
        body = {
            "v": lines.EXPORT,
            "instance": str(AuditInstance.objects.get().instance_id),
            "chain": self.workspace_id,
            "at": timezone.now().isoformat(),
            "rows": self.count,
            "sha256": self.digest.hexdigest(),
            "anchor": self._anchor(),
            "public_key": key.public.public_bytes_raw().hex(),
        }
        return lines.signed(body, key_id=key.id, private=key.private) + b"\n"

    def _page(self) -> list[AuditLog]:
        rows = self.rows.order_by("created_at", "id")
        if self._place is not None:
            at, row_id = self._place
            later = Q(created_at__gt=at) | Q(created_at=at, id__gt=row_id)
            rows = rows.filter(later, created_at__gte=at)
        return list(rows[:BATCH])

    def _shown(self, rows: list[AuditLog]) -> list[dict[str, Any]]:
        known = audit.names(rows)
        shown = [audit_search.shown(row, known) for row in rows]
        if self.kind == "csv":
            return shown
        canonical, before = self._forms(rows), self._before(rows)
        for row, one in zip(rows, shown, strict=True):
            one["canonical"] = canonical[row.pk]
            one["prev_hash"] = before.get(row.seq, b"").hex() or None
        numbers = [row.seq for row in rows if row.seq is not None]
        self.first = min([*numbers, *([self.first] if self.first else [])], default=None)
        self.last = max([*numbers, *([self.last] if self.last else [])], default=None)
        return shown

    def _forms(self, rows: list[AuditLog]) -> dict[int, str]:
        query = FORMS.format(canonical=form.CANONICAL)
        with connection.cursor() as cursor:
            ids = [row.pk for row in rows]
            cursor.execute(query, [ids, rows[0].created_at, rows[-1].created_at])
            return dict(cursor.fetchall())

    def _before(self, rows: list[AuditLog]) -> dict[int | None, bytes]:
        """Number of a row → the hash it follows."""
        wanted = [row.seq - 1 for row in rows if row.seq is not None]
        with connection.cursor() as cursor:
            cursor.execute(HASHES.format(chain=form.of_chain(self.workspace_id)), [wanted])
            found: dict[int | None, bytes] = {
                seq + 1: bytes(value) for seq, value in cursor.fetchall()
            }
        if {seq + 1 for seq in wanted} - set(found):
            start = checkpoints.start(self.workspace_id)
            found = {start.seq + 1: start.hash, **found}
            found |= {seq + 1: value for seq, value in start.bridge.items()}
        return found

    def _anchor(self) -> dict[str, Any] | None:
        """The newest anchored row among those that were exported; a tenant learns of no other chain."""
        if self.first is None or self.last is None:
            return None
        for row, seq, digest in anchors.of_chain(self.workspace_id, ANCHORS_LOOKED_AT):
            if self.first <= seq <= self.last:
                at = row.created_at.isoformat()
                return {
                    "no": row.anchor_no,
                    "at": at,
                    "sha256": row.sha256,
                    "seq": seq,
                    "hash": digest,
                }
        return None


def begin(
    *, rows: Any, asked: Mapping[str, str], kind: str, actor: Actor, context: Context
) -> StreamingHttpResponse | Any:
    """The rows as a download, or the task that will make a file of them where there are more than 10,000.

    Raises BadQuery, ExportTooLarge. The export itself is audited.
    """
    if kind not in TYPES:
        raise BadQuery("format", _("Either csv or jsonl."))
    count = rows[: MAX_STREAMED + 1].count()
    workspace_id = context.workspace_id or 0
    if count > MAX_STREAMED:
        return registry.enqueue(
            kind=KIND,
            payload={
                "workspace": workspace_id,
                "user": str(context.user_id),
                "format": kind,
                "asked": dict(asked),
            },
            workspace=workspace_id,
            user=context.user_id,
        )
    _record(actor, kind, count)
    export = Export(workspace_id, rows, kind, partial(tenancy.entered, context))
    response = StreamingHttpResponse(_streamed(export), content_type=TYPES[kind])
    response["Content-Disposition"] = f'attachment; filename="{_name(kind)}"'
    return response


def run(payload: dict[str, Any], progress: Progress) -> dict[str, Any]:
    """The task: an export of up to 5 million rows as a file of the asker's, with a link for 24 hours.

    Raises JobFailed.
    """
    workspace_id, user_id, kind = payload["workspace"], UUID(payload["user"]), payload["format"]
    enter = partial(tenancy.workspace, workspace_id, user_id=user_id)
    with enter():
        rows = audit_search.find(
            AuditLog.objects.filter(workspace_id=workspace_id), payload["asked"]
        )
        total = rows[: MAX_ROWS + 1].count()
    if total > MAX_ROWS:
        raise JobFailed(
            "limit_reached", _("One export holds 5,000,000 rows. Choose a shorter time.")
        )
    export = Export(workspace_id, rows, kind, enter)

    def content() -> Iterator[bytes]:
        for part in export.parts():
            progress(export.count, max(total, 1))
            yield part

    file = files.store(
        content=content(), name=_name(kind), purpose=PURPOSE, owner=Owner(user_id, workspace_id)
    )
    with enter():
        _record(Actor(f"user:{user_id}", "user", user_id), kind, export.count)
        link = links.make(file=file, seconds=LINK_SECONDS)
    expires_at = link.expires_at.isoformat() if link.expires_at else None
    return {"file": str(file.pk), "link": link.path, "expires_at": expires_at, "rows": export.count}


def safe_cell(value: Any) -> str:
    """Text that a spreadsheet does not take for a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _record(actor: Actor, kind: str, count: int) -> None:
    audit.record(
        actor=actor,
        action="audit.exported",
        target=("audit_log", kind),
        details={"rows": count},
    )


def _name(kind: str) -> str:
    return f"audit-{timezone.now():%Y%m%d-%H%M%S}.{kind}"


async def _streamed(export: Export) -> AsyncIterator[bytes]:
    parts = export.parts()
    while (part := await sync_to_async(_next)(parts)) is not None:
        yield part


def _next(parts: Iterator[bytes]) -> bytes | None:
    try:
        return next(parts, None)
    finally:
        if not connection.in_atomic_block:
            connection.close()


def _cell(value: Any) -> Any:
    return orjson.dumps(value).decode() if isinstance(value, dict) else value


def _csv(rows: Iterable[Iterable[Any]]) -> bytes:
    stream = io.StringIO()
    csv.writer(stream).writerows(rows)
    return stream.getvalue().encode()
