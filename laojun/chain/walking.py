"""The sealed rows of a chain in the order of their numbers, in short transactions of the sealer's role."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from django.db import connection

from accounts import tenancy
from laojun.chain import form

BATCH = 5_000
ROWS = """
    SELECT l.seq, l.id, l.created_at, l.hash, {canonical} FROM lao_audit_logs l
    WHERE {chain} AND l.seq >= %s AND (l.seq > %s OR l.id > %s) ORDER BY l.seq, l.id LIMIT %s
"""
PENDING = """
    SELECT count(*), min(created_at), min(id) FROM (
        SELECT l.created_at, l.id FROM lao_audit_logs l WHERE {chain} AND l.seq IS NULL
        ORDER BY l.created_at, l.id LIMIT %s) waiting
"""
FIRST_SINCE = """
    SELECT min(l.seq) FROM lao_audit_logs l WHERE {chain} AND l.seq IS NOT NULL AND l.created_at >= %s
"""
MOST_PENDING = 100_000


class Sealed(NamedTuple):
    """One row with its seal, and its canonical form as the database gives it now."""

    seq: int
    id: int
    at: datetime
    hash: bytes | None
    canonical: str


class Waiting(NamedTuple):
    """Rows without a seal: how many, and the oldest one's time and id."""

    rows: int
    since: datetime | None
    id: int | None


def batches(chain_id: int, after: int, *, size: int = BATCH) -> Iterator[list[Sealed]]:
    """The rows numbered above `after`. Costs one query a batch; the table may change in between."""
    query = ROWS.format(canonical=form.CANONICAL, chain=form.of_chain(chain_id))
    seq, row_id = after + 1, 0
    while True:
        with tenancy.sealer_scope(), connection.cursor() as cursor:
            cursor.execute(query, [seq, seq, row_id - 1 if row_id else -1, size])
            found = [Sealed._make(row) for row in cursor.fetchall()]
        if not found:
            return
        yield found
        if len(found) < size:
            return
        seq, row_id = found[-1].seq, found[-1].id + 1


def rows(chain_id: int, after: int) -> Iterator[Sealed]:
    for found in batches(chain_id, after):
        yield from found


def pending(chain_id: int) -> Waiting:
    with tenancy.sealer_scope(), connection.cursor() as cursor:
        cursor.execute(PENDING.format(chain=form.of_chain(chain_id)), [MOST_PENDING])
        return Waiting._make(cursor.fetchone())


def before_time(chain_id: int, since: datetime) -> int:
    """The number before the first row made at or after `since`; 0 where there is none."""
    with tenancy.sealer_scope(), connection.cursor() as cursor:
        cursor.execute(FIRST_SINCE.format(chain=form.of_chain(chain_id)), [since])
        return int(cursor.fetchone()[0] or 1) - 1


def one(chain_id: int, seq: int) -> Sealed | None:
    """The row of this number, the first where there are several."""
    for found in batches(chain_id, seq - 1, size=1):
        return found[0] if found[0].seq == seq else None
    return None
