"""Sealing what is at rest with the newest key of the ring, so that an old key can be thrown away.

Every app names the columns in which it keeps sealed values. Each batch is one transaction; what does not open is
counted and left as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from accounts import secrets, tenancy
from accounts.registry import Store

BATCH = 500


@dataclass(frozen=True)
class SealedColumn:
    """Where sealed values lie. `rows()` are those that may hold one; `read(row)` is the sealed text or "".

    `place(row)` is what the value is bound to; `keep(row, sealed)` stores another text in the same row.
    """

    key: str
    rows: Callable[[], QuerySet[Any]]
    read: Callable[[Any], str]
    place: Callable[[Any], str]
    keep: Callable[[Any, str], None]


@dataclass
class Tally:
    """How many values were sealed anew, and how many did not open."""

    resealed: int = 0
    unreadable: int = 0


columns: Store[SealedColumn] = Store("sealed columns")


def rotate() -> dict[str, Tally]:
    """Seal every value again that an older key sealed; the tally of each column."""
    return {column.key: _rotate_column(column) for column in columns.values()}


def _rotate_column(column: SealedColumn) -> Tally:
    tally, after = Tally(), None
    while True:
        with tenancy.platform_scope(reason="seal secrets with the newest key"):
            rows = column.rows().order_by("pk").select_for_update()
            batch = list((rows if after is None else rows.filter(pk__gt=after))[:BATCH])
            for row in batch:
                _reseal(column, row, tally)
        if len(batch) < BATCH:
            return tally
        after = batch[-1].pk


def _reseal(column: SealedColumn, row: Model, tally: Tally) -> None:
    sealed = column.read(row)
    if not sealed or secrets.is_current(sealed):
        return
    place = column.place(row)
    try:
        plain = secrets.unseal(sealed, place=place)
    except secrets.SecretUnreadable:
        tally.unreadable += 1
        return
    column.keep(row, secrets.seal(plain, place=place))
    tally.resealed += 1
