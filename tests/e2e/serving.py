"""Starts the application under uvicorn on a free port and waits until it answers."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from django.conf import settings
from django.db import connections

START_SECONDS = 60
CHROMIUM = Path("/usr/bin/chromium")
LAUNCH = {
    "executable_path": str(CHROMIUM),
    "args": [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
    ],
}


class NotServed(RuntimeError):
    """The application did not start; the message names its log."""


def environment(prefix: str) -> dict[str, str]:
    """The names a process needs to work on this process's database and files, with keys of this prefix."""
    return {
        "E2E_DATABASE": str(connections["default"].settings_dict["NAME"]),
        "E2E_PREFIX": prefix,
        "E2E_FILES": str(settings.STORAGES["default"]["OPTIONS"]["location"]),
        "DATA_DIR": str(settings.DATA_DIR),
        "DEMO": "false",
        "DEBUG": "false",
    }


@contextmanager
def served(folder: Path, environment: dict[str, str], *, host: str = "127.0.0.1") -> Iterator[str]:
    """Serve until the block ends; yields the address. `folder` takes the log and the static files."""
    port = free_port()
    address = f"http://{host}:{port}"
    log = folder / "server.log"
    surroundings = {
        **os.environ,
        "E2E_STATIC_ROOT": str(folder / "static"),
        "PUBLIC_URL": address,
        **environment,
    }
    command = [sys.executable, "-m", "uvicorn", "tests.e2e.asgi:application"]
    with log.open("w") as output:
        process = subprocess.Popen(
            [
                *command,
                *("--host", "127.0.0.1", "--port", str(port)),
                *("--log-level", "warning", "--no-proxy-headers"),
            ],
            env=surroundings,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(process, port, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/problems/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise NotServed(f"see {log}:\n{log.read_text()[-2000:]}")
