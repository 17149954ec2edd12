"""What a verification finds, in values that a page, a task and a command can show."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

EDITED, MISSING, INSERTED, SWAPPED = "edited", "missing", "inserted", "swapped"
FORKED, TAIL_CUT = "forked", "tail_cut"
ANCHOR_MISSING, UNSEALED = "anchor_missing", "unsealed_too_long"
INTACT, TAMPERED, UNKNOWN = "intact", "tampered", "unknown"
EXIT_CODES = {INTACT: 0, TAMPERED: 1, UNKNOWN: 2}


@dataclass(frozen=True)
class Bad:
    """The first bad row: its place in the chain, and its id and time where there is such a row.

    `since` is given where only an interval can be named: the rows after `since` up to `seq` were replaced.
    """

    kind: str
    seq: int
    id: int | None = None
    at: datetime | None = None
    since: int | None = None
    note: str = ""


@dataclass(frozen=True)
class Proof:
    """The newest anchor that the rows agree with."""

    anchor_no: int
    at: datetime
    seq: int


@dataclass(frozen=True)
class Branch:
    """Rows `first` to `last` that were lost when the database was restored at `at`."""

    at: datetime
    first: int
    last: int


@dataclass(frozen=True)
class Verdict:
    """One chain: how many rows were checked, from which number on, and what was found.

    `start` is the number of the row before the first one checked; `after` counts rows that no anchor has seen yet,
    `pending` those that wait for the sealer.
    """

    chain_id: int
    state: str
    rows: int = 0
    start: int = 0
    last: int = 0
    after: int = 0
    pending: int = 0
    proof: Proof | None = None
    bad: Bad | None = None
    branches: tuple[Branch, ...] = ()
    note: str = ""

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return _plain(asdict(self))


@dataclass(frozen=True)
class Report:
    """A whole run: every chain, and what is wrong with the anchors themselves."""

    verdicts: list[Verdict] = field(default_factory=list)
    anchors: Bad | None = None

    @property
    def state(self) -> str:
        states = {verdict.state for verdict in self.verdicts}
        if self.anchors is not None or TAMPERED in states:
            return TAMPERED
        return UNKNOWN if UNKNOWN in states or not states else INTACT

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.state]

    @property
    def rows(self) -> int:
        return sum(verdict.rows for verdict in self.verdicts)

    def plain(self) -> dict[str, Any]:
        anchors = None if self.anchors is None else _plain(asdict(self.anchors))
        return {
            "state": self.state,
            "anchors": anchors,
            "chains": [verdict.plain() for verdict in self.verdicts],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value.isoformat() if isinstance(value, datetime) else value
