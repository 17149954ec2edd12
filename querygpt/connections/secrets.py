"""The password of a connection: sealed for its row, opened where a connection is made and nowhere else."""

from __future__ import annotations

from django.db.models import QuerySet

from accounts import secrets
from querygpt.models import Connection

COLUMN = "querygpt_connections.password_encrypted"


def place_of(connection: Connection) -> str:
    return f"{COLUMN}:{connection.pk}"


def seal(connection: Connection, plain: str) -> str:
    return secrets.seal(plain, place=place_of(connection)) if plain else ""


def opened(connection: Connection) -> str:
    """Raises SecretUnreadable; a password that cannot be read is never taken for an empty one."""
    if not connection.password_encrypted:
        return ""
    return secrets.unseal(connection.password_encrypted, place=place_of(connection))


def sealed_rows() -> QuerySet[Connection]:
    return Connection.objects.exclude(password_encrypted="")


def keep_sealed(connection: Connection, sealed: str) -> None:
    Connection.objects.filter(
        pk=connection.pk, password_encrypted=connection.password_encrypted
    ).update(password_encrypted=sealed)
