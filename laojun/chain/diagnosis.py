"""What was done at the first place where a chain does not hold: told from the rows around it.

A hash says that something is wrong; which of several deeds it was shows in what else still fits together.
"""

from collections.abc import Callable, Iterable

from laojun.chain import form
from laojun.chain.verdicts import EDITED, FORKED, INSERTED, MISSING, SWAPPED, Bad
from laojun.chain.walking import Sealed

Rows = Callable[[int], Iterable[Sealed]]  # number → the chain's rows from this number on


def diagnose(chain_id: int, seq: int, before: bytes, rows: Rows) -> Bad:
    """The deed at number `seq`, where the row does not follow `before`. Reads the chain to its end at worst."""
    here, after = _around(seq, rows)
    if not here:
        return Bad(MISSING, seq)
    fitting = [row for row in here if _follows(chain_id, seq, before, row)]
    if len(here) > 1:
        return _one_of_many(chain_id, here, fitting, after)
    row = here[0]
    rightful = _rightful(chain_id, seq, before, row, rows)
    if rightful is not None:
        kind = _moved(chain_id, seq, before, row, rightful)
        return _bad(kind, seq, row)
    if _slid_down(chain_id, row, after):
        return _bad(MISSING, seq, None)
    return _bad(EDITED, seq, row)


def _around(seq: int, rows: Rows) -> tuple[list[Sealed], Sealed | None]:
    """All rows of one number, and the first one behind them."""
    here: list[Sealed] = []
    for row in rows(seq):
        if row.seq != seq:
            return here, row
        here.append(row)
    return here, None


def _one_of_many(
    chain_id: int, here: list[Sealed], fitting: list[Sealed], after: Sealed | None
) -> Bad:
    """Several rows of one number: the one that the next row follows is genuine, the other was slipped in."""
    if len(fitting) > 1 and after is not None:
        leading = [
            row for row in fitting if row.hash and _follows(chain_id, after.seq, row.hash, after)
        ]
        fitting = leading or fitting
    genuine = fitting[:1]
    foreign = next(row for row in here if row not in genuine)
    return _bad(INSERTED if genuine else FORKED, foreign.seq, foreign)


def _rightful(chain_id: int, seq: int, before: bytes, row: Sealed, rows: Rows) -> Sealed | None:
    """The row that belongs here and stands at another number."""
    for other in rows(seq + 1):
        expected = form.link(chain_id, seq, before, other.canonical)
        if expected in (other.hash, row.hash):
            return other
    return None


def _moved(chain_id: int, seq: int, before: bytes, row: Sealed, rightful: Sealed) -> str:
    """Two rows changed places, or one was slipped in and pushed the others on."""
    if rightful.seq > seq + 1:
        return SWAPPED
    expected = form.link(chain_id, seq, before, rightful.canonical)
    pair = form.link(chain_id, seq + 1, expected, row.canonical)
    return SWAPPED if pair in (row.hash, rightful.hash) else INSERTED


def _slid_down(chain_id: int, row: Sealed, after: Sealed | None) -> bool:
    """Whether this row was the next one before somebody took one out and renumbered the rest."""
    if after is None or row.hash is None:
        return False
    return form.link(chain_id, row.seq + 2, row.hash, after.canonical) == after.hash


def _follows(chain_id: int, seq: int, before: bytes, row: Sealed) -> bool:
    return form.link(chain_id, seq, before, row.canonical) == row.hash


def _bad(kind: str, seq: int, row: Sealed | None) -> Bad:
    return Bad(kind, seq, row.id if row else None, row.at if row else None)
