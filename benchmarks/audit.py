"""What the audit log costs: `python -m benchmarks.audit [--rounds 5] [--seconds 4] [--json FILE]`.

Appending: clients in processes of their own insert one row a transaction, in turns into the log (policies, triggers
and the sealer at work beside them) and into a twin with the same columns and indexes and nothing else. Verifying: the
same rows through the walk of a chain, and through a bare loop that fetches and hashes them.
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, connections  # noqa: E402

from accounts import signup, tenancy  # noqa: E402
from accounts.models import User, Workspace  # noqa: E402
from accounts.rls import APP  # noqa: E402
from config import embedded  # noqa: E402
from laojun.chain import anchors, checkpoints, form, sealing, walking  # noqa: E402
from laojun.chain.verifying import Walk, _table  # noqa: E402
from laojun.chain.witness import Witness  # noqa: E402
from laojun.models import AuditChain  # noqa: E402

TWIN = "bench_audit_twin"
INSERT = """
    INSERT INTO {table} (workspace_id, actor_kind, actor, actor_id, action, resource_type,
        resource_id, result, payload, ip_address, user_agent, trace_id)
    VALUES (%s, 'user', 'user:018f6b1e-4c2a-7d7e-9b0a-3f5c2d1e0a9b',
        '018f6b1e-4c2a-7d7e-9b0a-3f5c2d1e0a9b', 'file.uploaded', 'file', %s, 'ok', %s::jsonb,
        '203.0.113.7', 'benchmark', 'trace')
