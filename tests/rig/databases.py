"""Databases for tests: the migrations run once for all of them, each is a copy of what they made."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from psycopg import sql

from config import embedded, roles

ROOT = Path(__file__).resolve().parent.parent.parent
# What the tables are made of: the migrations and what they import.
SOURCES = (
    "*/migrations/*.py",
    "*/models/**/*.py",
    "accounts/rls.py",
    "accounts/changes.py",
    "accounts/ids.py",
    "config/roles.py",
    "requirements*.txt",
)
MAKING = 7_261_002


def make(name: str) -> None:
    """Make a database of this name with all tables; what runs after every `migrate` has yet to."""
    with administrator() as admin:
        admin.execute("SELECT pg_advisory_lock(%s)", [MAKING])
        pattern = f"test_pattern_{_fingerprint()}"
        found = [row[0] for row in admin.execute("SELECT datname FROM pg_database")]
        if pattern not in found:
            for old in (one for one in found if one.startswith("test_pattern_")):
                drop(old)
            _migrated(f"{pattern}_new")
            _run(admin, "ALTER DATABASE {} RENAME TO {}", f"{pattern}_new", pattern)
        _run(admin, "CREATE DATABASE {} TEMPLATE {} OWNER {}", name, pattern, roles.OWNER)
    embedded.prepare_database(name)


def drop(name: str) -> None:
    """Remove a database, whoever is still connected to it."""
    with administrator() as admin:
        _run(admin, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def administrator() -> psycopg.Connection:
    return psycopg.connect(**embedded.admin_parameters(), dbname="postgres", autocommit=True)


def _run(admin: psycopg.Connection, statement: str, *names: str) -> None:
    admin.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


def _migrated(name: str) -> None:
    embedded.prepare_database(name)
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--database=owner", "-v0"],
        check=True,
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.rig.settings", "DATABASE_NAME": name},
    )


def _fingerprint() -> str:
    """The tables that the code at hand makes, as a short name."""
    found = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in ROOT.glob(pattern)}):
        found.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]
