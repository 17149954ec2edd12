"""Does what was taught pass the guard, against today's structure? Asked outside any transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from querygpt import execution
from querygpt.catalogue import Table
from querygpt.knowledge.refusals import NotChecked
from querygpt.models import Connection, Term
from querygpt.schema import reading
from querygpt.values import quoted

MOST_CONNECTIONS = 5
MAX_REASON = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something does not hold: the guard's rule and what it says of it."""

    rule: str
    reason: str


def of_term(
    *, connections: Sequence[Connection], kind: str, table: str, expression: str
) -> Fault | None:
    """None where the term holds in at least one of the connections. Raises NotChecked."""
    fault = Fault("relation_unknown", table)
    for connection in connections[:MOST_CONNECTIONS]:
        known = _table(connection, table)
        if known is None:
            continue
        if kind == Term.Kind.ALIAS:
            return None
        found = of_statement(connection=connection, sql=probe(connection, known, kind, expression))
        if found is None:
            return None
        fault = found
    return fault


def of_statement(*, connection: Connection, sql: str) -> Fault | None:
    """None where the guard allows the statement. Raises NotChecked."""
    verdict = execution.verdict(connection=connection, sql=sql)
    if verdict.allowed:
        return None
    if verdict.error_code:
        raise NotChecked(verdict.error_code)
    return Fault(verdict.rule, verdict.detail[:MAX_REASON])


def probe(connection: Connection, table: Table, kind: str, expression: str) -> str:
    """The statement a fragment stands in. The line break ends a comment that would swallow the bracket."""
    place = ".".join(quoted(connection, part) for part in (table.schema, table.name) if part)
    if kind == Term.Kind.FILTER:
        return f"SELECT COUNT(*) FROM {place} WHERE (\n{expression}\n)"
    return f"SELECT (\n{expression}\n) FROM {place}"


def _table(connection: Connection, name: str) -> Table | None:
    known = reading.catalogue(connection=connection)
    for table, called in reading.named(known):
        if name in (called, f"{table.schema}.{table.name}") and not table.is_denied:
            return table
    return None
