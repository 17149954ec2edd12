"""Bring up whatever this installation embeds, so that any command works on a fresh machine."""

import sys

from django.conf import settings
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from config import roles


def ensure() -> list[str]:
    """Start the embedded servers that are not running and prepare the database; say which ones started.

    Does nothing where `DATABASE_URL` and `REDIS_URL` name servers of the operator's own.
    """
    if not (settings.DATABASE_EMBEDDED or settings.REDIS_EMBEDDED):
        return []
    started = settings.SERVERS.ensure()
    name = str(settings.DATABASES["default"]["NAME"])
    prepared = settings.DATA_DIR / "run" / f"prepared-{name}-{roles.EDITION}"
    if settings.DATABASE_EMBEDDED and ("PostgreSQL" in started or not prepared.exists()):
        prepare_database(name)
        prepared.touch()
    if started:
        sys.stderr.write(f"Started {' and '.join(started)} (stop: make stop)\n")
    return started


class NoAdministrator(RuntimeError):
    """Databases can only be made with DATABASE_ADMIN_URL; this process has none."""


def admin_parameters() -> dict[str, str]:
    """How to sign in as somebody who may make roles and databases. Raises NoAdministrator."""
    servers = settings.SERVERS
    if settings.DATABASE_EMBEDDED:
        password = servers.secret("database_superuser")
        return {"host": str(servers.socket_dir), "user": "postgres", "password": password}
    if not settings.DATABASE_ADMIN_URL:
        raise NoAdministrator("Give DATABASE_ADMIN_URL: a role that may make roles and databases.")
    found = conninfo_to_dict(settings.DATABASE_ADMIN_URL)
    found.pop("dbname", None)
    return {name: str(value) for name, value in found.items()}


def prepare_database(name: str) -> None:
    """Make the roles and the named database on this installation's server. Idempotent. Raises NoAdministrator."""
    aliases = {roles.APP: "default", roles.OWNER: "owner", roles.BACKUP: "backup"}
    roles.prepare(
        admin_url=make_conninfo(**admin_parameters()),
        database=name,
        passwords={
            role: str(settings.DATABASES[alias]["PASSWORD"])
            for role, alias in aliases.items()
            if settings.DATABASES.get(alias, {}).get("PASSWORD")
            and settings.DATABASES[alias]["USER"] == role
        },
    )
