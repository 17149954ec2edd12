"""`make run`, `make start`, `make stop`: every process of the platform under one parent.

The parent prepares the installation with visible progress, starts web and worker processes, restarts what
dies, and ends everything at Ctrl-C. Process ids are written down, so that a killed parent leaves nothing that
the next start would not find and end.
"""

import fcntl
import hashlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

import django
import psutil
from django.conf import settings
from django.core.management import call_command

from config import embedded
from taishang.vectors.backends import side as milvus

STOP_SECONDS = 25
START_SECONDS = 90
RESTART_SECONDS = 1.0
POLL_SECONDS = 0.2
DEMO_LOGIN = "demo@example.com"
PYTHON = sys.executable
HOST = os.environ.get("HOST", "127.0.0.1")
PORT = int(os.environ.get("PORT", "8000"))
LOCAL_HOST = "127.0.0.1" if HOST == "0.0.0.0" else HOST  # noqa: S104
URL = f"http://{LOCAL_HOST}:{PORT}"


def commands() -> dict[str, list[str]]:
    """What runs, by name. One web process serves many requests at once; a worker holds one task per slot."""
    return {
        "web": [
            *(PYTHON, "-m", "uvicorn", "config.asgi:application"),
            *("--host", HOST, "--port", str(PORT), "--no-access-log", "--log-level", "warning"),
            # Whom to believe about the client's address is TRUSTED_PROXIES' matter, not the server's.
            *("--timeout-graceful-shutdown", "5", "--no-proxy-headers"),
        ],
        "worker": [PYTHON, "manage.py", "worker"],
    }


def side_commands() -> dict[str, list[str]]:
    """What runs once somebody needs it."""
    wanted = milvus.is_wanted() and milvus.installed()
    return {"milvus": [PYTHON, "-m", "config.milvus_lite"]} if wanted else {}


class Children:
    """The running processes, each in a process group of its own."""

    def __init__(self, record: Path, log_dir: Path) -> None:
        self.record = record
        self.log_dir = log_dir
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.started_at: dict[str, float] = {}

    def end_leftovers(self) -> None:
        """End children of a parent that was killed; a pid that now belongs to another program is left alone."""
        with suppress(OSError, ValueError):
            for pid, created in json.loads(self.record.read_text()):
                with suppress(psutil.NoSuchProcess, ProcessLookupError):
                    if abs(psutil.Process(pid).create_time() - created) < 1:
                        os.killpg(pid, signal.SIGKILL)

    def start(self, name: str, command: list[str]) -> None:
        environment = {**os.environ, "DATABASE_POOL": "20" if name == "web" else "0"}
        self.log_dir.mkdir(parents=True, exist_ok=True)
        with (self.log_dir / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(  # noqa: S603
                command,
                cwd=settings.BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,
            )
        self.started_at[name] = time.monotonic()
        self._write()

    def start_wanted(self) -> None:
        for name, command in side_commands().items():
            if name not in self.processes:
                self.start(name, command)

    def restart_dead(self) -> None:
        for name, process in list(self.processes.items()):
            if process.poll() is None:
                continue
            if time.monotonic() - self.started_at[name] < RESTART_SECONDS:
                continue
            say(f"{name} ended with {process.returncode}; starting it again")
            self.start(name, {**commands(), **side_commands()}[name])

    def stop(self) -> None:
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in self.processes.values():
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(0.1, deadline - time.monotonic()))
        for process in self.processes.values():
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self.record.unlink(missing_ok=True)

    def _write(self) -> None:
        rows = [
            (process.pid, psutil.Process(process.pid).create_time())
            for process in self.processes.values()
            if process.poll() is None
        ]
        self.record.write_text(json.dumps(rows))


def run() -> int:
    """Everything in the foreground. Returns the exit code."""
    run_dir = settings.DATA_DIR / "run"
    run_dir.mkdir(parents=True, exist_ok=True)
    lock = (run_dir / "supervisor.lock").open("a+")
    if not _locked(lock):
        say(f"Already running (process {_pid()}): {URL} — end it with `make stop`.")
        return 1
    (run_dir / "supervisor.pid").write_text(str(os.getpid()))
    children = Children(run_dir / "children.json", settings.DATA_DIR / "log")
    # A shell starts background jobs with SIGINT ignored, so both are asked for by name.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    try:
        children.end_leftovers()
        if not _port_is_free():
            say(f"Port {PORT} is taken by another program. Choose one: PORT={PORT + 1} make run")
            return 1
        prepare()
        for name, command in commands().items():
            children.start(name, command)
        if not _answers(START_SECONDS, children):
            say(f"The web process does not answer; see {settings.DATA_DIR}/log/web.log")
            return 1
        _welcome()
        while True:
            children.start_wanted()
            children.restart_dead()
            time.sleep(POLL_SECONDS)
    except KeyboardInterrupt:
        say("Stopping …")
        return 0
    finally:
        children.stop()
        settings.SERVERS.stop()
        (run_dir / "supervisor.pid").unlink(missing_ok=True)
        lock.close()
        say("Stopped.")