"""
PAYLOAD = json.dumps(
    {
        "before": {"name": "a", "size": 1},
        "after": {"name": "b", "size": 2},
        "changed": ["name", "size"],
    }
)
GOAL_APPEND, GOAL_VERIFY, GOAL_LAG_S = 0.6, 0.5, 10.0


def main() -> None:
    options = _options()
    embedded.prepare_database(settings.DATABASES["default"]["NAME"])
    call_command("migrate", database="owner", verbosity=0)
    workspaces = _workspaces(64)
    _make_twin()
    found: dict[str, Any] = {}
    for clients in options.clients:
        for places in (1, 64):
            name = f"{clients} clients, {places} workspaces"
            found[name] = _append(options, clients, workspaces[:places])
            print(_line(name, found[name], GOAL_APPEND), flush=True)
    found["verify"] = _verify(options, workspaces[0])
    print(_line("verify against a bare loop", found["verify"], GOAL_VERIFY))
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


def _append(options: argparse.Namespace, clients: int, places: list[int]) -> dict[str, Any]:
    """Rates of both tables, round by round, and how long the sealer needs after the last row."""
    ratios, rates, lags = [], [], []
    _rate(TWIN, clients, places, options.seconds / 4)
    for _round in range(options.rounds):
        plain = _rate(TWIN, clients, places, options.seconds)
        ours, lag = _with_sealer(clients, places, options.seconds)
        ratios.append(ours / plain)
        rates.append((ours, plain))
        lags.append(lag)
        _empty_twin()
    return {**_spread(ratios), "rates": rates, "worst_lag_s": max(lags)}


def _with_sealer(clients: int, places: list[int], seconds: float) -> tuple[float, float]:
    """Rows per second with the sealer ticking as in a worker; seconds from the end until all rows are sealed."""
    stop = multiprocessing.Event()
    sealer = multiprocessing.Process(target=_seal_until, args=(stop,))
    sealer.start()
    rate = _rate("lao_audit_logs", clients, places, seconds)
    ended = time.monotonic()
    while sealing.backlog().chains:
        time.sleep(0.1)
    lag = time.monotonic() - ended
    stop.set()
    sealer.join()
    return rate, lag


def _seal_until(stop: Any) -> None:
    connections.close_all()
    sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 for the life of this process
    while not stop.is_set():
        began = time.monotonic()
        anchors.seal_and_anchor(budget_s=10)
        stop.wait(max(0.0, 2.0 - (time.monotonic() - began)))


def _rate(table: str, clients: int, places: list[int], seconds: float) -> float:
    """Rows per second of so many processes."""
    connections.close_all()
    start = multiprocessing.Barrier(clients + 1)
    counts = multiprocessing.Array("q", clients)
    work = [
        multiprocessing.Process(
            target=_insert, args=(table, places, seconds, start, counts, number)
        )
        for number in range(clients)
    ]
    for process in work:
        process.start()
    start.wait()
    began = time.perf_counter()
    for process in work:
        process.join()
    return sum(counts) / (time.perf_counter() - began)


def _insert(
    table: str, places: list[int], seconds: float, start: Any, counts: Any, number: int
) -> None:
    """One client: a transaction for each row, in the context of a workspace."""
    statement = INSERT.format(table=table)
    connection.ensure_connection()
    raw = connection.connection
    start.wait()
    until = time.monotonic() + seconds
    done = 0
    while time.monotonic() < until:
        place = places[(number + done) % len(places)]
        with raw.transaction(), raw.cursor() as cursor:
            cursor.execute("SELECT set_config('app.workspace_id', %s, true)", [str(place)])
            cursor.execute(statement, [place, str(done), PAYLOAD])
        done += 1
    counts[number] = done


def _verify(options: argparse.Namespace, workspace: int) -> dict[str, Any]:
    """The walk of one chain and a bare loop over the same rows, in turns."""
    sealing.seal_chain(workspace)
    with tenancy.sealer_scope():
        chain = AuditChain.objects.get(pk=workspace)
    ratios, rates = [], []
    _bare(workspace)
    for _round in range(options.rounds):
        plain, ours = _timed(lambda: _bare(workspace)), _timed(lambda: _walk(chain))
        ratios.append(plain / ours)
        rates.append((chain.head_seq / ours, chain.head_seq / plain))
    return {**_spread(ratios), "rates": rates}


def _walk(chain: AuditChain) -> None:
    start = checkpoints.start(chain.pk)
    verdict = Walk(chain, Witness(), start, lambda _rows: None, partial(_table, chain.pk)).run()
    if verdict.bad is not None or verdict.rows != chain.head_seq:
        raise AssertionError(verdict)


def _bare(workspace: int) -> None:
    """Fetch the rows in the same order and batches, and hash each; no links, no checks."""
    query = walking.ROWS.format(canonical=form.CANONICAL, chain=form.of_chain(workspace))
    seq = 0
    while True:
        with tenancy.sealer_scope(), connection.cursor() as cursor:
            cursor.execute(query, [seq + 1, seq, -1, walking.BATCH])
            rows = cursor.fetchall()
        for row in rows:
            hashlib.sha256(row[4].encode()).digest()
        if len(rows) < walking.BATCH:
            return
        seq = rows[-1][0]


def _workspaces(count: int) -> list[int]:
    found = []
    for number in range(count):
        name = f"bench{number}"
        user = User.objects.filter(username=name).first() or signup.open_account(
            email=f"{name}@example.com", username=name, password="benchmark of audit", verified=True
        )
        with tenancy.user(user.id):
            found.append(Workspace.objects.get(owner=user).id)
    return found


def _make_twin() -> None:
    """The same columns, keys and indexes in months; no policy, trigger or sealer."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {TWIN}")
        cursor.execute(
            f"CREATE TABLE {TWIN} (LIKE lao_audit_logs INCLUDING ALL) PARTITION BY RANGE (created_at)"
        )
        cursor.execute(
            "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_class c"
            " JOIN pg_inherits i ON i.inhrelid = c.oid WHERE i.inhparent = 'lao_audit_logs'::regclass"
        )
        for name, bound in cursor.fetchall():
            part = name.replace("lao_audit_logs", TWIN)
            cursor.execute(f"CREATE TABLE {part} PARTITION OF {TWIN} {bound}")
        cursor.execute(f"GRANT SELECT, INSERT ON {TWIN} TO {APP}")


def _empty_twin() -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"TRUNCATE {TWIN}")


def _timed(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _spread(ratios: list[float]) -> dict[str, float]:
    return {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}


def _line(name: str, found: dict[str, Any], goal: float) -> str:
    ours, plain = (statistics.median(values) for values in zip(*found["rates"], strict=True))
    lag = f", sealed {found['worst_lag_s']:.1f} s after the end" if "worst_lag_s" in found else ""
    return (
        f"{name}: {found['median']:.2f} [{found['low']:.2f} – {found['high']:.2f}], goal {goal};"
        f" {ours:.0f} against {plain:.0f} rows/s{lag}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--clients", type=int, nargs="+", default=[8, 32])
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    main()
