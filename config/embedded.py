"""Bring up whatever this installation embeds, so that any command works on a fresh machine."""

import sys

from django.conf import settings

from config import roles


def ensure() -> list[str]:
    """Start the embedded servers that are not running and prepare the database; say which ones started.

    Does nothing where `DATABASE_URL` and `REDIS_URL` name servers of the operator's own.
    """
    if not (settings.DATABASE_EMBEDDED or settings.REDIS_EMBEDDED):
        return []
    started = settings.SERVERS.ensure()
    name = str(settings.DATABASES["default"]["NAME"])
    prepared = settings.DATA_DIR / "run" / f"prepared-{name}"
    if settings.DATABASE_EMBEDDED and ("PostgreSQL" in started or not prepared.exists()):
        prepare_database(name)
        prepared.touch()
    if started:
        sys.stderr.write(f"Started {' and '.join(started)} (stop: make stop)\n")
    return started


def prepare_database(name: str) -> None:
    """Make the roles and the named database on the embedded server. Idempotent."""
    servers = settings.SERVERS
    roles.prepare(
        admin_url=f"host={servers.socket_dir} user=postgres password={servers.secret('database_superuser')}",
        database=name,
        passwords={
            roles.OWNER: servers.secret("database_owner"),
            roles.APP: servers.secret("database_app"),
            roles.BACKUP: servers.secret("database_backup"),
        },
    )
