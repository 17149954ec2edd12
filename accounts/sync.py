"""What changed since a client last asked: in commit order, with tombstones, and without skipping a slow writer.

Numbers and times are given before a commit, so a cursor on them skips whoever commits late, for ever. The feed
goes by transaction number and shows a change only when every transaction that began before it has ended.
"""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.core import signing
from django.db import connection, models

from accounts import signals, tenancy
from accounts.authentication import Principal
from accounts.models import Change, FeedState
from accounts.models.change import TOMBSTONE_DAYS
from accounts.registry import SyncResource, sync_resources

MAX_LIMIT = 1000
MAX_PAGE_BYTES = 4 * 1024 * 1024
MAX_CURSOR_CHARACTERS = 512
SECONDS_A_DAY = 24 * 3600
_signer = signing.Signer(salt="accounts.sync")

# Four feeds, each in the order of an index: the workspace's, the person's, everybody's, and the names of the
# person's other workspaces. The bound on `xid` is what keeps a change back while an older writer is at work.
STATEMENT = """
WITH state AS (
    SELECT epoch, pg_snapshot_xmin(pg_current_snapshot()) AS safe FROM accounts_feed_state
), found AS (
    (SELECT c.xid, c.id, resource_type, resource_id FROM accounts_changes c, state
        WHERE workspace_id = %(workspace)s AND resource_type = ANY(%(types)s)
          AND (c.xid, c.id) > (%(xid)s::xid8, %(id)s) AND c.xid < safe
        ORDER BY c.xid, c.id LIMIT %(limit)s)
    UNION ALL
    (SELECT c.xid, c.id, resource_type, resource_id FROM accounts_changes c, state
        WHERE workspace_id IS NULL AND user_id = %(user)s AND resource_type = ANY(%(types)s)
          AND (c.xid, c.id) > (%(xid)s::xid8, %(id)s) AND c.xid < safe
        ORDER BY c.xid, c.id LIMIT %(limit)s)
    UNION ALL
    (SELECT c.xid, c.id, resource_type, resource_id FROM accounts_changes c, state
        WHERE workspace_id IS NULL AND user_id IS NULL AND resource_type = ANY(%(types)s)
          AND (c.xid, c.id) > (%(xid)s::xid8, %(id)s) AND c.xid < safe
        ORDER BY c.xid, c.id LIMIT %(limit)s)
    UNION ALL
    (SELECT c.xid, c.id, resource_type, resource_id FROM accounts_changes c, state
        WHERE workspace_id IN (SELECT m.workspace_id FROM accounts_memberships m
                               WHERE m.user_id = %(user)s)
          AND workspace_id IS DISTINCT FROM %(workspace)s
          AND resource_type = 'workspace' AND 'workspace' = ANY(%(types)s)
          AND (c.xid, c.id) > (%(xid)s::xid8, %(id)s) AND c.xid < safe
        ORDER BY c.xid, c.id LIMIT %(limit)s)
)
SELECT epoch::text, safe::text::bigint,
    (SELECT extract(epoch FROM clock_timestamp() - min(changed_at)) FROM accounts_changes c
        WHERE c.xid >= safe AND (workspace_id = %(workspace)s
            OR (workspace_id IS NULL AND user_id = %(user)s))),
    f.xid::text::bigint, f.id, f.resource_type, f.resource_id
FROM state LEFT JOIN LATERAL (
    SELECT * FROM found ORDER BY xid, id LIMIT %(limit)s
) f ON true
"""
OUT_OF_PLACE = """
SELECT place <> accounts_feed_place() OR EXISTS (
    SELECT 1 FROM accounts_changes WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())
) FROM accounts_feed_state
"""
LAG = """
SELECT extract(epoch FROM clock_timestamp() - min(changed_at)) FROM accounts_changes
WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())
"""
RESET = """
UPDATE accounts_changes SET xid = pg_current_xact_id();
UPDATE accounts_feed_state SET epoch = gen_random_uuid(), place = accounts_feed_place(),
    reason = %s, changed_at = clock_timestamp();
"""

Render = Callable[[SyncResource, str, Any], bytes]


class SyncReset(Exception):
    """The client's copy can no longer be brought up to date: everything named by `types` is loaded again."""

    code = "sync_reset"

    def __init__(self, reason: str, types: Sequence[str]) -> None:
        super().__init__(reason)
        self.members = {"reason": reason, "types": list(types)}


class CursorInvalid(Exception):
    """The cursor is damaged, or another person's, workspace's or set of types."""

    code = "cursor_invalid"


