"""How many collections, rows and own partitions a workspace may hold: live settings, kept by conditional updates.

The numbers in use stand in one row per workspace. It is locked only around the commit, and two writers who reach
a ceiling at once cannot both pass it.
"""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from laojun import configs
from taishang.models import VectorUsage

SETTINGS = {
    "collections": "vectors.workspace_collections",
    "rows": "vectors.workspace_rows",
    "own_partitions": "vectors.workspace_partitions",
}


class LimitReached(Exception):
    """The workspace holds as much as it may. `members` names what, the limit and what is used."""

    code = "limit_reached"

    def __init__(self, what: str, *, limit: int, used: int) -> None:
        super().__init__(what)
        self.members = {"what": what, "limit": limit, "used": used}
        self.detail = _("%(used)s of %(limit)s %(what)s are used.") % {
            "used": used,
            "limit": limit,
            "what": NAMES.get(what, what),
        }


NAMES = {
    "collections": "collections",
    "rows": "vectors",
    "own_partitions": "own partitions",
    "namespaces": "namespaces",
}


def value(name: str, workspace_id: int | None) -> int:
    """A number of the live settings `vectors.*`."""
    return int(configs.value(f"vectors.{name}", workspace_id))


def open_account(workspace_id: int) -> None:
    """See to it that the workspace's row of usage exists."""
    VectorUsage.objects.bulk_create([VectorUsage(workspace_id=workspace_id)], ignore_conflicts=True)


def take(*, workspace_id: int, what: str, count: int = 1) -> None:
    """Count `count` more of `what`, or raise LimitReached. Locks the workspace's row until the commit."""
    limit = int(configs.value(SETTINGS[what], workspace_id))
    found = VectorUsage.objects.filter(workspace_id=workspace_id)
    within = found.filter(**{f"{what}__lte": limit - count})
    if not within.update(**{what: F(what) + count}):
        used = found.values_list(what, flat=True).first() or 0
        raise LimitReached(what, limit=limit, used=used)


def give_back(*, workspace_id: int, what: str, count: int = 1) -> None:
    VectorUsage.objects.filter(workspace_id=workspace_id).update(**{what: F(what) - count})


def rows_statement(*, workspace_id: int, rows: int, size: int) -> tuple[str, list[Any]]:
    """The statement that counts rows and bytes of a write; it changes no row where the ceiling is reached."""
    limit = value("workspace_rows", workspace_id)
    return (
        "UPDATE tai_vector_usage SET rows = rows + %s, bytes = bytes + %s,"
        " updated_at = clock_timestamp() WHERE workspace_id = %s AND (%s <= 0 OR rows + %s <= %s)",
        [rows, size, workspace_id, rows, rows, limit],
    )


def rows_refused(*, workspace_id: int) -> LimitReached:
    """The error of a `rows_statement` that changed nothing."""
    used = VectorUsage.objects.filter(workspace_id=workspace_id).values_list("rows", flat=True)
    limit = value("workspace_rows", workspace_id)
    return LimitReached("rows", limit=limit, used=used.first() or 0)


def measured(what: str, workspace_id: int) -> tuple[int, int]:
    """How much of `what` the workspace holds, and the most it may."""
    used = VectorUsage.objects.filter(workspace_id=workspace_id).values_list(what, flat=True)
    return used.first() or 0, int(configs.value(SETTINGS[what], workspace_id))


def own_partitions_in_all() -> int:
    """How many collections of the whole platform have a partition of their own. Reads the catalogue."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relispartition"
            " AND relname LIKE 'tai\\_vectors\\_c%%'"
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
