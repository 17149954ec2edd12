"""PostgreSQL: a read-only transaction, the extended protocol, the judged address, no password but by SCRAM.

psycopg sends a query without parameters by the simple protocol, in which several statements run; `stream` uses the
extended one, in which the server itself refuses a second statement. Parameters are None, never (), so that a `%` in
LIKE stays one. Source: libpq-connect (hostaddr, require_auth), protocol-flow.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import errors, pq, sql
from psycopg.adapt import Loader

from querygpt.catalogue import Family
from querygpt.drivers import authorities, base, values
from querygpt.drivers.base import Allowed, Failed, Heading, Target

LOCK_MS = 2_000
CANCEL_SECONDS = 0.4
# libpq reads no less than two seconds.
LEAST_CONNECT_SECONDS = 2
FAMILIES: dict[str, Family] = {
    **dict.fromkeys(("int2", "int4", "int8", "oid", "serial", "bigserial"), "int"),
    **dict.fromkeys(("numeric", "money"), "decimal"),
    **dict.fromkeys(("float4", "float8"), "float"),
    **dict.fromkeys(("text", "varchar", "bpchar", "name", "citext", "char", "uuid"), "text"),
    "bool": "bool",
    "date": "date",
    **dict.fromkeys(("timestamp", "timestamptz"), "datetime"),
    **dict.fromkeys(("time", "timetz"), "time"),
    **dict.fromkeys(("json", "jsonb"), "json"),
    "bytea": "binary",
}
# Python's own types know no year 10000, no BC and no infinity, and a document need not be taken apart.
AS_TEXT = ("json", "jsonb", "date", "time", "timetz", "interval", "money")
BY_STATE = {
    "42601": "sql_syntax",
    "42P01": "table_unknown",
    "42703": "column_unknown",
    "42883": "function_unknown",
    "42702": "ambiguous_column",
    "42725": "function_unknown",
    "42803": "grouping",
    "42804": "type_mismatch",
    "42846": "type_mismatch",
    "22P02": "type_mismatch",
    "22007": "type_mismatch",
    "57014": "timeout",
    "55P03": "timeout",
    "42501": "permission_denied_by_server",
    "25006": "permission_denied_by_server",
    "53200": "memory",
    "3D000": "not_this_database",
}
BY_CONNECT_MESSAGE = (
    (
        re.compile(
            r"require_auth|authentication method requirement|password authentication|no password",
            re.I,
        ),
        "auth_failed",
    ),
    (re.compile(r"SSL|certificate|TLS", re.I), "tls_failed"),
    (
        re.compile(r'database ".*" does not exist|permission denied for database', re.I),
        "not_this_database",
    ),
    (
        re.compile(r"pg_hba|role .* does not exist|not permitted to log in|authentication", re.I),
        "auth_failed",
    ),
)
DANGEROUS_ROLES = ("pg_read_server_files", "pg_write_server_files", "pg_execute_server_program")
STANDING = """
SELECT current_setting('server_version'),
       (SELECT count(DISTINCT relname) FROM pg_catalog.pg_class
         WHERE relkind IN ('r', 'p') AND relname IN ('django_migrations', 'lao_audit_logs', 'tai_tasks')) = 3,
       r.rolsuper, r.rolreplication, r.rolbypassrls,
       ARRAY(SELECT m.rolname::text FROM pg_catalog.pg_roles m
              WHERE m.rolname = ANY(%(roles)s) AND pg_catalog.pg_has_role(m.oid, 'MEMBER')),
       set_config('statement_timeout', %(timeout)s, false),
       set_config('lock_timeout', %(lock)s, false),
       set_config('idle_in_transaction_session_timeout', %(idle)s, false),
       set_config('default_transaction_read_only', 'on', false),
       set_config('standard_conforming_strings', 'on', false),
       set_config('search_path', %(path)s, false),
       set_config('DateStyle', 'ISO, YMD', false),
       set_config('IntervalStyle', 'iso_8601', false),
       set_config('bytea_output', 'hex', false)
FROM pg_catalog.pg_roles r WHERE r.rolname = current_user
"""
WRITABLE = """
SELECT EXISTS (
  SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND (has_table_privilege(c.oid, 'INSERT') OR has_table_privilege(c.oid, 'UPDATE')
         OR has_table_privilege(c.oid, 'DELETE') OR has_table_privilege(c.oid, 'TRUNCATE')))
"""
SHOWN = """
  n.nspname <> 'information_schema' AND n.nspname !~ '^pg_' AND NOT c.relispartition
  AND (%(any)s OR n.nspname = ANY(%(schemas)s)) AND has_table_privilege(c.oid, 'SELECT')
"""
COUNT = f"""
SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {SHOWN}
"""
TABLES = f"""
SELECT c.oid, n.nspname, c.relname, c.relkind, pg_catalog.obj_description(c.oid, 'pg_class'), c.reltuples
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND {SHOWN}
ORDER BY n.nspname, c.relname LIMIT %(most)s
"""
COLUMNS = """
SELECT a.attrelid, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), t.typname, t.typtype,
       NOT a.attnotnull, pg_catalog.col_description(a.attrelid, a.attnum), a.attnum
FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = ANY(%(oids)s) AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attrelid, a.attnum
"""
KEYS = """
SELECT k.conrelid, k.contype, k.conkey::int[], k.confrelid, k.confkey::int[]
FROM pg_catalog.pg_constraint k
WHERE k.contype IN ('p', 'u', 'f') AND k.conrelid = ANY(%(oids)s) AND k.conparentid = 0
ORDER BY k.conrelid, k.conname
"""
KINDS = {"r": "table", "p": "table", "v": "view", "m": "matview", "f": "foreign"}


class _Text(Loader):
    """What stands in the reply, as it stands there."""

    def load(self, data: Any) -> str:
        return values.decoded(bytes(data))


class _Moment(Loader):
    """`2024-01-31 10:00:00+08` as ISO 8601, whatever its year."""

    def load(self, data: Any) -> str:
        text = bytes(data).decode()
        day, space, rest = text.partition(" ")
        if not space or rest == "BC":
            return text
        clock, zone = (
            (rest[:-3], rest[-3:]) if rest[-3:-2] in "+-" and len(rest) > 3 else (rest, "")
        )
        return f"{day}T{clock}{zone}:00" if zone else f"{day}T{clock}"


def warm() -> None:
    """Load libpq, and the authorities: a run that gave up its rights might not be able to read them."""
    pq.version()
    authorities.bundled()


class Session:
    """One connection in a read-only transaction."""

    def __init__(self, target: Target, seconds: float) -> None:
        self._target = target
        self._link = _connected(target, seconds)
        self._rows: Iterator[Any] | None = None
        self._first: Any = None
        self.standing = self._prepared(seconds)
        for name in ("text", "varchar", "bpchar", *AS_TEXT):
            self._link.adapters.register_loader(name, _Text)
        for name in ("timestamp", "timestamptz"):
            self._link.adapters.register_loader(name, _Moment)

    def execute(self, sql: str, allowed: Allowed) -> list[Heading]:
        if self.standing["findings"] and not self._target.may_be_privileged:
            raise Failed("unsafe_role")
        self._cursor = self._link.cursor()
        try:
            self._rows = self._cursor.stream(sql.encode(), None)
            self._first = next(self._rows, None)
        except psycopg.Error as error:
            raise _failed(error) from error
        described = self._cursor.description
        if described is None:
            raise Failed("permission_denied_by_server", "not a query")
        names = values.unique(column.name for column in described)
        kinds = [self._family(column.type_code) for column in described]
        return [Heading(name, kind) for name, kind in zip(names, kinds, strict=True)]

    def rows(self) -> Iterator[list[Any]]:
        try:
            while self._first is not None and self._rows is not None:
                yield [values.encoded(cell) for cell in self._first]
                self._first = next(self._rows, None)
        except psycopg.Error as error:
            raise _failed(error) from error

    def cancel(self) -> None:
        with contextlib.suppress(psycopg.Error, OSError):
            self._link.cancel_safe(timeout=CANCEL_SECONDS)

    def close(self) -> None:
        """A statement that still runs is cancelled: its rows are not waited for."""
        if self._link.pgconn.transaction_status == pq.TransactionStatus.ACTIVE:
            self.cancel()
        self._link.pgconn.finish()

    def probe(self) -> dict[str, Any]:
        try:
            findings = [*self.standing["findings"]]
            if self._one(WRITABLE):
                findings.append("may_write")
            shown = {"any": not self._target.schemas, "schemas": self._target.schemas}
            return {
                "version": self.standing["version"],
                "flavour": "postgresql",
                "tls": bool(self._link.pgconn.ssl_in_use),
                "tables_count": self._one(COUNT, shown),
                "findings": findings,
                "is_unsafe": bool(self.standing["findings"]),
            }
        except psycopg.Error as error:
            raise _failed(error) from error

    def introspect(self) -> dict[str, Any]:
        shown = {"any": not self._target.schemas, "schemas": self._target.schemas}
        try:
            found = self._one(COUNT, shown)
            tables = self._all(TABLES, {**shown, "most": base.MAX_TABLES})
            oids = {"oids": [row[0] for row in tables]}
            columns, keys = self._all(COLUMNS, oids), self._all(KEYS, oids)
        except psycopg.Error as error:
            raise _failed(error) from error
        return _described(self.standing["version"], found, tables, columns, keys)

    def _prepared(self, seconds: float) -> dict[str, Any]:
        """Set the session's limits, and see who we are there. Raises Failed."""
        path = sql.SQL(", ").join(
            sql.Identifier(name) for name in ["pg_catalog", *(self._target.schemas or ["public"])]
        )
        limits = {
            "roles": list(DANGEROUS_ROLES),
            "timeout": str(int(seconds * 1000)),
            "lock": str(LOCK_MS),
            "idle": str(int(seconds * 1000) + 5_000),
            "path": path.as_string(self._link),
        }
        try:
            row = self._link.execute(STANDING, limits).fetchone() or ()
            version, is_own, is_super, replicates, bypasses, roles, *_set = row
            if self._link.info.server_version >= 140_000:
                with contextlib.suppress(errors.InvalidParameterValue):
                    self._link.execute("SET client_connection_check_interval = '1s'")
            self._link.execute("BEGIN TRANSACTION READ ONLY")
        except psycopg.Error as error:
            raise _failed(error) from error
        except ValueError as error:
            raise Failed("cannot_reach") from error
        told = {"superuser": is_super, "replication": replicates, "bypass_rls": bypasses}
        findings = [name for name, holds in told.items() if holds] + sorted(roles)
        if is_own:
            raise Failed("own_database")
        return {"version": version, "findings": findings}

    def _family(self, oid: int) -> Family:
        info = self._link.adapters.types.get(oid)
        return FAMILIES.get(info.name, "other") if info and info.oid == oid else "other"

    def _all(self, statement: str, given: dict[str, Any] | None = None) -> list[Any]:
        return self._link.execute(statement, given).fetchall()

    def _one(self, statement: str, given: dict[str, Any] | None = None) -> Any:
        row = self._link.execute(statement, given).fetchone()
        return row[0] if row else None


