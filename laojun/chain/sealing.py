"""The sealer: gives committed rows their number and hash, chain by chain, after the fact.

A chain that grew inside each INSERT would put its writers in a queue. A row that commits late gets a later number.
"""

import logging
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from accounts import tenancy
from laojun.chain import form
from laojun.models import AuditChain, AuditInstance
from laojun.models.chain import PLATFORM_CHAIN

BATCH = 1_000
# One run of the schedule, so that others come to their turn; a backlog gets a task of its own.
BUDGET_SECONDS = 1.5
WAITING = """
    WITH RECURSIVE waiting AS (
        (SELECT min(l.workspace_id) AS id FROM lao_audit_logs l WHERE l.seq IS NULL)
        UNION ALL
        SELECT (SELECT min(l.workspace_id) FROM lao_audit_logs l
                WHERE l.seq IS NULL AND l.workspace_id > waiting.id)
        FROM waiting WHERE waiting.id IS NOT NULL
    )
    SELECT id FROM waiting WHERE id IS NOT NULL
    UNION ALL
    SELECT 0 WHERE EXISTS (
        SELECT FROM lao_audit_logs l WHERE l.seq IS NULL AND l.workspace_id IS NULL)
"""
PENDING = """
    SELECT l.id, l.created_at, {canonical} FROM lao_audit_logs l
    WHERE {chain} AND l.seq IS NULL ORDER BY l.created_at, l.id LIMIT %s
"""
SEAL = """
    UPDATE lao_audit_logs l SET seq = s.seq, hash = s.hash, sealed_at = clock_timestamp()
    FROM unnest(%s::bigint[], %s::timestamptz[], %s::bigint[], %s::bytea[])
        AS s(id, created_at, seq, hash)
    WHERE l.id = s.id AND l.created_at = s.created_at AND l.created_at BETWEEN %s AND %s
      AND l.seq IS NULL
"""
BEYOND = "SELECT EXISTS (SELECT FROM lao_audit_logs l WHERE {chain} AND l.seq > %s)"
LAST = "SELECT l.seq, l.hash FROM lao_audit_logs l WHERE {chain} AND l.seq IS NOT NULL ORDER BY l.seq DESC LIMIT 1"
OLDEST = "SELECT min(l.created_at) FROM lao_audit_logs l WHERE l.seq IS NULL"
logger = logging.getLogger(__name__)


class SealRefused(RuntimeError):
    """Rows that were read a moment ago are no longer there to be sealed."""


@dataclass(frozen=True)
class Turn:
    """What one run of a sealer did: rows sealed, and whether it left none."""

    rows: int
    is_done: bool


@dataclass(frozen=True)
class Backlog:
    """What waits for the sealer: how many chains, and since when their oldest row."""

    chains: int
    lag: timedelta


def seal_waiting(*, budget_s: float = BUDGET_SECONDS) -> Turn:
    """Seal what has been committed, in turns of one batch for each chain; chains that another sealer holds are left.

    Units: seconds. One transaction for each batch, so a killed sealer loses nothing. Several may run at once.
    """
    until = time.monotonic() + budget_s
    sealed = 0
    chains = deque(_waiting())
    while chains and time.monotonic() < until:
        chain_id = chains.popleft()
        count = seal_batch(chain_id)
        sealed += count
        if count == BATCH:
            chains.append(chain_id)
    return Turn(sealed, is_done=not chains)


def seal_chain(chain_id: int) -> int:
    """Seal all that one chain has waiting, for somebody who is about to look at it."""
    sealed = 0
    while (count := seal_batch(chain_id)) == BATCH:
        sealed += count
    return sealed + count


def seal_batch(chain_id: int) -> int:
    """Seal up to 1,000 rows of a chain; 0 when another sealer holds it. Raises SealRefused.

    Locks the chain's row; one read and two writes.
    """
    with tenancy.sealer_scope(), connection.cursor() as cursor:
        chain = _held(chain_id)
        if chain is None:
            return 0
        query = PENDING.format(canonical=form.CANONICAL, chain=form.of_chain(chain_id))
        cursor.execute(query, [BATCH])
        rows = cursor.fetchall()
        if not rows:
            return 0
        _warn_of_foreign_rows(chain)
        seals = list(_linked(chain, [canonical for _id, _at, canonical in rows]))
        ids, times, _forms = zip(*rows, strict=True)
        numbers, hashes = zip(*seals, strict=True)
        cursor.execute(
            SEAL, [list(ids), list(times), list(numbers), list(hashes), times[0], times[-1]]
        )
        if cursor.rowcount != len(rows):
            raise SealRefused(chain_id)
        AuditChain.objects.filter(pk=chain_id).update(
            head_seq=numbers[-1], head_hash=hashes[-1], sealed_at=timezone.now()
        )
        return len(rows)


def backlog() -> Backlog:
    """How far behind the sealer is. Two look-ups by index."""
    with tenancy.sealer_scope(), connection.cursor() as cursor:
        cursor.execute(OLDEST)
        oldest = cursor.fetchone()[0]
    lag = timezone.now() - oldest if oldest else timedelta()
    return Backlog(len(_waiting()), max(lag, timedelta()))


def _waiting() -> list[int]:
    with tenancy.sealer_scope(), connection.cursor() as cursor:
        cursor.execute(WAITING)
        return [chain_id for (chain_id,) in cursor.fetchall()]


def _held(chain_id: int) -> AuditChain | None:
    """The chain, locked; None while another sealer has it."""
    locked = AuditChain.objects.select_for_update(skip_locked=True).filter(pk=chain_id)
    found = locked.first()
    if found is None and not AuditChain.objects.filter(pk=chain_id).exists():
        _begin(chain_id)
        found = locked.first()
    return found


def _begin(chain_id: int) -> None:
    """The first rows of a chain wait. One that has sealed rows already lost its own row: it goes on after them."""
    instance = AuditInstance.objects.get().instance_id
    with connection.cursor() as cursor:
        cursor.execute(LAST.format(chain=form.of_chain(chain_id)))
        seq, head = cursor.fetchone() or (0, form.genesis(instance, chain_id))
    status = AuditChain.Status.BROKEN if seq else AuditChain.Status.OK
    AuditChain.objects.bulk_create(
        [
            AuditChain(
                chain_id=chain_id,
                workspace_id=None if chain_id == PLATFORM_CHAIN else chain_id,
                status=status,
                head_seq=seq,
                head_hash=head,
            )
        ],
        ignore_conflicts=True,
    )


def _warn_of_foreign_rows(chain: AuditChain) -> None:
    """Numbers beyond the head were given by nobody here. Sealing goes on; verification names the row."""
    with connection.cursor() as cursor:
        cursor.execute(BEYOND.format(chain=form.of_chain(chain.pk)), [chain.head_seq])
        if cursor.fetchone()[0] and chain.status != AuditChain.Status.BROKEN:
            logger.error("audit chain has rows beyond its head chain=%s", chain.pk)
            AuditChain.objects.filter(pk=chain.pk).update(status=AuditChain.Status.BROKEN)


def _linked(chain: AuditChain, forms: list[str]) -> Iterator[tuple[int, bytes]]:
    seq, before = chain.head_seq, bytes(chain.head_hash)
    for canonical in forms:
        seq += 1
        before = form.link(chain.pk, seq, before, canonical)
        yield seq, before
