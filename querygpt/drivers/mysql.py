"""MySQL and MariaDB: a read-only transaction over a handshake that never tells an unknown server the password.

PyMySQL takes TLS for a wish, answers a server that asks for the clear password, and trusts the key that a server
sends for it. Here a server without TLS is left before anything is told, and what would show the password waits for
a verified certificate. Source: dev.mysql.com, connection phase and authentication method plugins.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import pymysql
from pymysql import _auth, connections, cursors
from pymysql.constants import CLIENT, CR, FIELD_TYPE

from querygpt.catalogue import Family
from querygpt.drivers import authorities, base, values
from querygpt.drivers.base import Allowed, Failed, Heading, Target

# Whatever the server's default is, a quote and a backslash mean here what the guard read in them.
SQL_MODE = "STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
SQL_MODES = {"mysql": f"ONLY_FULL_GROUP_BY,{SQL_MODE}", "mariadb": SQL_MODE}
LOCK_SECONDS = 2
CANCEL_SECONDS = 0.4
BINARY = 63
SAFE_PLUGINS = frozenset({"", "mysql_native_password", "caching_sha2_password"})
FAMILIES: dict[int, Family] = {
    **dict.fromkeys(
        (
            FIELD_TYPE.TINY,
            FIELD_TYPE.SHORT,
            FIELD_TYPE.LONG,
            FIELD_TYPE.LONGLONG,
            FIELD_TYPE.INT24,
            FIELD_TYPE.YEAR,
        ),
        "int",
    ),
    **dict.fromkeys((FIELD_TYPE.DECIMAL, FIELD_TYPE.NEWDECIMAL), "decimal"),
    **dict.fromkeys((FIELD_TYPE.FLOAT, FIELD_TYPE.DOUBLE), "float"),
    **dict.fromkeys((FIELD_TYPE.DATE, FIELD_TYPE.NEWDATE), "date"),
    **dict.fromkeys((FIELD_TYPE.DATETIME, FIELD_TYPE.TIMESTAMP), "datetime"),
    FIELD_TYPE.TIME: "time",
    FIELD_TYPE.JSON: "json",
    FIELD_TYPE.BIT: "binary",
}
NAMED: dict[str, Family] = {
    **dict.fromkeys(("tinyint", "smallint", "mediumint", "int", "bigint", "year"), "int"),
    "decimal": "decimal",
    **dict.fromkeys(("float", "double"), "float"),
    **dict.fromkeys(
        ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set", "uuid"),
        "text",
    ),
    "date": "date",
    **dict.fromkeys(("datetime", "timestamp"), "datetime"),
    "time": "time",
    "json": "json",
    **dict.fromkeys(
        ("binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob", "bit"), "binary"
    ),
}
BY_NUMBER = {
    1064: "sql_syntax",
    1146: "table_unknown",
    1051: "table_unknown",
    1054: "column_unknown",
    1305: "function_unknown",
    1582: "function_unknown",
    1052: "ambiguous_column",
    1055: "grouping",
    1056: "grouping",
    1111: "grouping",
    1140: "grouping",
    1267: "type_mismatch",
    1292: "type_mismatch",
    1366: "type_mismatch",
    1142: "permission_denied_by_server",
    1143: "permission_denied_by_server",
    1227: "permission_denied_by_server",
    1370: "permission_denied_by_server",
    1792: "permission_denied_by_server",
    1290: "permission_denied_by_server",
    1044: "not_this_database",
    1049: "not_this_database",
    1045: "auth_failed",
    1698: "auth_failed",
    3024: "timeout",
    1969: "timeout",
    1317: "timeout",
    1205: "timeout",
    1037: "memory",
    1038: "memory",
    CR.CR_CONN_HOST_ERROR: "cannot_reach",
    CR.CR_SERVER_LOST: "cannot_reach",
    CR.CR_SERVER_GONE_ERROR: "cannot_reach",
    CR.CR_SSL_CONNECTION_ERROR: "tls_failed",
    CR.CR_AUTH_PLUGIN_CANNOT_LOAD: "auth_failed",
    CR.CR_AUTH_PLUGIN_ERR: "auth_failed",
}
UNSAFE_GRANTS = {"SUPER": "superuser", "FILE": "server_files", "REPLICATION SLAVE": "replication"}
WRITE_GRANT = re.compile(r"\b(INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|TRIGGER|ALL PRIVILEGES)\b")
SYSTEM = "('mysql', 'sys', 'performance_schema', 'information_schema')"
TABLES = f"""
SELECT table_schema, table_name, table_type, table_comment, table_rows FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_schema NOT IN {SYSTEM} ORDER BY table_name LIMIT {base.MAX_TABLES}
"""
COUNT = "SELECT count(*) FROM information_schema.tables WHERE table_schema = DATABASE()"
COLUMNS = """
SELECT table_name, column_name, column_type, data_type, is_nullable, column_key, column_comment
FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position
"""
KEYS = """
SELECT constraint_name, table_name, column_name, referenced_table_schema, referenced_table_name, referenced_column_name
FROM information_schema.key_column_usage
WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL
ORDER BY table_name, constraint_name, ordinal_position
"""


class _Refused(Exception):
    """The server wants what it must not have."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class _NoPassword:
    """Stands where PyMySQL would answer with the password itself."""

    def __init__(self, _link: Any) -> None:
        raise _Refused("tls_failed")


