"""The least that a list, a detail, a write can cost: WSGI, a pool, SQL, orjson; with or without token and tenant."""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from psycopg import Connection
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from accounts import tokens

COLUMNS = "id, name, prefix, scopes, created_at, expires_at, last_used_at, last_used_ip"
LIST = f"SELECT {COLUMNS} FROM accounts_api_keys WHERE workspace_id = %s ORDER BY created_at DESC LIMIT 21"
DETAIL = f"SELECT {COLUMNS} FROM accounts_api_keys WHERE workspace_id = %s AND name = 'key 7'"
AUTHENTICATE = "SELECT * FROM accounts_authenticate('access', %s, %s, %s)"
Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def pool(conninfo: str) -> ConnectionPool:
    return ConnectionPool(conninfo, min_size=1, max_size=2, kwargs={"row_factory": dict_row})


def b0(connections: ConnectionPool, workspace_id: int, statement: str = LIST) -> Application:
    """One SELECT, as a role that row-level security does not bind."""

    def application(_environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        with connections.connection() as connection:
            rows = connection.execute(statement, [workspace_id]).fetchall()
        return _answer(start, rows)

    return application


def b1(connections: ConnectionPool, workspace_id: int, statement: str = LIST) -> Application:
    """The same with the token's check and the tenant's envelope, in one pipeline."""

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        claims = tokens.read_access(environ["HTTP_AUTHORIZATION"].removeprefix("Bearer "))
        if claims is None:
            raise PermissionError
        with connections.connection() as connection:
            rows = _enveloped(connection, claims, workspace_id, statement)
        return _answer(start, rows)

    return application


def _enveloped(
    connection: Connection[Any], claims: tokens.AccessClaims, workspace_id: int, statement: str
) -> list[Any]:
    with connection.pipeline(), connection.cursor() as first, connection.cursor() as second:
        first.execute(AUTHENTICATE, [claims.session_id, claims.token_version, workspace_id])
        second.execute(statement, [workspace_id])
        if first.fetchone() is None:
            raise PermissionError
        return second.fetchall()


def _answer(start: Callable[..., Any], rows: list[Any]) -> list[bytes]:
    start("200 OK", [("Content-Type", "application/json")])
    return [orjson.dumps({"results": rows}, default=str)]
