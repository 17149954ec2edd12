"""Verification: walk a chain from its beginning (or its checkpoint) to its head, and hold it against the anchors."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from heapq import merge
from pathlib import Path

from django.utils import timezone

from accounts import tenancy
from accounts.registry import Progress, unwatched
from laojun.chain import archived, checkpoints, diagnosis, form, walking, witness
from laojun.chain.checkpoints import Start
from laojun.chain.verdicts import (
    EDITED,
    FORKED,
    INSERTED,
    INTACT,
    MISSING,
    TAIL_CUT,
    TAMPERED,
    UNKNOWN,
    UNSEALED,
    Bad,
    Proof,
    Report,
    Verdict,
)
from laojun.chain.walking import Sealed
from laojun.chain.witness import Head, Witness
from laojun.models import AuditChain, AuditInstance

Told = Callable[[int], None]  # how far one chain is
LONGEST_UNSEALED = timedelta(seconds=60)
# A row that committed late was made long ago and is sealed at the next turn.
PATIENCE_SECONDS = 5.0
LOOK_SECONDS = 0.5
TOLD_EVERY = 5_000


@dataclass(frozen=True)
class Wanted:
    """What to verify: chains (None: all), from a day on, with the archives, against anchors of another place."""

    chains: Iterable[int] | None = None
    since: datetime | None = None
    archives: bool = False
    anchors: Path | None = None


def verify(*, wanted: Wanted, progress: Progress = unwatched) -> Report:
    """Check every chain that is wanted; nothing is written. Memory: one batch of rows.

    `progress` is told rows of the heads known at the start. Raises OSError when the anchors cannot be read.
    """
    heard = witness.listen(wanted.anchors)
    chains = _chains(wanted.chains, heard)
    total = sum(chain.head_seq for chain in chains)
    done = 0
    verdicts = []
    for chain in chains:

        def told(rows: int, base: int = done) -> None:
            progress(base + rows, max(total, base + rows, 1))

        verdicts.append(_verified(chain, heard, wanted, told))
        done += chain.head_seq
    return Report(verdicts, heard.bad)


def _chains(wanted: Iterable[int] | None, heard: Witness) -> list[AuditChain]:
    """The chains' own rows, and blanks for chains that were asked for or anchored and have none."""
    with tenancy.sealer_scope():
        rows = AuditChain.objects.order_by("chain_id")
        if wanted is not None:
            wanted = sorted(wanted)
            rows = rows.filter(pk__in=wanted)
        found = {chain.pk: chain for chain in rows}
    anchored = [chain_id for chain_id, heads in heard.heads.items() if heads]
    names = wanted if wanted is not None else sorted({*found, *anchored})
    return [found.get(name) or AuditChain(chain_id=name, head_hash=b"") for name in names]


def _verified(chain: AuditChain, heard: Witness, wanted: Wanted, told: Told) -> Verdict:
    start = checkpoints.start(chain.pk)
    if not start.is_genuine:
        bad = Bad(FORKED, start.seq, note="the checkpoint's signature does not fit")
        return Verdict(chain.pk, TAMPERED, start=start.seq, last=start.seq, bad=bad)
    rows = partial(_everything, chain.pk) if wanted.archives else partial(_table, chain.pk)
    found = Walk(chain, heard, _beginning(chain, start, wanted), told, rows).run()
    if found.bad is not None and checkpoints.start(chain.pk).seq != start.seq:
        # A month left while we walked.
        return _verified(chain, heard, wanted, told)
    return found


def _table(chain_id: int, first: int) -> Iterator[Sealed]:
    return walking.rows(chain_id, first - 1)


def _everything(chain_id: int, first: int) -> Iterator[Sealed]:
    """Archives and table together: where a month ends, numbers and times run side by side for some rows."""
    older = (row for row in archived.rows(chain_id) if row.seq >= first)
    return merge(older, _table(chain_id, first), key=lambda row: (row.seq, row.id))


def _beginning(chain: AuditChain, start: Start, wanted: Wanted) -> Start:
    """Where to begin: the checkpoint, the genesis (with the archives), or the row before `since`."""
    if wanted.archives:
        instance = AuditInstance.objects.get().instance_id
        return Start(0, form.genesis(instance, chain.pk))
    if wanted.since is None:
        return start
    before = walking.before_time(chain.pk, wanted.since)
    row = walking.one(chain.pk, before) if before > start.seq else None
    return start if row is None or row.hash is None else replace(start, seq=before, hash=row.hash)


