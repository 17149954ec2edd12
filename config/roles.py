"""The database roles and what each may do, made by one idempotent step before the first migration.

`taishang_owner` owns the tables and migrates; `taishang_app` is what web and worker processes sign in as and
owns nothing. The other roles are reached by `SET LOCAL ROLE` only: the application role is a member that does
not inherit, because a policy's role list matches inheriting members and would open every tenant.
"""

import psycopg
from psycopg import sql

OWNER = "taishang_owner"
APP = "taishang_app"
BACKUP = "taishang_backup"
REACHED_BY_SET_ROLE = (
    "taishang_operator",
    "taishang_dispatcher",
    "taishang_log_writer",
    "taishang_sealer",
)
# Reached by nobody: it owns the functions that search for a workspace, and the owner hands them to it.
SEARCH = "taishang_search"
EXTENSIONS = ("vector",)
PREPARING = 7_261_001
# Raised when `prepare` does something new, so that prepared databases are prepared again.
EDITION = 2


def prepare(*, admin_url: str, database: str, passwords: dict[str, str]) -> None:
    """Create what is missing: roles, the database, extensions, default privileges.

    `admin_url` signs in as a superuser; `passwords` maps the three roles that sign in to their passwords.
    Safe to run again, while the platform is running, and by several processes at once.
    """
    with psycopg.connect(admin_url, dbname="postgres", autocommit=True) as admin:
        # Held until this connection ends: roles belong to the whole server, and two that look see the same gap.
        admin.execute("SELECT pg_advisory_lock(%s)", [PREPARING])
        _create_roles(admin, passwords)
        _create_database(admin, database)
        with psycopg.connect(admin_url, dbname=database, autocommit=True) as own:
            _grant(own, database)


def _create_roles(admin: psycopg.Connection, passwords: dict[str, str]) -> None:
    existing = {name for (name,) in admin.execute("SELECT rolname FROM pg_roles")}
    for role in (OWNER, APP, BACKUP, SEARCH, *REACHED_BY_SET_ROLE):
        if role not in existing:
            admin.execute(sql.SQL("CREATE ROLE {} NOINHERIT").format(sql.Identifier(role)))
    for role, password in passwords.items():
        admin.execute(
            sql.SQL("ALTER ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(role), sql.Literal(password)
            )
        )
    admin.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(sql.Identifier(BACKUP)))
    for role in REACHED_BY_SET_ROLE:
        admin.execute(
            sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(
                sql.Identifier(role), sql.Identifier(APP)
            )
        )
    admin.execute(sql.SQL("REVOKE {} FROM {}").format(sql.Identifier(SEARCH), sql.Identifier(APP)))
    admin.execute(
        sql.SQL("GRANT {} TO {} WITH INHERIT FALSE, SET TRUE").format(
            sql.Identifier(SEARCH), sql.Identifier(OWNER)
        )
    )


def _create_database(admin: psycopg.Connection, database: str) -> None:
    found = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone()
    if not found:
        admin.execute(
            sql.SQL("CREATE DATABASE {} OWNER {}").format(
                sql.Identifier(database), sql.Identifier(OWNER)
            )
        )


def _grant(admin: psycopg.Connection, database: str) -> None:
    for extension in EXTENSIONS:
        admin.execute(
            sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
        )
    admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
    admin.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    admin.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(sql.Identifier(OWNER)))
    working = [APP, *REACHED_BY_SET_ROLE[:1]]
    for role in (APP, BACKUP, SEARCH, *REACHED_BY_SET_ROLE):
        admin.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                sql.Identifier(database), sql.Identifier(role)
            )
        )
        admin.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(role)))
    for role in working:
        _default(admin, "SELECT, INSERT, UPDATE, DELETE ON TABLES", role)
        _default(admin, "USAGE, SELECT ON SEQUENCES", role)
    _default(admin, "SELECT ON TABLES", BACKUP)
    _default(admin, "SELECT ON SEQUENCES", BACKUP)


def _default(admin: psycopg.Connection, privileges: str, role: str) -> None:
    """Give a role privileges on every table the owner will create."""
    admin.execute(
        sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA public GRANT {} TO {}").format(
            sql.Identifier(OWNER), sql.SQL(privileges), sql.Identifier(role)
        )
    )
