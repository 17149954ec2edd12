"""Whole months leave their table: archived where their policy says so, then detached and dropped."""

import logging
import time
from datetime import datetime, timedelta

from django.db import OperationalError, connections
from psycopg import errors, sql

from accounts import registry, tenancy
from accounts.registry import RetentionPolicy
from laojun.models import Archive
from laojun.retention import archives, partitions
from laojun.retention.archives import Rows
from laojun.retention.partitions import LOCK_TIMEOUT, OWNER_ALIAS, Month

TRIES = 20
PAUSE_SECONDS = 0.25
logger = logging.getLogger(__name__)


class MayNotLeave(Exception):
    """A table keeps this month for now, and says why: its rows are not sealed, not anchored, not verified."""


class TableBusy(Exception):
    """Somebody held the table all the time; the next run tries again."""


def due(policy: RetentionPolicy, now: datetime, using: str = OWNER_ALIAS) -> list[Month]:
    """Months whose youngest possible row is old enough, oldest first."""
    if policy.days is None:
        return []
    limit = now - timedelta(days=policy.days())
    return [month for month in partitions.months_of(policy.table, using) if month.end <= limit]


def rows_in(month: Month) -> int:
    with connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(month.name)))
        return int(cursor.fetchone()[0])


def leave(policy: RetentionPolicy, month: Month) -> int:
    """Let one month go. Killed anywhere, the next run comes to the same end. Returns how many rows left.

    Raises MayNotLeave, TableBusy, StorageFull, ArchiveDamaged.
    """
    rows = Rows(month.table, month.name, using=OWNER_ALIAS, source=month.name)
    if policy.archived and rows_in(month):
        _ask(month)
        _archive(month, rows)
    for attempt in range(TRIES):
        try:
            return _drop(month, rows, policy)
        except OperationalError as error:
            if not isinstance(error.__cause__, errors.LockNotAvailable):
                raise
            logger.info("month is busy name=%s attempt=%s", month.name, attempt + 1)
            time.sleep(PAUSE_SECONDS)
    raise TableBusy(month.name)


def drop_empty(now: datetime) -> int:
    """Past months of tables whose rows leave one by one, once nothing is left in them. Returns how many."""
    tables = [
        table
        for table in partitions.tables()
        if table in registry.retention_policies
        and registry.retention_policies[table].rule != "months"
    ]
    return sum(
        _drop_if_empty(month)
        for table in tables
        for month in partitions.months_of(table)
        if month.end <= now - timedelta(days=1) and not rows_in(month)
    )


def _drop_if_empty(month: Month) -> bool:
    with tenancy.migration_scope(OWNER_ALIAS):
        _hold(month)
        if rows_in(month):
            return False
        _remove(month)
        return True


def _ask(month: Month) -> None:
    asks = registry.leaving_months.get(month.table)
    if asks and (why := asks.check(start=month.start, end=month.end, using=OWNER_ALIAS)):
        raise MayNotLeave(f"{month.name}: {why}")


def _archive(month: Month, rows: Rows) -> None:
    """The file and its index row, unless an earlier run left both and the month did not change since."""
    with tenancy.migration_scope(OWNER_ALIAS):
        _hold(month)
        found = Archive.objects.using(OWNER_ALIAS).filter(
            table_name=month.table, partition=month.name
        )
        kept = found.first()
        if kept is None or not archives.is_current(kept, rows):
            archives.write(rows, start=month.start, end=month.end)


def _drop(month: Month, rows: Rows, policy: RetentionPolicy) -> int:
    """One transaction: compare, let the table write what it must, detach, drop, say so in the index."""
    with tenancy.migration_scope(OWNER_ALIAS):
        _hold(month)
        count = rows_in(month)
        if policy.archived and count:
            _settle(month, rows)
        _remove(month)
    return count


def _settle(month: Month, rows: Rows) -> None:
    index = Archive.objects.using(OWNER_ALIAS)
    archive = index.filter(table_name=month.table, partition=month.name).first()
    if archive is None or not archives.is_current(archive, rows):
        raise MayNotLeave(f"{month.name} changed after it was written")
    asks = registry.leaving_months.get(month.table)
    if asks is not None:
        asks.leave(archive=archive, using=OWNER_ALIAS)
    index.filter(pk=archive.pk).update(state=Archive.State.MOVED)


def _remove(month: Month) -> None:
    names = {"table": sql.Identifier(month.table), "name": sql.Identifier(month.name)}
    with connections[OWNER_ALIAS].cursor() as cursor:
        # Beside a default partition PostgreSQL refuses to detach concurrently.
        cursor.execute(sql.SQL("ALTER TABLE {table} DETACH PARTITION {name}").format(**names))
        cursor.execute(sql.SQL("DROP TABLE {name}").format(**names))


def _hold(month: Month) -> None:
    """Nobody writes into the month while it is copied and compared; a short wait, then the next try."""
    with connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute(sql.SQL("LOCK TABLE {} IN SHARE MODE").format(sql.Identifier(month.name)))