@dataclass(frozen=True)
class Cursor:
    """How far a client is: after the change `(xid, id)`, or, at first, inside the type `loading` after `last`."""

    types: tuple[str, ...]
    epoch: str
    xid: int
    id: int = 0
    loading: int | None = None
    last: str = ""
    rights: str = ""


@dataclass
class Page:
    """`items` are rendered changes; `lag_s` says for how long a slow writer has held the newest ones back."""

    cursor: Cursor
    has_more: bool
    lag_s: float
    items: list[bytes] = field(default_factory=list)
    size: int = 0

    def take(self, item: bytes, cursor: Cursor) -> bool:
        """Add what was rendered (nothing is fine) and move on; False, with nothing done, when the page is full."""
        if self.items and self.size + len(item) > MAX_PAGE_BYTES:
            return False
        if item:
            self.items.append(item)
        self.size += len(item)
        self.cursor = cursor
        return True


@dataclass(frozen=True)
class _Noted:
    xid: int
    id: int
    type: str
    key: str


# Reading


def page(
    *, principal: Principal, cursor: str | None, types: Sequence[str], limit: int, render: Render
) -> Page:
    """The next page for a client: without a cursor the first of everything, else what changed after it.

    Statements: one, and one for each type on the page. Raises SyncReset and CursorInvalid.
    """
    known = _read(cursor, principal, types) if cursor else None
    wanted = known.types if known else tuple(types or sync_resources)
    asked = known or Cursor(wanted, "", 0)
    loading = known is None or known.loading is not None
    epoch, safe, lag, noted = _changes(principal, asked, limit=0 if loading else limit + 1)
    if known is None:
        known = Cursor(wanted, epoch, safe, loading=0, rights=_rights(principal))
    elif known.epoch != epoch:
        raise SyncReset("epoch", known.types)
    if known.loading is not None:
        return _first(principal, known, limit, render, lag)
    found = _delta(principal, known, noted, limit, render)
    if not found.has_more:
        found.cursor = replace(found.cursor, xid=safe, id=0)
    return replace(found, lag_s=lag)


def _changes(
    principal: Principal, cursor: Cursor, *, limit: int
) -> tuple[str, int, float, list[_Noted]]:
    asked = {
        "workspace": principal.workspace_id,
        "user": principal.user.id if principal.user else None,
        "types": list(cursor.types),
        "xid": str(cursor.xid),
        "id": cursor.id,
        "limit": limit,
    }
    with connection.cursor() as statement:
        statement.execute(STATEMENT, asked)
        rows = statement.fetchall()
    epoch, safe, lag = rows[0][:3]
    noted = [_Noted(*row[3:]) for row in rows if row[3] is not None]
    return epoch, safe, round(max(0.0, float(lag or 0)), 3), noted


def _first(principal: Principal, cursor: Cursor, limit: int, render: Render, lag: float) -> Page:
    """Whole types, one after the other. What changes meanwhile comes again with the changes that follow."""
    found = Page(cursor, has_more=True, lag_s=lag)
    for item, place in _walk(principal, cursor, limit, render):
        if not found.take(item, place):
            return found
    if found.cursor.loading == len(cursor.types):
        in_one_page = (cursor.loading, cursor.last) == (0, "")
        found.cursor = replace(found.cursor, loading=None, last="")
        found.has_more = not in_one_page
    return found


def _walk(
    principal: Principal, cursor: Cursor, limit: int, render: Render
) -> Iterator[tuple[bytes, Cursor]]:
    """Rendered rows from where the cursor stands, each with the cursor behind it; nothing at the end of a type."""
    after, room = cursor.last, limit
    for index in range(cursor.loading or 0, len(cursor.types)):
        resource = sync_resources[cursor.types[index]]
        rows = resource.page(principal, after, room)
        for row in rows:
            key = resource.key_of(row)
            yield render(resource, key, row), replace(cursor, loading=index, last=key)
        room -= len(rows)
        if not room:
            return
        after = ""
        yield b"", replace(cursor, loading=index + 1, last="")


def _delta(
    principal: Principal, cursor: Cursor, noted: list[_Noted], limit: int, render: Render
) -> Page:
    found, seen = Page(cursor, has_more=len(noted) > limit, lag_s=0), set()
    rows = _load(principal, noted[:limit])
    for change in noted[:limit]:
        thing = (change.type, change.key)
        new = thing not in seen
        seen.add(thing)
        item = render(sync_resources[change.type], change.key, rows.get(thing)) if new else b""
        if not found.take(item, replace(cursor, xid=change.xid, id=change.id)):
            found.has_more = True
            return found
    return found


