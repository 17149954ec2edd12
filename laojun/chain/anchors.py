"""Anchors: signed lines that say how far each chain had come, written where the database's owner cannot reach.

A chain alone does not notice that its end was cut off. Each line names the one before it, so none can be taken out.
"""

import logging
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection, models
from django.utils import timezone

from accounts import tenancy
from accounts.signing_keys import AUDIT
from laojun.chain import lines, sealing, sinks
from laojun.chain.lines import Foreign, Line, NotALine
from laojun.models import AuditAnchor, AuditChain, AuditCheckpoint, AuditInstance

LOCK = 7_261_030
EVERY_ROWS = 1_000
EVERY_S = 60
HEADS_AT_ONCE = 5_000
ANCHORED = """
    UPDATE lao_audit_chains c SET anchored_seq = s.seq, anchored_at = %s
    FROM unnest(%s::bigint[], %s::bigint[]) AS s(chain, seq) WHERE c.chain_id = s.chain
"""
Kind = AuditAnchor.Kind
logger = logging.getLogger(__name__)


def seal_and_anchor(*, budget_s: float = sealing.BUDGET_SECONDS) -> sealing.Turn:
    """Seal what waits, and anchor early when much was sealed."""
    turn = sealing.seal_waiting(budget_s=budget_s)
    if turn.rows and _rows_since_anchor() >= EVERY_ROWS:
        anchor()
    return turn


def anchor(*, at: datetime | None = None) -> int | None:
    """Sign how far the chains have come, where any has moved; the line's number.

    The line is in the file before the row commits: a process that dies in between is made up for at the next call.
    Several callers wait for each other. A sink that fails holds up neither rows nor the other sink.
    """
    now = at or timezone.now()
    with tenancy.sealer_scope():
        _lock()
        last = _caught_up()
        heads = [_head(chain) for chain in _moved()]
        if not heads:
            return None
        last = _introduce_key(last, now)
        body = {"heads": heads, **_checkpoints(last)}
        return _write(last, Kind.HEADS, body, now).anchor_no


def close_branch(*, reason: str, at: datetime | None = None) -> int:
    """Sign that the database was restored from a copy: what anchors saw beyond today's heads is the old branch.

    For the restore procedure, after its checks; returns the line's number.
    """
    now = at or timezone.now()
    with tenancy.sealer_scope():
        _lock()
        last = _introduce_key(_caught_up(), now)
        chains = list(AuditChain.objects.order_by("chain_id"))
        body = {
            "heads": [_head(chain) for chain in chains],
            "reason": reason,
            "lost": [[one.pk, one.head_seq + 1, one.anchored_seq] for one in chains if _lost(one)],
        }
        written = _write(last, Kind.RESTORE, body, now)
        lost = [one.pk for one in chains if _lost(one)]
        AuditChain.objects.filter(pk__in=lost).update(status=AuditChain.Status.RESTORED)
        return written.anchor_no


def rotate() -> str:
    """Sign with a new key from now on; the old one signs the line that introduces it. Raises RingIsGiven."""
    key_id = AUDIT.rotate()
    with tenancy.sealer_scope():
        _lock()
        _introduce_key(_caught_up(), timezone.now())
    return key_id


def trusted() -> dict[str, Ed25519PublicKey]:
    """The public keys of this installation, by id."""
    return {key.id: key.public for key in AUDIT.all()}


def instance() -> str:
    """This installation's own number: every line carries it."""
    return str(AuditInstance.objects.get().instance_id)


def of_chain(chain_id: int, most: int) -> list[tuple[AuditAnchor, int, str]]:
    """The newest anchors that name a chain, each with the chain's number and hash in it. One query by index."""
    with tenancy.sealer_scope():
        rows = AuditAnchor.objects.filter(heads__contains=[{"chain": chain_id}])
        found = list(rows.order_by("-anchor_no")[:most])
    return [
        (row, one["seq"], one["hash"])
        for row in found
        for one in row.heads
        if one["chain"] == chain_id
    ]


def raw_of(row: AuditAnchor) -> bytes:
    """The line of a row, byte for byte."""
    body = {
        "v": lines.ANCHOR,
        "no": row.anchor_no,
        "kind": row.kind,
        "at": _moment(row.created_at),
        "prev": row.prev_sha256,
        "heads": row.heads,
        **row.details,
    }
    return lines.canonical({"body": body, "key": row.signing_key_id, "sig": row.signature})


def _lock() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _rows_since_anchor() -> int:
    with tenancy.sealer_scope():
        moved = AuditChain.objects.filter(head_seq__gt=models.F("anchored_seq"))
        found = moved.aggregate(rows=models.Sum(models.F("head_seq") - models.F("anchored_seq")))
    return int(found["rows"] or 0)


def _moved() -> Iterable[AuditChain]:
    """Chains with rows that no anchor has seen. One that went back is not signed again: it lost its end."""
    shrunk = AuditChain.objects.filter(head_seq__lt=models.F("anchored_seq"))
    for chain in shrunk.filter(status=AuditChain.Status.OK):
        logger.error("audit chain is shorter than its anchor chain=%s", chain.pk)
    shrunk.filter(status=AuditChain.Status.OK).update(status=AuditChain.Status.BROKEN)
    moved = AuditChain.objects.filter(head_seq__gt=models.F("anchored_seq"))
    longest_ago = models.F("anchored_at").asc(nulls_first=True)
    return moved.order_by(longest_ago, "chain_id")[:HEADS_AT_ONCE]