class _Sha2:
    """`caching_sha2_password`: the scrambled answer to anybody, the whole password to a verified server alone."""

    def __init__(self, link: Any) -> None:
        self._link = link

    def authenticate(self, packet: Any) -> Any:
        if packet.is_auth_switch_request():
            # The name of the plugin is read already; what follows is the salt.
            self._link.salt = packet.read_all().rstrip(b"\0")
            scrambled = _auth.scramble_caching_sha2(self._link.password, self._link.salt)
            return self._sent(scrambled)
        packet.advance(1)
        if packet.read_uint8() == 3:
            return self._checked(self._link._read_packet())
        if not self._link.is_verified:
            raise _Refused("tls_failed")
        return self._sent(self._link.password + b"\0")

    def _sent(self, data: bytes) -> Any:
        self._link.write_packet(data)
        return self._checked(self._link._read_packet())

    @staticmethod
    def _checked(packet: Any) -> Any:
        packet.check_error()
        return packet


class _Link(connections.Connection):
    """PyMySQL's connection with a handshake that stops in time."""

    _auth_plugin_name: str = ""

    def __init__(self, target: Target, **options: Any) -> None:
        self.is_verified = target.tls == "verify"
        self._must_be_tls = target.tls != "off"
        refused = (
            {}
            if self.is_verified
            else dict.fromkeys(
                ("mysql_clear_password", "dialog", "sha256_password", "mysql_old_password"),
                _NoPassword,
            )
        )
        super().__init__(
            auth_plugin_map={"caching_sha2_password": _Sha2, **refused},
            defer_connect=True,
            **options,
        )

    def _request_authentication(self) -> None:
        if self._must_be_tls and not self.server_capabilities & CLIENT.SSL:
            raise _Refused("tls_failed")
        if self._auth_plugin_name not in SAFE_PLUGINS and not self.is_verified:
            # The name alone decides what is sent first: unknown ones get nothing, these get the password.
            self._auth_plugin_name = "mysql_native_password"
        super()._request_authentication()


def warm() -> None:
    authorities.bundled()
    _context("require", "")


