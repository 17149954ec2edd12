"""Every attempt leaves one row and one entry of the audit log, whatever became of it."""

from __future__ import annotations

import hashlib
from typing import Any

from accounts import tenancy
from accounts.models import User
from accounts.redaction import redact_text
from accounts.tenancy import Context
from laojun import audit
from laojun.audit import Actor
from querygpt.execution.asking import Reply
from querygpt.models import Run
from querygpt.models.run import MAX_SQL_BYTES

SHOWN_CHARACTERS = 500
ACTIONS = {"refused": "query.refused", "ok": "query.executed", "cancelled": "query.cancelled"}
RESULTS = {"refused": audit.DENIED, "ok": audit.OK}


def begin(run: Run, *, context: Context) -> None:
    """The row of an attempt that starts now."""
    with tenancy.entered(context):
        run.save(force_insert=True)


def end(run: Run, reply: Reply, *, context: Context, actor: User | None) -> None:
    """How it ended, with its entry of the audit log, in one transaction."""
    _fill(run, reply)
    with tenancy.entered(context):
        run.save(update_fields=_FILLED)
        audit.record(
            actor=Actor.of_user(actor) if actor else Actor.system("querygpt"),
            action=ACTIONS.get(run.state, "query.failed"),
            target=("querygpt_run", run.pk),
            result=RESULTS.get(run.state, audit.FAILED),
            details=_facts(run),
        )


_FILLED = [
    "sql_executed",
    "verdict",
    "rule",
    "state",
    "error_code",
    "rows_count",
    "bytes",
    "truncated",
    "wait_ms",
    "guard_ms",
    "execution_ms",
    "peak_rss_kb",
    "server_abandoned",
    "updated_at",
]


def fitted(sql: str) -> str:
    """A statement as a row may keep it: too long a one is cut, and the guard refuses it anyway."""
    clean = sql.replace("\x00", "\ufffd").encode(errors="replace")
    return clean[:MAX_SQL_BYTES].decode(errors="ignore")


def hash_of(sql: str) -> str:
    return hashlib.sha256(sql.encode(errors="surrogatepass")).hexdigest()


def _fill(run: Run, reply: Reply) -> None:
    verdict = reply.verdict or {}
    is_refused = reply.state == "refused"
    if verdict:
        run.verdict = Run.Verdict.REFUSED if is_refused else Run.Verdict.ALLOWED
    run.rule = str(verdict.get("rule") or "")[:40] if is_refused else ""
    run.sql_executed = "" if is_refused else str(verdict.get("sql") or "")
    run.state = reply.state
    run.error_code = reply.error_code[:40]
    run.rows_count = len(reply.rows) if reply.state == "ok" else None
    run.bytes = reply.bytes
    run.truncated = reply.truncated
    run.guard_ms = reply.guard_ms
    run.execution_ms = reply.execution_ms
    run.peak_rss_kb = reply.peak_rss_kb
    run.server_abandoned = reply.server_abandoned


def _facts(run: Run) -> dict[str, Any]:
    return {
        "connection": str(run.connection_id or ""),
        "origin": run.origin,
        "attempt": run.attempt,
        "sql_sha256": run.sql_sha256,
        "sql": redact_text(run.sql_submitted[:SHOWN_CHARACTERS]),
        "rule": run.rule,
        "error_code": run.error_code,
        "rows": run.rows_count,
        "ms": run.execution_ms,
    }
