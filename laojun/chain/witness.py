"""The anchors as a witness against the rows: read from the file and the table, each signature checked."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from accounts import tenancy
from laojun.chain import anchors, lines, sinks
from laojun.chain.lines import Foreign, Line, NotALine
from laojun.chain.verdicts import ANCHOR_MISSING, Bad, Branch
from laojun.models import AuditAnchor


@dataclass(frozen=True)
class Head:
    """How far a chain had come when a line was signed."""

    seq: int
    hash: str
    anchor_no: int
    at: datetime


@dataclass
class Witness:
    """What the anchors say of every chain. `bad` is what is wrong with the anchors themselves."""

    heads: dict[int, list[Head]] = field(default_factory=dict)
    branches: dict[int, list[Branch]] = field(default_factory=dict)
    bad: Bad | None = None

    def of(self, chain_id: int) -> dict[int, Head]:
        """The anchored rows of a chain, by number."""
        return {head.seq: head for head in self.heads.get(chain_id, [])}

    def hear(self, line: Line) -> None:
        at = datetime.fromisoformat(line.body["at"])
        if line.body["kind"] == AuditAnchor.Kind.RESTORE:
            self._end_branches({one["chain"]: one["seq"] for one in line.body["heads"]}, at)
        for one in line.body["heads"]:
            head = Head(one["seq"], one["hash"], line.number, at)
            self.heads.setdefault(one["chain"], []).append(head)

    def _end_branches(self, kept: dict[int, int], at: datetime) -> None:
        """A signed restore: what was anchored beyond the restored heads is another branch, not a cut."""
        for chain_id, heads in self.heads.items():
            last = kept.get(chain_id, 0)
            lost = [head.seq for head in heads if head.seq > last]
            if lost:
                branch = Branch(at, last + 1, max(lost))
                self.branches.setdefault(chain_id, []).append(branch)
                self.heads[chain_id] = [head for head in heads if head.seq <= last]


def listen(path: Path | None = None) -> Witness:
    """Read the anchor files (or `path`) and the table, in the order of their numbers. Raises OSError.

    A gap, a line that was changed, or one that the file took and has no more is `anchor_missing`. The table may lag
    behind the file: its next anchor takes over what it lacks.
    """
    witness = Witness()
    table = _table()
    newest = max(table, default=0)
    before, number = lines.FIRST_PREV, 0
    for line in _checked(path, witness):
        if line.number != number + 1 or line.body["prev"] != before:
            _note(witness, number + 1, "a line is missing from the file")
        known = table.pop(line.number, None)
        if known is None and line.number <= newest:
            _note(witness, line.number, "a line is missing from the table")
        elif known is not None and known.sha256 != line.sha256:
            _note(witness, line.number, "file and table differ")
        before, number = line.sha256, line.number
        witness.hear(line)
    _hear_rest(witness, table, number)
    return witness


def _checked(path: Path | None, witness: Witness) -> Iterator[Line]:
    trusted, instance = anchors.trusted(), anchors.instance()
    number = 0
    for raw in sinks.written(path):
        try:
            line = lines.read(raw, trusted, instance=instance)
        except Foreign:
            continue
        except NotALine as error:
            _note(witness, number + 1, str(error))
            continue
        number = line.number
        yield line


def _hear_rest(witness: Witness, table: dict[int, AuditAnchor], last: int) -> None:
    """Lines that only the table has: those the file could not take, or took and lost."""
    trusted = anchors.trusted()
    for number, row in sorted(table.items()):
        took_it = row.sinks.get(sinks.FILE) == ""
        if took_it or number < last:
            _note(witness, number, "a line is missing from the file")
        try:
            witness.hear(lines.read(anchors.raw_of(row), trusted))
        except NotALine as error:
            _note(witness, number, str(error))


def _table() -> dict[int, AuditAnchor]:
    with tenancy.sealer_scope():
        return {row.anchor_no: row for row in AuditAnchor.objects.order_by("anchor_no")}


def _note(witness: Witness, number: int, text: str) -> None:
    if witness.bad is None:
        witness.bad = Bad(ANCHOR_MISSING, number, note=text)