@dataclass
class Walk:
    """One way through a chain; stops at the first bad row. `source` gives the rows from a number on."""

    chain: AuditChain
    heard: Witness
    start: Start
    told: Told
    source: Callable[[int], Iterable[Sealed]]
    seq: int = 0
    before: bytes = b""
    rows: int = 0
    proven: Head | None = None
    anchored: dict[int, Head] = field(default_factory=dict)

    def run(self) -> Verdict:
        self.seq, self.before = self.start.seq, self.start.hash
        self.anchored = self.heard.of(self.chain.pk)
        bad = self._walk() or self._end()
        waiting = walking.pending(self.chain.pk)
        if bad is None:
            bad = self._unsealed(waiting)
        return Verdict(
            chain_id=self.chain.pk,
            state=self._state(bad),
            rows=self.rows,
            start=self.start.seq,
            last=self.seq,
            after=self.seq - (self.proven.seq if self.proven else self.start.seq),
            pending=waiting.rows,
            proof=Proof(self.proven.anchor_no, self.proven.at, self.proven.seq)
            if self.proven
            else None,
            bad=bad,
            branches=tuple(self.heard.branches.get(self.chain.pk, ())),
        )

    def _walk(self) -> Bad | None:
        for row in self.source(self.seq + 1):
            bad = self._take(row)
            if bad is not None:
                return bad
            if self.rows % TOLD_EVERY == 0:
                self.told(self.seq)
        return self._over_bridge(None)

    def _take(self, row: Sealed) -> Bad | None:
        if row.seq > self.seq + 1 and self.start.bridge:
            bad = self._over_bridge(row.seq)
            if bad is not None:
                return bad
        expected = self.seq + 1
        follows = form.link(self.chain.pk, expected, self.before, row.canonical)
        if row.seq != expected or follows != row.hash:
            return self._diagnosed(row)
        return self._step(follows)

    def _step(self, follows: bytes) -> Bad | None:
        self.seq += 1
        self.before = follows
        self.rows += 1
        head = self.anchored.get(self.seq)
        if head is None:
            return None
        if head.hash != follows.hex():
            return self._forked(self.seq, f"anchor {head.anchor_no} saw another hash")
        self.proven = head
        return None

    def _over_bridge(self, until: int | None) -> Bad | None:
        """Go over rows whose months have left: their hashes stand in the checkpoint. None: as far as they go."""
        while until is None or self.seq + 1 < until:
            known = self.start.bridge.get(self.seq + 1)
            if known is None:
                return None
            bad = self._step(known)
            self.rows -= 1
            if bad is not None:
                return bad
        return None

    def _diagnosed(self, row: Sealed) -> Bad:
        """A number already passed shows a second row of that number; it was judged with the one before it known."""
        seq = min(row.seq, self.seq + 1)
        if seq <= self.start.seq:
            return Bad(INSERTED, row.seq, row.id, row.at)
        before = self.before if seq == self.seq + 1 else self._hash_before(seq)
        return diagnosis.diagnose(self.chain.pk, seq, before, self.source)

    def _hash_before(self, seq: int) -> bytes:
        if seq - 1 <= self.start.seq:
            return self.start.hash
        row = walking.one(self.chain.pk, seq - 1)
        return row.hash if row and row.hash else b""

    def _forked(self, seq: int, note: str) -> Bad:
        """Every hash fits and the witness differs: the rows since the last proof were written anew."""
        since = self.proven.seq if self.proven else self.start.seq
        row = walking.one(self.chain.pk, since + 1)
        kind = EDITED if seq == since + 1 else FORKED
        return Bad(kind, since + 1, row.id if row else None, row.at if row else None, since, note)

    def _end(self) -> Bad | None:
        """Hold the end of the rows against the chain's head and the anchors. The head is read after the rows."""
        head = max(self.anchored, default=0)
        now = self._head_now()
        if self.seq < max(head, self.chain.head_seq):
            return Bad(TAIL_CUT, self.seq + 1, note=self._cut_note(head))
        if now is None and self.seq > self.start.seq:
            return Bad(MISSING, self.seq, note="the chain's own row is gone")
        if now is not None and self.seq > now.head_seq:
            row = walking.one(self.chain.pk, now.head_seq + 1)
            return Bad(INSERTED, now.head_seq + 1, row.id if row else None, row.at if row else None)
        if now is not None and now.head_seq == self.seq and bytes(now.head_hash) != self.before:
            return self._forked(self.seq, "the chain's head has another hash")
        return None

    def _cut_note(self, anchored: int) -> str:
        return f"anchor {self.anchored[anchored].anchor_no} saw row {anchored}" if anchored else ""

    def _head_now(self) -> AuditChain | None:
        with tenancy.sealer_scope():
            return AuditChain.objects.filter(pk=self.chain.pk).first()

    def _unsealed(self, waiting: walking.Waiting) -> Bad | None:
        until = time.monotonic() + PATIENCE_SECONDS
        while waiting.since and timezone.now() - waiting.since > LONGEST_UNSEALED:
            if time.monotonic() >= until:
                return Bad(UNSEALED, self.seq + 1, waiting.id, waiting.since)
            time.sleep(LOOK_SECONDS)
            waiting = walking.pending(self.chain.pk)
        return None

    def _state(self, bad: Bad | None) -> str:
        if bad is not None:
            return TAMPERED
        return INTACT if self.rows or 0 < self.chain.head_seq == self.start.seq else UNKNOWN
