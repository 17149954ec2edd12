"""What a durable task costs: ours, procrastinate and Celery alone: `python -m benchmarks.tasks [--tasks 2000]`.

Every engine gets the same no-op tasks before its worker starts, the same number of processes, and the same
PostgreSQL or Valkey with their usual durability. A rate counts from the end of the first task to the end of the last.
Then one task at a time goes to an idle worker of ours: from the commit to the handler's first line.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("LOG_TO_DATABASE", "false")
import django

django.setup()

import redis  # noqa: E402
from django.conf import settings  # noqa: E402
from procrastinate import App, SyncPsycopgConnector  # noqa: E402
from psycopg import conninfo, sql  # noqa: E402

from accounts import tenancy  # noqa: E402
from benchmarks.rivals import queued  # noqa: E402
from taishang import queue  # noqa: E402
from tests import factories  # noqa: E402
from tests.rig.installation import Installation, wait_until  # noqa: E402

PROCESSES = 2
PATIENCE_S = 300
GOAL_PROCRASTINATE, GOAL_P50_MS, GOAL_P99_MS = 1.0, 20, 100


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--tasks", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--starts", type=int, default=200)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        installation = Installation(Path(folder))
        installation.create()
        try:
            with installation.connected(), _rival_database(installation) as address:
                found = _rates(installation, address, options)
                starts = _starts(installation, options.starts)
        finally:
            installation.drop()
    _print(found, starts)


def _rates(
    installation: Installation, address: str, options: argparse.Namespace
) -> dict[str, list[float]]:
    alice = factories.person("alice")
    engines: dict[str, Callable[[int], float]] = {
        "ours": lambda count: _ours(installation, alice, count),
        "procrastinate": lambda count: _procrastinate(installation, address, count),
        "celery alone": _celery,
    }
    found: dict[str, list[float]] = {name: [] for name in engines}
    for _round in range(options.rounds):
        for name, run in engines.items():
            found[name].append(run(options.tasks))
            print(f"  {name}: {found[name][-1]:.0f} tasks/s", flush=True)
    return found


def _ours(installation: Installation, alice: factories.Person, count: int) -> float:
    for _number in range(count):
        with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
            queue.enqueue(
                kind="rig.echo", payload={"value": 1}, workspace=alice.workspace, user=alice.user
            )
    installation.worker(slots=PROCESSES)
    finished = "SELECT count(*) FROM tai_tasks WHERE state = 'succeeded'"
    wait_until(lambda: installation.execute(finished) == [(count,)], seconds=PATIENCE_S)
    span = "SELECT extract(epoch FROM max(finished_at) - min(finished_at)) FROM tai_tasks"
    ((seconds,),) = installation.execute(span)
    installation.stop_all()
    installation.execute("TRUNCATE tai_tasks, tai_task_events CASCADE")
    return (count - 1) / float(seconds)


def _procrastinate(installation: Installation, address: str, count: int) -> float:
    with App(connector=SyncPsycopgConnector(conninfo=address)).open() as app:
        app.configure_task("noop").batch_defer(*({"number": number} for number in range(count)))
    command = ["-m", "procrastinate", "--app=benchmarks.rivals.queued.procrastinate_app", "worker"]
    finished = "SELECT count(*) FROM procrastinate_jobs WHERE status = 'succeeded'"
    with _workers(PROCESSES, [*command, "--concurrency=1"], BENCH_PROCRASTINATE=address):
        wait_until(
            lambda: _in_rival(installation, address, finished) == [(count,)], seconds=PATIENCE_S
        )
    span = (
        "SELECT extract(epoch FROM max(at) - min(at)) FROM procrastinate_events"
        " WHERE type = 'succeeded'"
    )
    ((seconds,),) = _in_rival(installation, address, span)
    _in_rival(installation, address, "TRUNCATE procrastinate_jobs CASCADE")
    return (count - 1) / float(seconds)


def _celery(count: int) -> float:
    broker = settings.CELERY_BROKER_URL
    address = broker.replace("redis+socket", "unix")
    client = redis.Redis.from_url(address)
    client.delete(queued.STAMPS)
    app = queued.celery_app
    app.conf.broker_url = broker
    for number in range(count):
        app.send_task("noop", args=[number, int(number in (0, count - 1))])
    command = ["-m", "celery", "--app=benchmarks.rivals.queued:celery_app", "worker"]
    quiet = ["--concurrency", str(PROCESSES), "--loglevel=ERROR", "--without-gossip"]
    with _workers(
        1, [*command, *quiet, "--without-mingle"], BENCH_CELERY=broker, BENCH_STAMPS=address
    ):
        wait_until(lambda: client.llen(queued.STAMPS) == 2, seconds=PATIENCE_S)
    times = [
        float(stamp.decode().partition(":")[2]) for stamp in client.lrange(queued.STAMPS, 0, 1)
    ]
    client.delete(queued.STAMPS)
    return (count - 1) / abs(times[1] - times[0])


def _starts(installation: Installation, count: int) -> list[float]:
    """Milliseconds from a commit to the handler's first line, one task at a time, on an idle worker."""
    alice = factories.person("bert")
    installation.worker(slots=PROCESSES)
    installation.workers_ready(1)
    time.sleep(2)
    for _number in range(count):
        with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
            task = queue.enqueue(
                kind="rig.stamp", payload={}, workspace=alice.workspace, user=alice.user
            )
        committed = time.time()
        with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
            type(task).objects.filter(pk=task.pk).count()
        wait_until(lambda pk=task.pk: _state(installation, pk) == "succeeded", seconds=10)
        installation.execute(
            "UPDATE tai_tasks SET subject_type = 'bench', subject_id = %s WHERE id = %s",
            [str(committed), task.pk],
        )
        time.sleep(0.05)
    rows = installation.execute(
        "SELECT ((result->>'at')::float8 - subject_id::float8) * 1000 FROM tai_tasks"
        " WHERE type = 'rig.stamp'"
    )
    return sorted(float(value) for (value,) in rows)