def _lost(chain: AuditChain) -> bool:
    return chain.head_seq < chain.anchored_seq


def _head(chain: AuditChain) -> dict[str, Any]:
    return {"chain": chain.pk, "seq": chain.head_seq, "hash": bytes(chain.head_hash).hex()}


def _checkpoints(last: AuditAnchor | None) -> dict[str, Any]:
    """The checkpoints that no line names yet."""
    named = AuditAnchor.objects.filter(details__has_key="checkpoints").order_by("-anchor_no")
    newest = named.first()
    after = max((one["id"] for one in newest.details["checkpoints"]), default=0) if newest else 0
    found = [
        {
            "id": one.pk,
            "chain": one.workspace_id or 0,
            "seq": one.up_to_seq,
            "hash": bytes(one.hash).hex(),
        }
        for one in AuditCheckpoint.objects.filter(pk__gt=after).order_by("pk")
    ]
    return {"checkpoints": found} if found else {}


def _introduce_key(last: AuditAnchor | None, now: datetime) -> AuditAnchor | None:
    """Where the signing key is not the last line's, let that line's key sign for the new one first."""
    key = AUDIT.current()
    if last is None or _signer_after(last) == key.id:
        return last
    body = {"heads": [], "key_id": key.id, "public_key": key.public.public_bytes_raw().hex()}
    return _write(last, Kind.ROTATION, body, now, signer=_signer_after(last))


def _signer_after(last: AuditAnchor) -> str:
    return str(last.details["key_id"]) if last.kind == Kind.ROTATION else last.signing_key_id


def _write(
    last: AuditAnchor | None, kind: Kind, body: dict[str, Any], now: datetime, signer: str = ""
) -> AuditAnchor:
    number = last.anchor_no + 1 if last else 1
    keys = {key.id: key for key in AUDIT.all()}
    key = keys.get(signer) or AUDIT.current()
    if number == 1:
        body = {**body, "public_key": key.public.public_bytes_raw().hex()}
    raw = lines.signed(
        {
            "v": lines.ANCHOR,
            "instance": instance(),
            "no": number,
            "kind": str(kind),
            "at": _moment(now),
            "prev": last.sha256 if last else lines.FIRST_PREV,
            **body,
        },
        key_id=key.id,
        private=key.private,
    )
    return _keep(lines.parse(raw), _delivered(raw, now))


def _delivered(raw: bytes, at: datetime) -> dict[str, str]:
    """Hand a line to each sink; what went wrong, by sink, and "" where nothing did."""
    outcome = {}
    sending = (
        (sinks.FILE, partial(sinks.append, raw, at)),
        (sinks.STDOUT, partial(sinks.announce, raw)),
    )
    for name, send in sending:
        try:
            send()
            outcome[name] = ""
        except (OSError, ValueError) as error:
            outcome[name] = type(error).__name__
            logger.error("anchor sink failed sink=%s error=%s", name, type(error).__name__)
    return outcome


def _keep(line: Line, outcome: dict[str, str]) -> AuditAnchor:
    """The row of a line, and how far its chains are anchored."""
    body = dict(line.body)
    plain = {name: body.pop(name) for name in ("v", "no", "kind", "at", "prev", "heads")}
    row = AuditAnchor(
        anchor_no=plain["no"],
        kind=plain["kind"],
        heads=plain["heads"],
        details=body,
        prev_sha256=plain["prev"],
        sha256=line.sha256,
        signature=line.signature,
        signing_key_id=line.key_id,
        sinks=outcome,
        created_at=_parsed(plain["at"]),
    )
    AuditAnchor.objects.bulk_create([row])
    chains, numbers = [one["chain"] for one in row.heads], [one["seq"] for one in row.heads]
    with connection.cursor() as cursor:
        cursor.execute(ANCHORED, [row.created_at, chains, numbers])
    return row


def _caught_up() -> AuditAnchor | None:
    """The last anchor, once file and table agree on it: each takes over what only the other one has."""
    last = AuditAnchor.objects.order_by("-anchor_no").first()
    try:
        newest = sinks.last()
    except OSError:
        return last
    in_table = last.anchor_no if last else 0
    in_file = _number_of(newest, otherwise=in_table)
    if in_file > in_table:
        for line in _signed_lines(in_file - in_table):
            if line.number == in_table + 1 and line.body["prev"] == (
                last.sha256 if last else lines.FIRST_PREV
            ):
                last = _keep(line, {sinks.FILE: ""})
                in_table = last.anchor_no
    elif in_file < in_table:
        _deliver_again(in_file)
    return last


def _deliver_again(after: int) -> None:
    """Lines that the file could not take when they were made."""
    for row in AuditAnchor.objects.filter(anchor_no__gt=after).order_by("anchor_no").iterator():
        try:
            sinks.append(raw_of(row), row.created_at)
        except OSError:
            return
        AuditAnchor.objects.filter(pk=row.pk).update(sinks={**row.sinks, sinks.FILE: ""})


def _signed_lines(count: int) -> Iterator[Line]:
    for raw in sinks.written_after(count):
        try:
            yield lines.read(raw, trusted(), instance=instance())
        except (NotALine, Foreign):
            continue


def _number_of(raw: bytes | None, *, otherwise: int) -> int:
    """The number of the file's last line. One that we did not sign tells nothing; verification reports it."""
    if raw is None:
        return 0
    try:
        return lines.read(raw, trusted(), instance=instance()).number
    except (NotALine, Foreign) as error:
        logger.error("the last line of the anchor file is not ours error=%s", error)
        return otherwise


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)
