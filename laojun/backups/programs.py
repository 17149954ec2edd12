"""pg_dump and pg_restore: found, matched with the server's version, and run without a shell."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings

from laojun.backups.manifest import BackupRefused

VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
TIMEOUT_SECONDS = 6 * 3600
MAX_ERROR = 2000
# How libpq is told what to demand of the server's certificate: parameters, and the variables of its programs.
TLS = {
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}


class ProgramFailed(Exception):
    """A program of PostgreSQL ended with an error; the message is what it said."""


def find(name: str, *, server: int) -> Path:
    """The program whose major version is at least the server's. Raises BackupRefused."""
    seen = []
    for path in _candidates(name):
        major = version_of(path)
        if major >= server:
            return path
        seen.append(f"{path} is version {major}")
    found = "; ".join(seen) or "none was found"
    raise BackupRefused(
        f"{name} of PostgreSQL {server} or newer is needed: {found}. Install postgresql-client-{server}"
    )


def version_of(path: Path) -> int:
    answer = subprocess.run(  # noqa: S603
        [str(path), "--version"], capture_output=True, text=True, check=True, timeout=30
    )
    found = VERSION.search(answer.stdout)
    return int(found[1]) if found else 0


def run(program: Path, *arguments: str, sign_in: dict[str, Any]) -> None:
    """Run a program as the given role; the password goes by its environment. Raises ProgramFailed."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PGHOST": str(sign_in.get("host", "")),
        "PGPORT": str(sign_in.get("port", "")),
        "PGUSER": str(sign_in.get("user", "")),
        "PGPASSWORD": str(sign_in.get("password", "")),
        "PGCONNECT_TIMEOUT": "10",
        "PGTZ": "UTC",
        "LC_ALL": "C.UTF-8",
        **{variable: str(sign_in.get(name, "")) for name, variable in TLS.items()},
    }
    ended = subprocess.run(  # noqa: S603
        [str(program), "--no-password", *arguments],
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
        timeout=TIMEOUT_SECONDS,
        stdin=subprocess.DEVNULL,
    )
    if ended.returncode:
        raise ProgramFailed(ended.stderr.strip()[-MAX_ERROR:] or f"{program.name} failed")


def _candidates(name: str) -> Iterator[Path]:
    own = Path(settings.POSTGRESQL_PROGRAMS) / name
    if own.exists():
        yield own
    if elsewhere := shutil.which(name):
        yield Path(elsewhere)
