"""Where this app keeps sealed values, and files that only open with a key of their own."""

from __future__ import annotations

import os
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db.models import Model, QuerySet

from accounts.resealing import SealedColumn
from accounts.secrets import SecretUnreadable
from querygpt.models import Connection, Result

NONCE_BYTES = 12
KEY_BYTES = 32


def place_of(row: Model, column: str) -> str:
    """What a sealed value of a row is bound to."""
    return f"{row._meta.db_table}.{column}:{row.pk}"


def new_key() -> bytes:
    """A data key for one file; it is kept sealed in the row that names the file."""
    return os.urandom(KEY_BYTES)


def seal_bytes(plain: bytes, *, key: bytes, place: str) -> bytes:
    """AES-256-GCM of a file's bytes, bound to the row that names it. Shape: nonce, ciphertext."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, place.encode())


def unseal_bytes(sealed: bytes, *, key: bytes, place: str) -> bytes:
    """What `seal_bytes` was given. Raises SecretUnreadable."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError) as error:
        raise SecretUnreadable(place) from error


def _column(model: Any, name: str) -> SealedColumn:
    def rows() -> QuerySet[Any]:
        return model.objects.exclude(**{name: ""})

    def keep(row: Any, sealed: str) -> None:
        model.objects.filter(pk=row.pk).update(**{name: sealed})

    return SealedColumn(
        key=f"{model._meta.db_table}.{name}",
        rows=rows,
        read=lambda row: getattr(row, name),
        place=lambda row: place_of(row, name),
        keep=keep,
    )


COLUMNS = (
    _column(Connection, "password_encrypted"),
    _column(Connection, "values_key_encrypted"),
    _column(Result, "data_key_encrypted"),
)