def prepare() -> None:
    """Bring the installation up to this code: each step says what it does and how long it took."""
    step("Servers", embedded.ensure)
    step("Database", lambda: call_command("migrate", database="owner", verbosity=0))
    step("Change feed", lambda: call_command("feed_reset", if_needed=True, stdout=io.StringIO()))
    step("Static files", collect_static)
    if settings.DEMO:
        step("Demo data", lambda: call_command("seed_demo", verbosity=0))


def collect_static() -> None:
    """Collect and hash the static files, unless they are those of the last start."""
    found = hashlib.sha256()
    for folder in (settings.BASE_DIR / "static", settings.BASE_DIR / "requirements.txt"):
        for file in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            facts = file.stat()
            found.update(f"{file}\0{facts.st_mtime_ns}\0{facts.st_size}\n".encode())
    stamp = settings.STATIC_ROOT / "collected"
    if stamp.exists() and stamp.read_text() == found.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(found.hexdigest())


def start() -> int:
    """The same in the background; returns when it answers."""
    if _pid():
        say(f"Already running (process {_pid()}): {URL}")
        return 0
    log_dir = settings.DATA_DIR / "log"
    log_dir.mkdir(parents=True, exist_ok=True)
    log = log_dir / "supervisor.log"
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603
            [PYTHON, "-m", "config.supervisor", "run"],
            cwd=settings.BASE_DIR,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    say(f"Starting in the background; progress in {log}")
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if _healthy():
            say(f"Running: {URL} — end it with `make stop`.")
            return 0
        time.sleep(POLL_SECONDS)
    sys.stdout.write(log.read_text(errors="replace")[-2000:] + "\n")
    if process.poll() is None:
        say(
            f"It is still starting after {START_SECONDS} s: wait for {URL}, or end it with `make stop`."
        )
    return 1


def stop() -> int:
    """End the supervisor and its processes; without one, end the embedded servers."""
    pid = _pid()
    if pid:
        os.kill(pid, signal.SIGTERM)
        with suppress(psutil.NoSuchProcess):
            psutil.Process(pid).wait(STOP_SECONDS + 25)
        say("Stopped.")
        return 0
    Children(settings.DATA_DIR / "run" / "children.json", settings.DATA_DIR).end_leftovers()
    stopped = settings.SERVERS.stop()
    say(f"Stopped {' and '.join(stopped)}." if stopped else "Nothing is running.")
    return 0


def step(title: str, work: Callable[[], object]) -> None:
    sys.stdout.write(f"  … {title}")
    sys.stdout.flush()
    began = time.monotonic()
    work()
    sys.stdout.write(f"\r  ✓ {title} ({time.monotonic() - began:.1f} s)\n")
    sys.stdout.flush()


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _welcome() -> None:
    say(f"\n  太上老君 Taishang Laojun is ready:  {URL}")
    if settings.DEMO:
        password = settings.SERVERS.secret("demo_password")
        say(f"  Sign in as  {DEMO_LOGIN}  (operator: operator@example.com)  password  {password}")
    say("  Ctrl-C ends it.\n")


def _answers(seconds: float, children: Children) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if _healthy():
            return True
        children.restart_dead()
        time.sleep(POLL_SECONDS)
    return False


def _healthy() -> bool:
    connection = http.client.HTTPConnection(LOCAL_HOST, PORT, timeout=2)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _port_is_free() -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, PORT))
        except OSError:
            return False
    return True


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _pid() -> int | None:
    """The running supervisor's process id, or None."""
    lock = settings.DATA_DIR / "run" / "supervisor.lock"
    with suppress(OSError, ValueError), lock.open("a+") as file:
        if _locked(file):
            return None
        return int((lock.parent / "supervisor.pid").read_text())
    return None


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DEMO", "true")
    action = sys.argv[1] if len(sys.argv) > 1 else "run"
    if action != "stop":
        embedded.ensure()
        django.setup()
    return {"run": run, "start": start, "stop": stop}[action]()


if __name__ == "__main__":
    raise SystemExit(main())
