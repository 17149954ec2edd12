"""Months of the append-only tables: made ahead, so that no row has to wait in the default partition.

This is DDL, so it runs as the owner. A process without the owner's sign-in says so and changes nothing.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import pairwise

from django.db import ProgrammingError, connections, transaction
from psycopg import sql

from accounts.rls import APP, OPERATOR

OWNER_ALIAS = "owner"
LOCK_TIMEOUT = "2s"
# Every table that is partitioned by range on `created_at` and has a default partition.
MONTHLY = """
    SELECT c.relname FROM pg_partitioned_table p
    JOIN pg_class c ON c.oid = p.partrelid
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = p.partattrs[0]
    WHERE c.relnamespace = 'public'::regnamespace AND p.partstrat = 'r'
      AND a.attname = 'created_at' AND p.partdefid <> 0
    ORDER BY c.relname
"""
BOUNDS = """
    SELECT name, bounds[1]::timestamptz, bounds[2]::timestamptz FROM (
        SELECT c.relname AS name, regexp_match(
            pg_get_expr(c.relpartbound, c.oid), 'FROM \\(''([^'']+)''\\) TO \\(''([^'']+)''\\)'
        ) AS bounds
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = %s::regclass AND NOT i.inhdetachpending
    ) parts WHERE bounds IS NOT NULL ORDER BY 2
"""
logger = logging.getLogger(__name__)


class OwnerUnreachable(RuntimeError):
    """Partitions can only be made by the owner role; this process has no sign-in for it."""


@dataclass(frozen=True)
class Made:
    """A month that was made, and how many rows had gathered in the default partition for it."""

    partition: str
    moved_rows: int


@dataclass(frozen=True)
class Month:
    """One month's own table. It holds rows from `start` up to, not including, `end`."""

    table: str
    name: str
    start: datetime
    end: datetime


def ensure_partitions(*, months: int = 3, today: date | None = None) -> list[Made]:
    """Make this month, the following ones, and those that rows of the default partition belong to.

    Safe to run twice, and by several at once. Raises OwnerUnreachable.
    """
    first = (today or datetime.now(UTC).date()).replace(day=1)
    made: list[Made] = []
    try:
        for table in tables():
            for month in sorted({*_months(first, months + 1), *_waited_for(table)}):
                made += _ensure(table, month)
    except ProgrammingError as error:
        raise OwnerUnreachable(str(error)) from error
    finally:
        release()
    for one in made:
        logger.info("partition made name=%s moved_rows=%s", one.partition, one.moved_rows)
    return made


def default_rows() -> dict[str, int]:
    """How many rows each default partition holds: more than none means a month is missing."""
    found = {}
    for table in tables():
        with connections[OWNER_ALIAS].cursor() as cursor:
            name = sql.Identifier(f"{table}_default")
            cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(name))
            found[table] = cursor.fetchone()[0]
    return found


def waiting_rows() -> dict[str, int]:
    """How many rows no month was made for, by table; asked in the platform scope, without the owner's sign-in."""
    found = {}
    for table in tables("default"):
        gaps = _gaps(months_of(table, "default"))
        with connections["default"].cursor() as cursor:
            where = sql.SQL(" OR ").join(gaps) if gaps else sql.SQL("true")
            cursor.execute(
                sql.SQL("SELECT count(*) FROM {} WHERE {}").format(sql.Identifier(table), where)
            )
            found[table] = cursor.fetchone()[0]
    return found


def rows_of(month: Month) -> int:
    """The rows of one month, asked in the platform scope; the planner opens this month alone."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            sql.SQL("SELECT count(*) FROM {} WHERE created_at >= %s AND created_at < %s").format(
                sql.Identifier(month.table)
            ),
            [month.start, month.end],
        )
        return int(cursor.fetchone()[0])


def _gaps(months: list[Month]) -> list[sql.Composable]:
    """Conditions that name every moment outside of the months, so that only the default partition is opened."""
    if not months:
        return []
    edges = [sql.SQL("created_at < {}").format(sql.Literal(months[0].start))]
    for one, following in pairwise(months):
        if one.end < following.start:
            between = sql.SQL("(created_at >= {} AND created_at < {})")
            edges.append(between.format(sql.Literal(one.end), sql.Literal(following.start)))
    return [*edges, sql.SQL("created_at >= {}").format(sql.Literal(months[-1].end))]


def tables(using: str = OWNER_ALIAS) -> list[str]:
    with connections[using].cursor() as cursor:
        cursor.execute(MONTHLY)
        return [name for (name,) in cursor.fetchall()]


def months_of(table: str, using: str = OWNER_ALIAS) -> list[Month]:
    """The months a table has, oldest first, without its default partition."""
    with connections[using].cursor() as cursor:
        cursor.execute(BOUNDS, [table])
        return [Month(table, name, start, end) for name, start, end in cursor.fetchall()]


def release() -> None:
    """Once a day is enough: no worker keeps the owner's sign-in open in between."""
    if not connections[OWNER_ALIAS].in_atomic_block:
        connections[OWNER_ALIAS].close()


def _waited_for(table: str) -> Iterable[date]:
    with connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute(
            sql.SQL(
                "SELECT DISTINCT date_trunc('month', created_at AT TIME ZONE 'UTC')::date FROM {}"
            ).format(sql.Identifier(f"{table}_default"))
        )
        return [month for (month,) in cursor.fetchall()]


def _ensure(table: str, month: date) -> list[Made]:
    """One month in one transaction: build it aside, move what waits in the default partition, attach."""
    name = f"{table}_{month:%Y_%m}"
    with transaction.atomic(using=OWNER_ALIAS), connections[OWNER_ALIAS].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"months:{table}"])
        cursor.execute("SELECT to_regclass(%s)", [f"public.{name}"])
        if cursor.fetchone()[0]:
            return []
        cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")
        cursor.execute("SELECT set_config('app.migrating', 'on', true)")
        parts = {
            "table": sql.Identifier(table),
            "name": sql.Identifier(name),
            "default": sql.Identifier(f"{table}_default"),
            "first": sql.Literal(f"{month} 00:00+00"),
            "after": sql.Literal(f"{_months(month, 2)[1]} 00:00+00"),
            "app": sql.Identifier(APP),
            "operator": sql.Identifier(OPERATOR),
        }
        for statement in BUILD:
            cursor.execute(sql.SQL(statement).format(**parts))
        cursor.execute(sql.SQL(MOVE).format(**parts))
        moved = cursor.rowcount
        cursor.execute(sql.SQL(ATTACH).format(**parts))
        return [Made(name, moved)]


BUILD = (
    "CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS)",
    "REVOKE ALL ON {name} FROM {app}, {operator}",
)
MOVE = """
    WITH waiting AS (
        DELETE FROM {default} WHERE created_at >= {first} AND created_at < {after} RETURNING *
    )
    INSERT INTO {name} SELECT * FROM waiting
"""
ATTACH = "ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({after})"


def _months(first: date, count: int) -> list[date]:
    months = [first]
    while len(months) < count:
        last = months[-1]
        months.append(date(last.year + last.month // 12, last.month % 12 + 1, 1))
    return months