def _state(installation: Installation, pk: object) -> str:
    ((state,),) = installation.execute("SELECT state FROM tai_tasks WHERE id = %s", [pk])
    return str(state)


@contextmanager
def _rival_database(installation: Installation) -> Iterator[str]:
    """A database for procrastinate beside ours, on the same server with the same settings."""
    name = f"{installation.database}_rival"
    with installation.superuser("postgres") as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    servers = settings.SERVERS
    address = conninfo.make_conninfo(
        host=str(servers.socket_dir),
        user="postgres",
        password=servers.secret("database_superuser"),
        dbname=name,
    )
    try:
        with App(connector=SyncPsycopgConnector(conninfo=address)).open() as app:
            app.schema_manager.apply_schema()
        yield address
    finally:
        with installation.superuser("postgres") as admin:
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _in_rival(installation: Installation, address: str, statement: str) -> list[tuple]:
    name = conninfo.conninfo_to_dict(address)["dbname"]
    with installation.superuser(str(name)) as admin:
        cursor = admin.execute(statement)
        return cursor.fetchall() if cursor.description else []


@contextmanager
def _workers(count: int, command: list[str], **environment: str) -> Iterator[None]:
    started = [
        subprocess.Popen(  # noqa: S603
            [sys.executable, *command],
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _number in range(count)
    ]
    try:
        yield
    finally:
        for process in started:
            process.terminate()
        for process in started:
            process.wait(30)


def _print(rates: dict[str, list[float]], starts: list[float]) -> None:
    ours = rates["ours"]
    report = {
        name: {"per_second": round(statistics.median(found))} for name, found in rates.items()
    }
    for name, found in rates.items():
        ratios = [a / b for a, b in zip(ours, found, strict=True)]
        report[name]["ours_to_it"] = [
            round(value, 2) for value in (statistics.median(ratios), min(ratios), max(ratios))
        ]
    p50, p99 = starts[len(starts) // 2], starts[int(len(starts) * 0.99) - 1]
    goals = {"ours_to_procrastinate": GOAL_PROCRASTINATE, "p50": GOAL_P50_MS, "p99": GOAL_P99_MS}
    start = {"p50_ms": round(p50, 1), "p99_ms": round(p99, 1)}
    print(json.dumps({"throughput": report, "start": start, "goals": goals}, indent=2))


if __name__ == "__main__":
    main()