class Session:
    """One connection in a read-only transaction."""

    def __init__(self, target: Target, seconds: float) -> None:
        self._target = target
        self._link = _connected(target, seconds)
        version = self._link.get_server_info()
        self._flavour = "mariadb" if "mariadb" in version.lower() else "mysql"
        self._version = re.sub(r"^5\.5\.5-", "", version)
        self._result: Any = None
        try:
            self._prepare(seconds)
        except (pymysql.Error, RuntimeError) as error:
            raise _failed(error) from error

    def execute(self, sql: str, allowed: Allowed) -> list[Heading]:
        if not self._target.may_be_privileged and self._unsafe():
            raise Failed("unsafe_role")
        try:
            self._link.query(sql.encode(), unbuffered=True)
        except (pymysql.Error, RuntimeError) as error:
            raise _failed(error) from error
        self._result = self._link._result
        if not self._result.unbuffered_active:
            raise Failed("permission_denied_by_server", "not a query")
        names = values.unique(values.decoded(_raw(field.name)) for field in self._result.fields)
        return [
            Heading(name, _family(field), _source(field))
            for name, field in zip(names, self._result.fields, strict=True)
        ]

    def rows(self) -> Iterator[list[Any]]:
        readers = [_reader(field) for field in self._result.fields]
        try:
            while (row := self._result._read_rowdata_packet_unbuffered()) is not None:
                yield [
                    None if cell is None else values.encoded(read(cell))
                    for read, cell in zip(readers, row, strict=True)
                ]
        except (pymysql.Error, RuntimeError) as error:
            raise _failed(error) from error

    def cancel(self) -> None:
        """A second connection tells the server: one that is only left goes on computing."""
        with contextlib.suppress(Failed, pymysql.Error, OSError):
            other = _connected(self._target, CANCEL_SECONDS)
            with contextlib.suppress(pymysql.Error):
                other.query(f"KILL QUERY {self._link.thread_id():d}")
            other._force_close()

    def close(self) -> None:
        """Drop the socket: closing politely would read all that is still to come."""
        if self._result is not None and self._result.unbuffered_active:
            self._result.unbuffered_active = False
            self.cancel()
        self._link._force_close()

    def probe(self) -> dict[str, Any]:
        try:
            grants = self._grants()
            unsafe = self._unsafe()
            findings = [*unsafe]
            if any(WRITE_GRANT.search(grant) for grant in grants):
                findings.append("may_write")
            return {
                "version": self._version,
                "flavour": self._flavour,
                "tls": bool(self._link._secure),
                "tables_count": int(self._all(COUNT)[0][0] or "0"),
                "findings": findings,
                "is_unsafe": bool(unsafe),
            }
        except (pymysql.Error, RuntimeError) as error:
            raise _failed(error) from error

    def introspect(self) -> dict[str, Any]:
        try:
            found = int(self._all(COUNT)[0][0] or "0")
            tables, columns, keys = self._all(TABLES), self._all(COLUMNS), self._all(KEYS)
        except (pymysql.Error, RuntimeError) as error:
            raise _failed(error) from error
        return _described(self._version, self._flavour, found, tables, columns, keys)

    def _prepare(self, seconds: float) -> None:
        limit = (
            f"max_statement_time = {seconds:.3f}"
            if self._flavour == "mariadb"
            else f"max_execution_time = {int(seconds * 1000)}"
        )
        for statement in (
            f"SET SESSION sql_mode = '{SQL_MODES[self._flavour]}'",
            f"SET SESSION lock_wait_timeout = {LOCK_SECONDS}, innodb_lock_wait_timeout = {LOCK_SECONDS}",
            f"SET SESSION {limit}",
            "START TRANSACTION READ ONLY",
        ):
            self._link.query(statement)

    def _unsafe(self) -> list[str]:
        """Rights by which a reader could read files, rule or follow the server; ALL ON *.* is all of them."""
        found = set()
        for grant in self._grants():
            rights, _, place = grant.partition(" ON ")
            if not place.startswith("*.*"):
                continue
            listed = {right.strip() for right in rights.removeprefix("GRANT ").split(",")}
            found |= {name for right, name in UNSAFE_GRANTS.items() if right in listed}
            if "ALL PRIVILEGES" in listed:
                found.add("superuser")
        return sorted(found)

    def _grants(self) -> list[str]:
        return [row[0] or "" for row in self._all("SHOW GRANTS")]

    def _all(self, statement: str) -> list[list[str | None]]:
        with self._link.cursor(cursors.Cursor) as cursor:
            cursor.execute(statement, None)
            return [
                [None if cell is None else values.decoded(_raw(cell)) for cell in row]
                for row in cursor
            ]


def connect(target: Target, seconds: float) -> Session:
    """Open a session. Raises Failed: of the classes of connecting, and `unsafe_role`."""
    return Session(target, seconds)


