"""Trying a connection: does it answer, who are we there, and is that more than reading?"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from accounts import tenancy
from accounts.models import User
from accounts.tenancy import Context
from laojun import audit
from laojun.audit import Actor, Target
from querygpt import execution
from querygpt.connections.targets import is_lifted
from querygpt.models import Connection

WARNING, UNSAFE = "warning", "unsafe"
# What keeps a connection from being asked, and what only deserves a word.
SEVERITY = {"may_write": WARNING}
RECIPES = {
    "postgresql": (
        "CREATE ROLE {role} LOGIN PASSWORD '…' NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION;\n"
        "GRANT CONNECT ON DATABASE {database} TO {role};\n"
        "GRANT USAGE ON SCHEMA {schema} TO {role};\n"
        "GRANT SELECT ON ALL TABLES IN SCHEMA {schema} TO {role};\n"
        "ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO {role};\n"
        "ALTER ROLE {role} SET default_transaction_read_only = on;"
    ),
    "mysql": (
        "CREATE USER '{role}'@'%' IDENTIFIED BY '…' REQUIRE SSL;\n"
        "GRANT SELECT, SHOW VIEW ON `{database}`.* TO '{role}'@'%';"
    ),
}
READER = "taishang_reader"


@dataclass(frozen=True)
class Outcome:
    """How a test went. `code` is empty when it went well; `recipe` makes a role that can only read."""

    ok: bool
    code: str = ""
    reachable: bool = False
    version: str = ""
    flavour: str = ""
    tls: bool = False
    tables_count: int | None = None
    findings: list[dict[str, str]] = field(default_factory=list)
    latency_ms: int = 0
    recipe: str = ""


def test(*, connection: Connection, actor: User) -> Outcome:
    """Try a saved connection and keep what was found. Outside any transaction; at most ten seconds."""
    outcome = look(connection=connection)
    context = Context(user_id=actor.pk, workspace_id=connection.workspace_id)
    with tenancy.entered(context):
        keep(connection, outcome)
        audit.record(
            actor=Actor.of_user(actor),
            action="connection.tested",
            target=Target("connection", str(connection.pk)),
            result=audit.OK if outcome.ok else audit.FAILED,
            details={"code": outcome.code, "findings": [one["code"] for one in outcome.findings]},
        )
    return outcome


def look(*, connection: Connection, password: str | None = None) -> Outcome:
    """Try a connection, saved or not, and keep nothing."""
    started = time.monotonic()
    try:
        told = execution.probe(connection=connection, password=password)
    except execution.IntrospectionFailed as failed:
        return Outcome(ok=False, code=failed.code, latency_ms=_ms(started))
    findings = [{"code": code, "severity": SEVERITY.get(code, UNSAFE)} for code in told["findings"]]
    is_unsafe = bool(told["is_unsafe"]) and not is_lifted(connection)
    return Outcome(
        ok=not is_unsafe,
        code="unsafe_role" if is_unsafe else "",
        reachable=True,
        version=told["version"],
        flavour=told["flavour"],
        tls=told["tls"],
        tables_count=told["tables_count"],
        findings=findings,
        latency_ms=_ms(started),
        recipe=recipe(connection) if findings else "",
    )


def recipe(connection: Connection) -> str:
    """Statements for their administrator: a role that reads this database and nothing else."""
    schemas: list[Any] = connection.extra_options.get("schemas") or ["public"]
    text = RECIPES.get(connection.driver, "")
    return text.format(role=READER, database=connection.database_name, schema=schemas[0])


def keep(connection: Connection, outcome: Outcome) -> str | None:
    """Write what a look found; the status before, or nothing for a connection that is gone or switched off."""
    status = Connection.Status.OK if outcome.ok else Connection.Status.FAILING
    if outcome.code == "unsafe_role":
        status = Connection.Status.UNSAFE
    rows = Connection.objects.alive().filter(pk=connection.pk)
    before = rows.exclude(status=Connection.Status.DISABLED).values_list("status", flat=True)
    found = before.first()
    changes: dict[str, Any] = {
        "findings": outcome.findings,
        "last_tested_at": timezone.now(),
        "last_error_code": outcome.code,
        "updated_at": timezone.now(),
    }
    if outcome.reachable:
        changes |= {"flavour": outcome.flavour[:20], "server_version": outcome.version[:60]}
    rows.update(**changes)
    # What somebody switched off stays so, however well it answers.
    rows.exclude(status=Connection.Status.DISABLED).update(status=status)
    return found


def _ms(started: float) -> int:
    return round((time.monotonic() - started) * 1000)
