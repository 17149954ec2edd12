"""A database of its own with real worker processes, for tests that break things."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from celery import current_app
from django.conf import settings
from django.core.cache import cache
from django.db import connections
from kombu import pools

from tests.factories import Person
from tests.rig import databases

ROOT = Path(__file__).resolve().parent.parent.parent


class WorkerProcess:
    """One `manage.py worker` in a session of its own, with everything it starts."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def tree(self) -> list[psutil.Process]:
        try:
            parent = psutil.Process(self.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def signal_all(self, number: signal.Signals) -> None:
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL, the whole tree at one blow."""
        self.signal_all(signal.SIGKILL)
        self.process.wait(10)

    def stop(self, timeout: float = 30) -> int:
        self.process.terminate()
        return self.process.wait(timeout)


@dataclass
class Installation:
    """The product's processes on a throw-away database."""

    folder: Path
    database: str = field(
        default_factory=lambda: f"test_chaos_{os.getpid()}_{secrets.token_hex(3)}"
    )
    workers: list[WorkerProcess] = field(default_factory=list)
    redis: str = ""

    def create(self) -> None:
        settings.SERVERS.ensure()
        databases.make(self.database)
        self.manage("migrate", "--database=owner", "-v0")
        self.execute(
            "CREATE TABLE rig_effects (task_id uuid, attempt int, pid int);"
            "GRANT ALL ON rig_effects TO taishang_app;"
            "GRANT SELECT ON rig_effects TO taishang_backup"
        )

    def drop(self) -> None:
        self.stop_all()
        databases.drop(self.database)

    def environment(self, **extra: str) -> dict[str, str]:
        own = {
            "DJANGO_SETTINGS_MODULE": "tests.rig.settings",
            "DATABASE_NAME": self.database,
            "CACHE_PREFIX": self.database,
            "TASK_LEASE_SECONDS": "2",
        }
        return {**os.environ, **own, **({"REDIS_URL": self.redis} if self.redis else {}), **extra}

    def manage(self, *arguments: str) -> None:
        command = [sys.executable, "manage.py", *arguments]
        subprocess.run(command, check=True, cwd=ROOT, env=self.environment())

    def superuser(self, database: str = "") -> psycopg.Connection:
        servers = settings.SERVERS
        return psycopg.connect(
            host=str(servers.socket_dir),
            user="postgres",
            password=servers.secret("database_superuser"),
            dbname=database or self.database,
            autocommit=True,
        )

    def execute(self, statement: str, values: list | None = None) -> list[tuple]:
        with self.superuser() as admin:
            cursor = admin.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def worker(self, *, slots: int = 2, queues: str = "", **extra: str) -> WorkerProcess:
        command = [sys.executable, "manage.py", "worker", "--slots", str(slots)]
        if queues:
            command += ["--queues", queues]
        log = self.folder / f"worker-{len(self.workers)}.log"
        made = WorkerProcess(command, self.environment(**extra), log)
        self.workers.append(made)
        return made

    def web(self, **extra: str) -> str:
        """Start a web process and return its address."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "uvicorn", "config.asgi:application"]
        command += ["--port", str(port), "--log-level", "warning", "--no-proxy-headers"]
        log = self.folder / f"web-{port}.log"
        pooled = {"DATABASE_POOL": "10", **extra}
        self.workers.append(WorkerProcess(command, self.environment(**pooled), log))
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(port), seconds=20)
        return address

    def workers_ready(self, count: int) -> None:
        """Wait until that many of the workers that live have signed on."""
        pids = [worker.pid for worker in self.workers if worker.process.poll() is None]
        question = "SELECT count(*) FROM tai_workers WHERE pid = ANY(%s)"
        wait_until(lambda: self.execute(question, [pids]) >= [(count,)], seconds=20)

    def stop_all(self) -> None:
        for worker in self.workers:
            if worker.process.poll() is None:
                worker.signal_all(signal.SIGCONT)
                worker.kill()
        self.workers.clear()

    def clear(self) -> None:
        """Empty between tests; people stay."""
        self.stop_all()
        self.execute(
            "TRUNCATE tai_tasks, tai_task_events, tai_task_lanes, tai_workers, rig_effects,"
            " accounts_rate_limits CASCADE"
        )
        own = "(SELECT id FROM accounts_roles WHERE workspace_id IS NOT NULL)"
        self.execute(f"DELETE FROM accounts_user_roles WHERE role_id IN {own}")
        self.execute(f"DELETE FROM accounts_role_permissions WHERE role_id IN {own}")
        self.execute(f"DELETE FROM accounts_roles WHERE id IN {own}")

    @contextmanager
    def connected(self) -> Iterator[None]:
        """This process's own connections lead here, and back afterwards."""
        before = {alias: connections[alias].settings_dict["NAME"] for alias in connections}
        _point(dict.fromkeys(before, self.database))
        prefix = cache.key_prefix
        _prefix(self.database)
        try:
            yield
        finally:
            _prefix(prefix)
            _point(before)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _point(names: dict[str, str]) -> None:
    for alias, name in names.items():
        connections[alias].close()
        connections[alias].settings_dict["NAME"] = name


def _prefix(prefix: str) -> None:
    """Hints and wake-ups of this process go where the installation's workers listen."""
    cache.key_prefix = prefix
    options = current_app.conf.broker_transport_options
    current_app.conf.broker_transport_options = {
        **options,
        "global_keyprefix": f"{prefix}:celery:",
    }
    pools.reset()
    current_app.amqp._producer_pool = None
    current_app._pool = None


def wait_until(condition: Callable[[], bool], *, seconds: float) -> float:
    """Seconds waited. A condition that does not come true in time is an error."""
    started = time.monotonic()
    while not condition():
        if time.monotonic() - started > seconds:
            raise AssertionError(f"not true within {seconds} s")
        time.sleep(0.02)
    return time.monotonic() - started


@dataclass
class World:
    """An installation with alice in it."""

    installation: Installation
    person: Person