def _load(principal: Principal, noted: Iterable[_Noted]) -> dict[tuple[str, str], Any]:
    """What the person may see of the things that changed, whatever the note says: a thing may be back, or hidden."""
    keys: dict[str, list[str]] = {}
    for change in noted:
        keys.setdefault(change.type, []).append(change.key)
    return {
        (name, resource.key_of(row)): row
        for name, ids in keys.items()
        for resource in [sync_resources[name]]
        for row in resource.find(principal, ids)
    }


def of_queryset(
    rows: Callable[[Principal], models.QuerySet],
    *,
    key: str = "pk",
    version: Callable[[Any], Any] = lambda row: None,
) -> dict[str, Any]:
    """The loading half of a `SyncResource` whose rows are a queryset's; `key` is the column of its ids."""

    def find(principal: Principal, ids: Sequence[str]) -> list[Any]:
        return list(rows(principal).filter(**{f"{key}__in": ids}))

    def page(principal: Principal, after: str, limit: int) -> list[Any]:
        found = rows(principal).order_by(key)
        return list((found.filter(**{f"{key}__gt": after}) if after else found)[:limit])

    return {
        "find": find,
        "page": page,
        "key_of": lambda row: str(getattr(row, key)),
        "versioned": lambda row: (row, version(row)),
    }


# Cursors


def write(cursor: Cursor, principal: Principal) -> str:
    content = {
        "t": ",".join(cursor.types),
        "e": cursor.epoch,
        "x": cursor.xid,
        "i": cursor.id,
        "r": cursor.rights,
        "o": _owner(principal),
        "a": int(time.time()),
    }
    if cursor.loading is not None:
        content |= {"l": cursor.loading, "k": cursor.last}
    return _signer.sign_object(content, compress=True)


def _read(text: str, principal: Principal, types: Sequence[str]) -> Cursor:
    if len(text) > MAX_CURSOR_CHARACTERS:
        raise CursorInvalid
    try:
        content = _signer.unsign_object(text)
    except (signing.BadSignature, ValueError) as error:
        raise CursorInvalid from error
    known = tuple(content["t"].split(","))
    if content["o"] != _owner(principal) or (types and set(types) != set(known)):
        raise CursorInvalid
    if not set(known) <= set(sync_resources):
        raise SyncReset("types", [name for name in known if name in sync_resources])
    if time.time() - content["a"] > TOMBSTONE_DAYS * SECONDS_A_DAY:
        raise SyncReset("expired", known)
    if content["r"] != _rights(principal):
        raise SyncReset("rights", known)
    return Cursor(
        types=known,
        epoch=content["e"],
        xid=content["x"],
        id=content["i"],
        loading=content.get("l"),
        last=content.get("k", ""),
        rights=content["r"],
    )


def _owner(principal: Principal) -> str:
    return _digest(principal.actor, str(principal.workspace_id))


def _rights(principal: Principal) -> str:
    """What this person may do here; what others may do resets nobody."""
    return _digest(*sorted(principal.permissions()))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:12]


# Keeping


def forgotten(now: datetime) -> models.QuerySet[Change]:
    """Tombstones that no valid cursor can still ask for."""
    before = now - timedelta(days=TOMBSTONE_DAYS)
    return Change.objects.filter(op=Change.Op.GONE, changed_at__lt=before)


def lag() -> float:
    """Seconds for which the oldest held-back change of any workspace has waited; in the platform's scope."""
    with connection.cursor() as statement:
        statement.execute(LAG)
        return round(max(0.0, float(statement.fetchone()[0] or 0)), 3)


def reset(*, reason: str, by: Any = None) -> FeedState:
    """Begin a new history: every client is told to load again, and every change counts as made now."""
    with tenancy.platform_scope(reason="reset the feed"):
        with connection.cursor() as statement:
            statement.execute(RESET, [reason])
        signals.feed_reset.send(sender=FeedState, reason=reason, by=by)
        return FeedState.objects.get()


def is_out_of_place() -> bool:
    """Whether the feed's numbers were counted elsewhere: the database is a restored dump or a promoted replica."""
    with tenancy.platform_scope(reason="check the feed"), connection.cursor() as statement:
        statement.execute(OUT_OF_PLACE)
        return bool(statement.fetchone()[0])


def mend() -> bool:
    """Reset the feed if it came from elsewhere; True when it had to be."""
    if not is_out_of_place():
        return False
    reset(reason="the database was restored or promoted")
    return True