def connect(target: Target, seconds: float) -> Session:
    """Open a session. Raises Failed: of the classes of connecting, and `unsafe_role` where the role may too much."""
    return Session(target, seconds)


def _connected(target: Target, seconds: float) -> psycopg.Connection[Any]:
    patience = max(LEAST_CONNECT_SECONDS, int(min(seconds, base.CONNECT_SECONDS)))
    verified = target.tls == "verify"
    with tempfile.NamedTemporaryFile(suffix=".pem") as bundle:
        if verified:
            bundle.write((target.ca or authorities.bundled()).encode())
            bundle.flush()
        try:
            return psycopg.connect(
                host=target.host,
                hostaddr=target.address,
                port=target.port,
                user=target.username,
                password=target.password,
                dbname=target.database,
                sslmode={"verify": "verify-full", "require": "require", "off": "disable"}[
                    target.tls
                ],
                sslrootcert=bundle.name if verified else "",
                sslcert="",
                sslkey="",
                passfile="/dev/null",
                gssencmode="disable",
                require_auth="scram-sha-256,md5" if verified else "scram-sha-256",
                channel_binding="prefer",
                client_encoding="utf8",
                application_name="taishang",
                connect_timeout=patience,
                autocommit=True,
                prepare_threshold=None,
            )
        except (psycopg.Error, UnicodeError) as error:
            raise Failed(_class_of_connecting(error)) from error


def _class_of_connecting(error: Exception) -> str:
    text = str(error)
    return next(
        (code for pattern, code in BY_CONNECT_MESSAGE if pattern.search(text)), "cannot_reach"
    )


def _failed(error: psycopg.Error) -> Failed:
    state = error.sqlstate or ""
    detail = error.diag.message_primary or ""
    if state in BY_STATE:
        return Failed(BY_STATE[state], detail)
    if isinstance(error, psycopg.OperationalError) and (
        not state or state.startswith(("08", "57"))
    ):
        text = str(error)
        return Failed("memory" if "out of memory" in text else "cannot_reach", text)
    return Failed("statement_failed", detail or str(error))


def _described(
    version: str, found: int, tables: list[Any], columns: list[Any], keys: list[Any]
) -> dict[str, Any]:
    names: dict[int, dict[int, str]] = {}
    for oid, name, *_rest, number in columns:
        names.setdefault(oid, {})[number] = name
    unique = {(oid, tuple(own)): kind for oid, kind, own, _to, _theirs in keys if kind != "f"}
    primary = {
        (oid, number) for (oid, own), kind in unique.items() if kind == "p" for number in own
    }
    of_table: dict[int, list[dict[str, Any]]] = {}
    for oid, name, data_type, type_name, type_kind, is_nullable, comment, number in columns:
        of_table.setdefault(oid, []).append(
            {
                "name": name,
                "data_type": data_type,
                "family": FAMILIES.get(type_name, "text" if type_kind == "e" else "other"),
                "is_nullable": is_nullable,
                "is_primary_key": (oid, number) in primary,
                "is_unique": (oid, (number,)) in unique,
                "comment": comment or "",
            }
        )
    places = {row[0]: (row[1], row[2]) for row in tables}
    return base.introspected(
        version=version,
        flavour="postgresql",
        tables=[
            {
                "schema": schema,
                "name": name,
                "kind": KINDS[kind],
                "comment": comment or "",
                "rows": int(rows) if rows >= 0 else None,
                "columns": of_table.get(oid, []),
            }
            for oid, schema, name, kind, comment, rows in tables
        ],
        keys=[
            {
                "from_schema": places[oid][0],
                "from_table": places[oid][1],
                "from_columns": [names[oid][number] for number in own],
                "to_schema": places[to][0],
                "to_table": places[to][1],
                "to_columns": [names[to][number] for number in theirs],
            }
            for oid, kind, own, to, theirs in keys
            if kind == "f" and to in places
        ],
        found=found,
    )
