"""What the clock takes: every table's policy carried out in small steps, each a transaction of its own."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from psycopg import sql

from accounts import registry, tenancy
from accounts.registry import Progress, RetentionPolicy, unwatched
from laojun import audit
from laojun.retention import archives, months, partitions, side_tables
from laojun.retention.archives import Rows

BATCH = 1_000
REASON = "retention"
SYSTEM = audit.Actor.system("retention")
logger = logging.getLogger(__name__)


class RetentionFailed(Exception):
    """Some tables could not be swept; the others were. The message names them."""


@dataclass(frozen=True)
class Outcome:
    """What one policy did, or would do. `months` counts whole months, `note` says why something stays."""

    policy: RetentionPolicy
    rows: int = 0
    months: int = 0
    note: str = ""
    failed: bool = False


def policies() -> list[RetentionPolicy]:
    return sorted(registry.retention_policies.values(), key=lambda policy: policy.table)


def forecast(*, now: datetime | None = None) -> list[Outcome]:
    """How many rows each policy would take now; nothing is changed."""
    at = now or timezone.now()
    with tenancy.platform_scope(reason=REASON):
        return [_forecast(policy, at) for policy in policies()]


def run_often() -> int:
    """The policies that are swept every few minutes. Returns how many rows went."""
    return sum(outcome.rows for outcome in run(only=lambda policy: policy.often))


def run_all() -> int:
    """Every policy, nightly. Returns how many rows went. Raises RetentionFailed after the last one."""
    outcomes = run()
    at = timezone.now()
    months.drop_empty(at)
    archives.remove_orphans(now=at)
    side_tables.drop_old(now=at)
    if failed := [outcome.policy.table for outcome in outcomes if outcome.failed]:
        raise RetentionFailed(", ".join(failed))
    return sum(outcome.rows for outcome in outcomes)


def run(
    *,
    now: datetime | None = None,
    only: Callable[[RetentionPolicy], bool] = lambda _policy: True,
    progress: Progress = unwatched,
) -> list[Outcome]:
    """Carry the chosen policies out. One that fails leaves the others alone; a second run finds nothing.

    What it took is one row of the audit log, if it took anything.
    """
    at = now or timezone.now()
    chosen = [policy for policy in policies() if only(policy) and policy.rule != "keep"]
    outcomes = []
    for number, policy in enumerate(chosen):
        progress(number, len(chosen), policy.table)
        outcomes.append(_carry_out(policy, at))
    partitions.release()
    _record(outcomes)
    return outcomes


def _carry_out(policy: RetentionPolicy, at: datetime) -> Outcome:
    try:
        return RULES[policy.rule](policy, at)
    except months.MayNotLeave as error:
        return Outcome(policy, note=str(error))
    except Exception as error:
        logger.exception("retention failed table=%s", policy.table)
        return Outcome(policy, note=f"{type(error).__name__}: {error}"[:300], failed=True)


def _delete(policy: RetentionPolicy, at: datetime) -> Outcome:
    total = 0
    while gone := _delete_batch(policy, at):
        total += gone
    return Outcome(policy, total)


def _delete_batch(policy: RetentionPolicy, at: datetime) -> int:
    """Rows that somebody else holds are left to the next run."""
    with tenancy.platform_scope(reason=REASON):
        rows = _due(policy, at)
        if policy.locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
        if not keys:
            return 0
        if policy.archived:
            _archive(policy, keys)
        doomed = rows.model._default_manager.filter(pk__in=keys)
        if policy.archived:
            # The database takes along what hangs on the rows.
            doomed._raw_delete(doomed.db)
        else:
            doomed.delete()
        return len(keys)


def _archive(policy: RetentionPolicy, keys: list[Any]) -> None:
    part = f"{policy.table}_{keys[0]}"[:63]
    among = sql.SQL("t.{} = ANY(%s)")
    archives.write_moved(
        [Rows(policy.table, part, among.format(sql.Identifier("id")), [keys])]
        + [
            Rows(table, part, among.format(sql.Identifier(column)), [keys])
            for table, column in policy.along
        ]
    )


def _expire(policy: RetentionPolicy, at: datetime) -> Outcome:
    if policy.sweep is None:
        raise LookupError(f"{policy.table} expires and has no sweep")
    total = 0
    while gone := policy.sweep(now=at):
        total += gone
    return Outcome(policy, total)


def _months(policy: RetentionPolicy, at: datetime) -> Outcome:
    rows = gone = 0
    for month in months.due(policy, at):
        try:
            rows += months.leave(policy, month)
        except months.MayNotLeave as error:
            return Outcome(policy, rows, gone, str(error))
        gone += 1
    return Outcome(policy, rows, gone)


RULES = {"delete": _delete, "expire": _expire, "months": _months}


def _forecast(policy: RetentionPolicy, at: datetime) -> Outcome:
    if policy.rule == "months":
        leaving = months.due(policy, at, "default")
        return Outcome(policy, sum(partitions.rows_of(month) for month in leaving), len(leaving))
    return Outcome(policy) if policy.due is None else Outcome(policy, _due(policy, at).count())


def _due(policy: RetentionPolicy, at: datetime) -> QuerySet:
    if policy.due is None:
        raise LookupError(f"{policy.table} does not say which rows are due")
    return policy.due(at)


def _record(outcomes: list[Outcome]) -> None:
    # What is swept every few minutes would drown the log; only its failures are told.
    taken = {
        outcome.policy.table: {"rows": outcome.rows, "months": outcome.months}
        for outcome in outcomes
        if (outcome.rows or outcome.months) and not outcome.policy.often
    }
    faults = {outcome.policy.table: outcome.note for outcome in outcomes if outcome.note}
    if not taken and not faults:
        return
    with tenancy.platform_scope(reason=REASON):
        audit.record(
            actor=audit.current_actor(SYSTEM),
            action="retention.ran",
            target=audit.Target("retention", "sweep", platform=True),
            result=audit.FAILED if any(one.failed for one in outcomes) else audit.OK,
            details={"taken": taken, "kept": faults},
        )
