"""Checkpoints: where a chain begins once its older months stand in archives, signed so that it can be believed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connections

from accounts import tenancy
from accounts.signing_keys import AUDIT
from laojun.chain import anchors, form, lines
from laojun.models import AuditChain, AuditCheckpoint, AuditInstance
from laojun.models.chain import PLATFORM_CHAIN

OWNER_ALIAS = "owner"
VERSION = "lao-checkpoint/1"
CHAINS = """
    SELECT DISTINCT COALESCE(l.workspace_id, 0) FROM lao_audit_logs l
    WHERE l.created_at >= %s AND l.created_at < %s ORDER BY 1
"""
UNSEALED = """
    SELECT EXISTS (SELECT FROM lao_audit_logs l
    WHERE l.created_at >= %s AND l.created_at < %s AND l.seq IS NULL)
"""
LEAVING = """
    SELECT l.seq, l.hash FROM lao_audit_logs l
    WHERE {chain} AND l.created_at >= %s AND l.created_at < %s ORDER BY l.seq
"""
LOWEST_KEPT = """
    SELECT min(l.seq) FROM lao_audit_logs l
    WHERE {chain} AND l.seq IS NOT NULL AND (l.created_at < %s OR l.created_at >= %s)
"""
# Said when a month may not leave yet.
UNSEALED_ROWS, UNANCHORED, UNVERIFIED, BROKEN, ORDER = (
    "unsealed",
    "unanchored",
    "unverified",
    "broken",
    "order",
)


class MonthStays(Exception):
    """A month may not leave yet: rows that are not sealed, anchored or verified, or a chain that is broken.

    `reason` is unsealed, unanchored, unverified, broken or order (let the months before it go first, or go with it).
    """

    def __init__(self, reason: str, chain_id: int | None = None) -> None:
        super().__init__(f"{reason} chain={chain_id}")
        self.reason = reason
        self.chain_id = chain_id


@dataclass(frozen=True)
class Start:
    """The number and hash before the first row that the table still holds.

    `bridge` gives the hashes of later rows that left as well.
    """

    seq: int
    hash: bytes
    bridge: dict[int, bytes] = field(default_factory=dict)
    is_genuine: bool = True


def start(chain_id: int) -> Start:
    """Where a chain begins in the table: its newest checkpoint, else its genesis."""
    with tenancy.sealer_scope():
        instance = AuditInstance.objects.get().instance_id
        newest = _newest(chain_id, "default")
    if newest is None:
        return Start(0, form.genesis(instance, chain_id))
    bridge = {int(seq): bytes.fromhex(text) for seq, text in newest.bridge}
    return Start(newest.up_to_seq, bytes(newest.hash), bridge, _is_ours(newest, instance))


def why_stays(*, start: datetime, end: datetime, using: str = OWNER_ALIAS) -> str:
    """Why the month may not leave yet, or "" when it may; asked before it is archived."""
    try:
        with tenancy.migration_scope(using):
            list(_written(start, end, None))
    except MonthStays as stays:
        return str(stays)
    return ""


def leave_month(
    *, start: datetime, end: datetime, archive_id: int | None = None
) -> list[AuditCheckpoint]:
    """Write the checkpoint of every chain with rows in [start, end), inside the owner's detaching transaction.

    The caller is in `tenancy.migration_scope()` and detaches the month in the same transaction. The newest checkpoint
    of a chain is where verification begins from then on; the next anchor names it. Raises MonthStays.
    """
    written = list(_written(start, end, archive_id))
    return AuditCheckpoint.objects.using(OWNER_ALIAS).bulk_create(written)


def _written(start: datetime, end: datetime, archive_id: int | None) -> Iterator[AuditCheckpoint]:
    with connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute(UNSEALED, [start, end])
        if cursor.fetchone()[0]:
            raise MonthStays(UNSEALED_ROWS)
        cursor.execute(CHAINS, [start, end])
        chains = [chain_id for (chain_id,) in cursor.fetchall()]
    instance = AuditInstance.objects.using(OWNER_ALIAS).get().instance_id
    for chain_id in chains:
        yield _checkpoint(chain_id, start, end, instance, archive_id)


def _checkpoint(
    chain_id: int, first: datetime, last: datetime, instance: UUID, archive_id: int | None
) -> AuditCheckpoint:
    leaving = dict(_rows(LEAVING, chain_id, [first, last]))
    found = AuditChain.objects.using(OWNER_ALIAS).filter(pk=chain_id).first()
    chain = _checked(found, max(leaving))
    earlier = _newest(chain_id, OWNER_ALIAS)
    (kept,) = next(_rows(LOWEST_KEPT, chain_id, [first, last]))
    up_to = (kept or chain.head_seq + 1) - 1
    gone = {**_bridge(earlier), **{seq: bytes(value) for seq, value in leaving.items()}}
    if (earlier is not None and up_to <= earlier.up_to_seq) or up_to not in gone:
        raise MonthStays(ORDER, chain_id)
    body = {
        "chain": chain_id,
        "seq": up_to,
        "hash": gone[up_to].hex(),
        "bridge": [[seq, value.hex()] for seq, value in sorted(gone.items()) if seq > up_to],
        "rows": len(leaving),
    }
    key_id, private = AUDIT.private()
    return AuditCheckpoint(
        workspace_id=None if chain_id == PLATFORM_CHAIN else chain_id,
        up_to_seq=up_to,
        hash=gone[up_to],
        bridge=body["bridge"],
        row_count=body["rows"],
        archive_id=archive_id,
        signature=private.sign(_message(body, instance)).hex(),
        signing_key_id=key_id,
    )


def _checked(chain: AuditChain | None, highest: int) -> AuditChain:
    if chain is None or chain.status == AuditChain.Status.BROKEN:
        raise MonthStays(BROKEN, chain.pk if chain else None)
    if highest > chain.anchored_seq:
        raise MonthStays(UNANCHORED, chain.pk)
    if highest > chain.verified_seq:
        raise MonthStays(UNVERIFIED, chain.pk)
    return chain


def _rows(query: str, chain_id: int, values: list[Any]) -> Iterator[tuple[Any, ...]]:
    with connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute(query.format(chain=form.of_chain(chain_id)), values)
        yield from cursor.fetchall()


def _newest(chain_id: int, using: str) -> AuditCheckpoint | None:
    workspace = chain_id or None
    rows = AuditCheckpoint.objects.using(using).filter(workspace_id=workspace)
    return rows.order_by("-up_to_seq").first()


def _bridge(earlier: AuditCheckpoint | None) -> dict[int, bytes]:
    if earlier is None:
        return {}
    return {int(seq): bytes.fromhex(text) for seq, text in earlier.bridge}


def _is_ours(row: AuditCheckpoint, instance: UUID) -> bool:
    body = {
        "chain": row.workspace_id or PLATFORM_CHAIN,
        "seq": row.up_to_seq,
        "hash": bytes(row.hash).hex(),
        "bridge": row.bridge,
        "rows": row.row_count,
    }
    key = anchors.trusted().get(row.signing_key_id)
    return key is not None and lines.fits(key, row.signature, _message(body, instance))


def _message(body: dict[str, Any], instance: UUID) -> bytes:
    return lines.message({"v": VERSION, "instance": str(instance), **body})
