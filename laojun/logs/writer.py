"""The thread that writes log lines: its own connection, its own role, batches; its own faults go to stderr alone."""

from __future__ import annotations

import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson
import psycopg
from django.db import connections

from laojun.logs.shaping import Line

if TYPE_CHECKING:
    from laojun.logs.handler import DatabaseLogHandler

BATCH = 500
PAUSE_SECONDS = 1.0
STOP_SECONDS = 2.0
LEVEL_SECONDS = 5.0
COMPLAINT_SECONDS = 60.0
ROLE = "taishang_log_writer"
COLUMNS = {
    "workspace_id": "bigint",
    "level": "text",
    "logger": "text",
    "message": "text",
    "context": "jsonb",
    "exception": "text",
    "repeat_count": "integer",
    "service": "text",
    "method": "text",
    "path": "text",
    "user_id": "uuid",
    "ip_address": "inet",
    "user_agent": "text",
    "trace_id": "text",
    "created_at": "timestamptz",
}
INSERT = (
    f"INSERT INTO lao_system_logs ({', '.join(COLUMNS)}) SELECT {', '.join(COLUMNS)}"
    " FROM jsonb_to_recordset(%s::jsonb)"
    f" AS line ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})"
)
LEVEL = """
    SELECT value #>> '{}' FROM lao_configs
    WHERE workspace_id IS NULL AND scope = 'global' AND key = 'logs.level'
"""
USUAL_LEVEL = "INFO"


class Writer:
    """Writes what the handler's backlog holds, each second or as soon as a batch is full."""

    def __init__(self, handler: DatabaseLogHandler) -> None:
        self.handler = handler
        self._thread: threading.Thread | None = None
        self._woken = threading.Event()
        self._stopping = False
        self._left: list[Line] = []
        self._connection: psycopg.Connection | None = None
        self._looked_at = self._complained_at = float("-inf")

    def is_current_thread(self) -> bool:
        return self._thread is not None and self._thread.ident == threading.get_ident()

    def wake(self, *, now: bool) -> None:
        """See that the thread runs; with `now` it writes at once. Called by one thread at a time."""
        if self._thread is None and not self._stopping:
            self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
            self._thread.start()
        if now:
            self._woken.set()

    def stop(self) -> None:
        """Write what is left for at most two seconds, then let go."""
        self._stopping = True
        self._woken.set()
        if self._thread is not None and not self.is_current_thread():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        while not self._turn() or not self._stopping:
            self._woken.wait(PAUSE_SECONDS)
            self._woken.clear()
        if self._connection is not None:
            self._connection.close()

    def _turn(self) -> bool:
        """Write everything there is. False when the database did not take it."""
        self.handler.end_bursts(0 if self._stopping else int(time.time()))
        try:
            while lines := self._left or self.handler.backlog.take(BATCH):
                self._left = lines
                self._write(lines)
                self._left = []
            self._confess()
            self._follow_level()
        except (psycopg.Error, OSError) as error:
            self._complain(error)
            self._connection = None
            return self._stopping
        return True

    def _write(self, lines: list[Line]) -> None:
        """All in one statement; where one of them is bad, each by itself, so that it costs only itself."""
        try:
            self._insert(lines)
        except (psycopg.DataError, psycopg.IntegrityError, TypeError, ValueError) as error:
            if len(lines) == 1:
                self._complain(error)
                return
            for line in lines:
                self._write([line])

    def _insert(self, lines: list[Line]) -> None:
        link = self._linked()
        with link.transaction():
            link.execute(f"SET LOCAL ROLE {ROLE}")
            link.execute(INSERT, [orjson.dumps(lines).decode()])

    def _confess(self) -> None:
        """Once lines can be written again, say how many could not wait so long."""
        if not self.handler.backlog.dropped:
            return
        dropped = self.handler.backlog.take_dropped()
        try:
            self._insert([self._confession(dict(dropped))])
        except psycopg.Error:
            self.handler.backlog.dropped.update(dropped)
            raise

    def _confession(self, dropped: dict[str, int]) -> Line:
        return {
            **dict.fromkeys(COLUMNS),
            **dict.fromkeys(("exception", "method", "path", "user_agent", "trace_id"), ""),
            "level": "WARN",
            "logger": "laojun.logs",
            "message": f"{sum(dropped.values())} records dropped",
            "context": {"dropped": dropped},
            "repeat_count": 1,
            "service": self.handler.service,
            "created_at": datetime.now(UTC).isoformat(),
        }

    def _follow_level(self) -> None:
        if time.monotonic() - self._looked_at < LEVEL_SECONDS or self._connection is None:
            return
        self._looked_at = time.monotonic()
        row = self._connection.execute(LEVEL).fetchone()
        self.handler.follow(row[0] if row else USUAL_LEVEL)

    def _linked(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            given: dict[str, Any] = connections["default"].settings_dict
            self._connection = psycopg.connect(
                dbname=given["NAME"],
                user=given["USER"],
                password=given["PASSWORD"],
                host=given["HOST"] or None,
                port=given["PORT"] or None,
                application_name="taishang-log-writer",
                connect_timeout=5,
                autocommit=True,
                # A pooler in between may lend another connection to every transaction.
                prepare_threshold=None,
                **{key: text for key, text in given["OPTIONS"].items() if key.startswith("ssl")},
            )
        return self._connection

    def _complain(self, error: Exception) -> None:
        """To stderr and at most once a minute: never back into the log."""
        if time.monotonic() - self._complained_at > COMPLAINT_SECONDS:
            self._complained_at = time.monotonic()
            sys.stderr.write(f"log lines wait: {type(error).__name__}\n")
