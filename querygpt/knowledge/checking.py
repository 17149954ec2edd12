"""Does what was taught pass the guard, against today's structure? Asked outside any transaction."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from querygpt import execution
from querygpt.catalogue import Table
from querygpt.knowledge.refusals import NotChecked
from querygpt.models import Connection, Term
from querygpt.schema import reading
from querygpt.values import quoted

MOST_CONNECTIONS = 5
MAX_REASON = 300
ALIAS = re.compile(r"\bAS\s+[\"`]?([^\s\"`(),]+)", re.IGNORECASE)
# The columns of a source that has names of its own: `AS g(n)`, `WITH x(a, b) AS (`.
NAMED = re.compile(
    r"\bAS\s+[^\s(),]+\s*\(([^()]*)\)|[^\s(),]+\s*\(([^()]*)\)\s+AS\s*\(", re.IGNORECASE
)


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
    if verdict.error_code:
        raise NotChecked(verdict.error_code)
    if not verdict.allowed:
        return Fault(verdict.rule, verdict.detail[:MAX_REASON])
    unknown = _unknown(connection, verdict)
    return Fault("column_unknown", ", ".join(unknown)[:MAX_REASON]) if unknown else None


def probe(connection: Connection, table: Table, kind: str, expression: str) -> str:
    """The statement a fragment stands in. The line break ends a comment that would swallow the bracket."""
    place = ".".join(quoted(connection, part) for part in (table.schema, table.name) if part)
    if kind == Term.Kind.FILTER:
        return f"SELECT COUNT(*) FROM {place} WHERE (\n{expression}\n)"
    return f"SELECT (\n{expression}\n) FROM {place}"


def _unknown(connection: Connection, verdict: execution.Verdict) -> list[str]:
    """Plain names that are no column of any table of the statement, nor a name it gives itself.

    The guard leaves those to the server, which is not asked here.
    """
    tables = set(verdict.relations)
    known = {
        column.name.casefold()
        for table, called in reading.named(reading.catalogue(connection=connection))
        if not tables.isdisjoint({called, table.name, f"{table.schema}.{table.name}"})
        for column in table.columns
    }
    given = {name.casefold() for name in _given(verdict.sql)}
    plain = (name for name in verdict.columns if "." not in name)
    return [name for name in plain if name.casefold() not in known | given]


def _given(sql: str) -> Iterator[str]:
    """Names a statement gives to columns and sources itself."""
    yield from ALIAS.findall(sql)
    for lists in NAMED.findall(sql):
        for part in ",".join(lists).split(","):
            yield part.strip(' "`')


def _table(connection: Connection, name: str) -> Table | None:
    known = reading.catalogue(connection=connection)
    for table, called in reading.named(known):
        if name in (called, f"{table.schema}.{table.name}") and not table.is_denied:
            return table
    return None
