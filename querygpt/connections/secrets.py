"""The password of a connection: sealed for its row, opened where a connection is made and nowhere else."""

from __future__ import annotations

from accounts import secrets
from querygpt import sealing
from querygpt.models import Connection

COLUMN = "password_encrypted"


def seal(connection: Connection, plain: str) -> str:
    """The password as it is stored in this row, which has its id already; none is the empty text."""
    return secrets.seal(plain, place=sealing.place_of(connection, COLUMN)) if plain else ""


def opened(connection: Connection) -> str:
    """Raises SecretUnreadable; a password that cannot be read is never taken for an empty one."""
    if not connection.password_encrypted:
        return ""
    return secrets.unseal(connection.password_encrypted, place=sealing.place_of(connection, COLUMN))
