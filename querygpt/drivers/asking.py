"""One request of the child: the guard first, then the driver, rows in batches as they come."""

from __future__ import annotations

import dataclasses
import logging
import threading
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import orjson

from querygpt import guard
from querygpt.catalogue import Catalogue
from querygpt.drivers import confinement, duckdb, mysql, postgresql, sqlite
from querygpt.drivers.base import Allowed, Failed, Heading, Session, Target
from querygpt.guard import dialects, formatting
from querygpt.guard.verdict import Refused

BATCH_BYTES = 512 * 1024
BATCH_SECONDS = 0.25
MAX_COLUMNS = 200
GUARD_SECONDS = 5
CONNECTORS: dict[str, Callable[[Target, float], Session]] = {
    "postgresql": postgresql.connect,
    "mysql": mysql.connect,
    "sqlite": sqlite.connect,
    "duckdb": duckdb.connect,
}
Tell = Callable[[dict[str, Any]], None]


def warm() -> None:
    """Load what a run will need, so that a fork finds it there: parsers, codecs, certificates."""
    logging.disable(logging.CRITICAL)
    guard.warm()
    postgresql.warm()
    mysql.warm()
    for name in ("encodings.idna", "encodings.utf_8", "encodings.latin_1", "encodings.ascii"):
        import_module(name)


class Work:
    """A request being answered; `cancel` may come from another thread at any time."""

    def __init__(self, request: dict[str, Any], tell: Tell) -> None:
        self.request = request
        self.tell = tell
        self._session: Session | None = None
        self._is_cancelled = threading.Event()
        self._began = time.monotonic()
        self._counted = {"rows_count": 0, "bytes": 0, "truncated": False}

    def run(self) -> None:
        """Answer, whatever happens, with exactly one `end`."""
        ending: dict[str, Any]
        try:
            ending = {"state": "ok", **getattr(self, f"_{self.request['op']}")()}
        except Failed as failed:
            ending = self._told(failed)
        except MemoryError:
            ending = {"state": "failed", "error_code": "memory"}
        except RecursionError:
            ending = {"state": "failed", "error_code": "internal", "detail": "too deep"}
        except Exception as error:  # noqa: BLE001 the parent learns the class, never the text
            ending = {"state": "failed", "error_code": "internal", "detail": type(error).__name__}
        if self._session is not None:
            self._session.close()
        self.tell(
            {
                "event": "end",
                "error_code": "",
                "detail": "",
                "execution_ms": round((time.monotonic() - self._began) * 1000),
                "peak_rss_kb": confinement.peak_kilobytes(),
                **self._counted,
                **ending,
            }
        )

    def cancel(self) -> None:
        self._is_cancelled.set()
        if self._session is not None:
            self._session.cancel()

    def _told(self, failed: Failed) -> dict[str, Any]:
        state = "failed"
        if failed.code in ("timeout", "cancelled"):
            state = failed.code
        elif failed.code == "result_too_large":
            state = "too_large"
        return {"state": state, "error_code": failed.code, "detail": failed.detail}

    def _verdict(self) -> dict[str, Any]:
        if self.request["dialect"] == "duckdb":
            # Its own parser gives the second opinion, and is not loaded before it is needed.
            duckdb.library()
        confinement.confine("", GUARD_SECONDS)
        verdict = self._judged(Catalogue.from_dict(self.request["catalogue"]))
        return {} if verdict["allowed"] else {"state": "refused"}

    def _format(self) -> dict[str, Any]:
        confinement.confine("", GUARD_SECONDS)
        try:
            laid_out = formatting.formatted(
                sql=self.request["sql"], dialect=self.request["dialect"]
            )
        except Refused as refused:
            raise Failed(refused.rule, refused.detail) from refused
        return {"answer": {"sql": laid_out}}

    def _run(self) -> dict[str, Any]:
        limits = self.request["limits"]
        catalogue = Catalogue.from_dict(self.request["catalogue"])
        target = Target(**self.request["target"])
        if target.path:
            # A file is opened before rights are given up: its folder is the platform's alone.
            self._open(target, limits["seconds"])
        confinement.confine(target.driver, limits["seconds"])
        verdict = self._judged(catalogue)
        if not verdict["allowed"]:
            return {"state": "refused", "error_code": verdict["rule"]}
        confinement.confine_to(target.driver, limits["seconds"])
        self._began = time.monotonic()
        session = self._session or self._open(target, limits["seconds"])
        headings = session.execute(verdict["sql"], _allowed(catalogue))
        self._tell_columns(headings)
        self._relay(session, limits)
        return {}

    def _probe(self) -> dict[str, Any]:
        return {"answer": self._opened().probe()}

    def _introspect(self) -> dict[str, Any]:
        return {"answer": self._opened().introspect()}

    def _opened(self) -> Session:
        target, seconds = Target(**self.request["target"]), self.request["seconds"]
        if target.path:
            self._open(target, seconds)
        confinement.confine(target.driver, seconds)
        confinement.confine_to(target.driver, seconds)
        return self._session or self._open(target, seconds)

    def _open(self, target: Target, seconds: float) -> Session:
        self._session = CONNECTORS[target.driver](target, seconds)
        if self._is_cancelled.is_set():
            raise Failed("cancelled")
        return self._session

    def _judged(self, catalogue: Catalogue) -> dict[str, Any]:
        started = time.perf_counter()
        found = guard.check(
            sql=self.request["sql"],
            dialect=self.request["dialect"],
            catalogue=catalogue,
            policy=guard.Policy(**self.request["policy"]),
        )
        verdict = {name: _plain(value) for name, value in dataclasses.asdict(found).items()}
        spent = round((time.perf_counter() - started) * 1000)
        self.tell({"event": "verdict", "verdict": verdict, "guard_ms": spent})
        return verdict

    def _tell_columns(self, headings: list[Heading]) -> None:
        if len(headings) > MAX_COLUMNS:
            raise Failed("result_too_large", f"more than {MAX_COLUMNS} columns")
        self.tell({"event": "columns", "columns": [dataclasses.asdict(one) for one in headings]})

    def _relay(self, session: Session, limits: dict[str, Any]) -> None:
        """Send rows on as they come, up to what is allowed; one more than that is looked for, not sent."""
        batch: list[bytes] = []
        size, sent_at = 0, time.monotonic()
        for row in session.rows():
            if self._counted["rows_count"] >= limits["rows"]:
                self._counted["truncated"] = True
                break
            line = orjson.dumps(row)
            if self._counted["bytes"] + len(line) > limits["bytes"]:
                if not self._counted["rows_count"]:
                    raise Failed("result_too_large")
                self._counted["truncated"] = True
                break
            self._counted["rows_count"] += 1
            self._counted["bytes"] += len(line)
            batch.append(line)
            size += len(line)
            if size >= BATCH_BYTES or time.monotonic() - sent_at > BATCH_SECONDS:
                self._send(batch)
                batch, size, sent_at = [], 0, time.monotonic()
        self._send(batch)

    def _send(self, lines: list[bytes]) -> None:
        if lines:
            self.tell({"event": "rows", "rows": orjson.Fragment(b"[" + b",".join(lines) + b"]")})


def _allowed(catalogue: Catalogue) -> Allowed:
    open_ones = [table for table in catalogue.tables if not table.is_denied]
    return Allowed(
        tables=frozenset(one.name.lower() for one in open_ones if one.kind == "table"),
        views=frozenset(one.name.lower() for one in open_ones if one.kind != "table"),
        functions=frozenset(dialects.grammar("sqlite").functions),
    )


def _plain(value: object) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else value