def _connected(target: Target, seconds: float) -> _Link:
    patience = min(seconds, base.CONNECT_SECONDS)
    options: dict[str, Any] = (
        {"ssl_disabled": True} if target.tls == "off" else {"ssl": _context(target.tls, target.ca)}
    )
    link = _Link(
        target,
        host=target.host,
        port=target.port,
        user=target.username,
        password=target.password.encode(),
        database=target.database,
        charset=target.charset,
        use_unicode=False,
        conv={},
        local_infile=False,
        connect_timeout=patience,
        autocommit=None,
        **options,
    )
    try:
        plain = socket.create_connection((target.address, target.port), timeout=patience)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.connect(plain)
    except _Refused as refused:
        raise Failed(refused.code) from refused
    except ssl.SSLError as error:
        raise Failed("tls_failed") from error
    except OSError as error:
        raise Failed("cannot_reach") from error
    except pymysql.Error as error:
        raise Failed(_class_of_connecting(error)) from error
    except (RuntimeError, ValueError, IndexError, LookupError, ArithmeticError) as error:
        # A server that speaks another language, or breaks the protocol.
        raise Failed("cannot_reach") from error
    return link


def _context(tls: str, ca: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if tls == "verify":
        context.load_verify_locations(cadata=ca or authorities.bundled())
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _class_of_connecting(error: pymysql.Error) -> str:
    original = getattr(error, "original_exception", None)
    if isinstance(original, ssl.SSLError):
        return "tls_failed"
    code = BY_NUMBER.get(error.args[0] if error.args else 0, "cannot_reach")
    return code if code in base.CONNECT_CODES else "cannot_reach"


def _failed(error: Exception) -> Failed:
    if not isinstance(error, pymysql.Error):
        return Failed("cannot_reach")
    number = error.args[0] if error.args else 0
    detail = str(error.args[1]) if len(error.args) > 1 else str(error)
    return Failed(BY_NUMBER.get(number, "statement_failed"), detail)


def _raw(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def _family(field: Any) -> Family:
    known = FAMILIES.get(field.type_code)
    if known is not None:
        return known
    return "binary" if field.charsetnr == BINARY else "text"


def _source(field: Any) -> str:
    table, column = (values.decoded(_raw(name or "")) for name in (field.org_table, field.org_name))
    return f"{table}.{column}" if table and column else ""


def _reader(field: Any) -> Any:
    family = _family(field)
    if family in ("int", "float"):
        return int if family == "int" else float
    if family == "binary":
        return bytes
    return _moment if family == "datetime" else values.decoded


def _moment(raw: bytes) -> str:
    return raw.decode().replace(" ", "T", 1)


def _described(
    version: str, flavour: str, found: int, tables: list[Any], columns: list[Any], keys: list[Any]
) -> dict[str, Any]:
    of_table: dict[str, list[dict[str, Any]]] = {}
    for table, name, column_type, data_type, is_nullable, key, comment in columns:
        of_table.setdefault(table, []).append(
            {
                "name": name,
                "data_type": column_type,
                "family": "bool" if column_type == "tinyint(1)" else NAMED.get(data_type, "other"),
                "is_nullable": is_nullable == "YES",
                "is_primary_key": key == "PRI",
                "is_unique": key == "UNI",
                "comment": comment or "",
            }
        )
    _mark_single_keys(of_table)
    joined: dict[tuple[str, str], dict[str, Any]] = {}
    for constraint, table, column, _schema, other, theirs in keys:
        ends = {"from_schema": "", "from_table": table, "to_schema": "", "to_table": other}
        one = joined.setdefault((table, constraint), {**ends, "from_columns": [], "to_columns": []})
        one["from_columns"].append(column)
        one["to_columns"].append(theirs)
    return base.introspected(
        version=version,
        flavour=flavour,
        tables=[
            {
                "schema": "",
                "name": name,
                "kind": "view" if "VIEW" in kind else "table",
                "comment": "" if comment in (None, "VIEW") else comment,
                "rows": int(rows) if rows is not None else None,
                "columns": of_table.get(name, []),
            }
            for _schema, name, kind, comment, rows in tables
        ],
        keys=list(joined.values()),
        found=found,
    )


def _mark_single_keys(of_table: dict[str, list[dict[str, Any]]]) -> None:
    for columns in of_table.values():
        keys = [column for column in columns if column["is_primary_key"]]
        if len(keys) == 1:
            keys[0]["is_unique"] = True
