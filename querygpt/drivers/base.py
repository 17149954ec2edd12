"""What every driver offers: a session with one foreign database, and failures by class."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from querygpt.catalogue import Family

MAX_DETAIL = 500
MAX_TABLES = 5_000
MAX_COLUMNS = 100_000
# No answer in this time is no server. Units: seconds.
CONNECT_SECONDS = 8.0
# What failed before a statement ran; never told in the server's words, which would make a port scanner.
CONNECT_CODES = frozenset(
    {
        "cannot_reach",
        "tls_failed",
        "auth_failed",
        "not_this_database",
        "own_database",
        "unsafe_role",
    }
)
_ADDRESS = re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.])")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


class Failed(Exception):
    """A statement or a connection failed. `code` is the class; `detail` the server's words, cut and cleaned."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = "" if code in CONNECT_CODES else cleaned(detail)


def cleaned(text: str) -> str:
    """A server's message as it may be shown: short, without addresses and control characters."""
    return _CONTROLS.sub(" ", _ADDRESS.sub("…", text)).strip()[:MAX_DETAIL]


@dataclass(frozen=True)
class Heading:
    """A column of a result. `source` is `table.column` where the server says so."""

    name: str
    family: Family
    source: str = ""


@dataclass
class Target:
    """Where to connect, as the platform has judged it. `address` is dialled; `host` is the name for TLS.

    `path` names the file of a file driver. `ca` is PEM text; without it the machine's authorities count.
    """

    driver: str
    address: str = ""
    host: str = ""
    port: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    database: str = ""
    tls: str = "require"
    ca: str = ""
    path: str = ""
    schemas: list[str] = field(default_factory=list)
    charset: str = "utf8mb4"
    may_be_privileged: bool = False


@dataclass(frozen=True)
class Allowed:
    """What a statement may touch, for engines that ask about each access. Names are folded.

    What a view reads is its owner's choice, so the tables below `views` are not asked for.
    """

    tables: frozenset[str] = frozenset()
    views: frozenset[str] = frozenset()
    functions: frozenset[str] | None = None


class Session(Protocol):
    """One connection, for one request; opened by the driver's `connect(target, seconds)`."""

    def execute(self, sql: str, allowed: Allowed) -> list[Heading]:
        """Start a statement. Raises Failed."""
        ...

    def rows(self) -> Iterator[list[Any]]:
        """The rows, as they come, as JSON values. Raises Failed."""
        ...

    def cancel(self) -> None:
        """Stop the statement at the server; called from another thread, may wait up to half a second."""
        ...

    def probe(self) -> dict[str, Any]:
        """`{version, flavour, tls, tables_count, findings: [code…], is_unsafe}`."""
        ...

    def introspect(self) -> dict[str, Any]:
        """What the engine's catalogues say; see `introspected`."""
        ...

    def close(self) -> None:
        """Drop the connection without waiting for what it still would send."""
        ...


def introspected(
    *,
    version: str,
    flavour: str,
    tables: list[dict[str, Any]],
    keys: list[dict[str, Any]],
    found: int,
) -> dict[str, Any]:
    """The answer of every driver's `introspect`.

    Shapes: tables `{schema, name, kind, comment, rows, columns: [{name, data_type, family, is_nullable,
    is_primary_key, is_unique, comment}]}`; relationships `{from_schema, from_table, from_columns, to_schema, to_table,
    to_columns}`. `tables_found` may be more than are listed; then `is_partial` is true.
    """
    kept: list[dict[str, Any]] = []
    columns = 0
    for table in tables[:MAX_TABLES]:
        columns += len(table["columns"])
        if columns > MAX_COLUMNS:
            break
        kept.append(table)
    return {
        "version": version,
        "flavour": flavour,
        "tables": kept,
        "relationships": keys,
        "tables_found": found,
        "is_partial": len(kept) < found,
    }
