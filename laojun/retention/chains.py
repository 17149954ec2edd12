"""The archived rows of one audit chain, in the order of their numbers, for whoever proves it from its beginning."""

import heapq
from collections.abc import Iterator

import orjson

from accounts import tenancy
from laojun.models import Archive
from laojun.retention import archives

TABLE = "lao_audit_logs"


def rows(*, chain_id: int) -> Iterator[str]:
    """Each row as the JSON it was archived as, by ascending number. Raises ArchiveDamaged.

    Months and numbers differ at their edges: a row that was sealed late has a number of the month after. Such rows
    wait until the numbers before them have come. Memory: one month of the chain.
    """
    waiting: list[tuple[int, str]] = []
    last = 0
    for archive in _months(chain_id):
        for text in _of(archive, chain_id):
            heapq.heappush(waiting, (int(orjson.loads(text)["seq"]), text))
        while waiting and waiting[0][0] == last + 1:
            last, text = heapq.heappop(waiting)
            yield text
    while waiting:
        yield heapq.heappop(waiting)[1]


def _months(chain_id: int) -> list[Archive]:
    with tenancy.platform_scope(reason="verify the audit log"):
        found = Archive.objects.filter(table_name=TABLE, state=Archive.State.MOVED)
        mine = found.filter(summary__workspaces__has_key=_name(chain_id))
        return list(mine.order_by("range_start"))


def _of(archive: Archive, chain_id: int) -> Iterator[str]:
    """The lines of one chain. The platform's own chain is number 0, its rows have no workspace."""
    wanted = chain_id or None
    for text in archives.texts(archive):
        row = orjson.loads(text)
        if row["workspace_id"] == wanted and row["seq"] is not None:
            yield text


def _name(chain_id: int) -> str:
    return str(chain_id) if chain_id else ""
