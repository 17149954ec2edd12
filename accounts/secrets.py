"""The key ring: everything secret at rest is sealed here with AES-256-GCM.

A sealed value names its key and is bound to its place (`table.column:row id`), so that a value copied into
another row or column does not open. The first key of `SECRETS_KEYS` seals, all of them open.
"""

import base64
import hashlib
import hmac
import os
from functools import cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

VERSION = "s1"
NONCE_BYTES = 12
KEY_ID_CHARACTERS = 8


class SecretUnreadable(Exception):
    """A sealed value does not open: its key is gone, it was altered, or it stands in another place."""


def seal(plain: str, *, place: str, key_id: str | None = None) -> str:
    """Encrypt `plain` for one place, with the first key of the ring or a named one.

    Shapes: `s1.<key id>.<base64url of nonce and ciphertext>`.
    """
    key_id = key_id or current_key_id()
    key = dict(_ring())[key_id]
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(key).encrypt(nonce, plain.encode(), place.encode())
    return f"{VERSION}.{key_id}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def unseal(sealed: str, *, place: str) -> str:
    """Decrypt what `seal` made for the same place. Raises SecretUnreadable, never returns a guess."""
    try:
        version, key_id, payload = sealed.split(".")
        raw = base64.urlsafe_b64decode(payload)
        key = dict(_ring())[key_id]
        if version != VERSION:
            raise SecretUnreadable(place)
        return AESGCM(key).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], place.encode()).decode()
    except (ValueError, KeyError, InvalidTag) as error:
        raise SecretUnreadable(place) from error


def is_current(sealed: str) -> bool:
    """Whether the first key of the ring sealed this value; the others wait to be rotated."""
    return sealed.split(".")[1:2] == [_ring()[0][0]]


def sign(message: bytes, *, purpose: str, key_id: str | None = None) -> tuple[str, bytes]:
    """HMAC-SHA256 of `message` under a key derived for `purpose`; returns the ring key's id with it."""
    ring = _ring()
    chosen = key_id or ring[0][0]
    try:
        key = dict(ring)[chosen]
    except KeyError as error:
        raise SecretUnreadable(purpose) from error
    derived = HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(key)
    return chosen, hmac.digest(derived, message, "sha256")


def key_ids() -> list[str]:
    """The ids of the ring's keys, the current one first."""
    return [key_id for key_id, _key in _ring()]


def current_key_id() -> str:
    return _ring()[0][0]


@cache
def _keys(materials: tuple[str, ...]) -> list[tuple[str, bytes]]:
    ring = []
    for material in materials:
        key = hashlib.sha256(b"taishang-ring" + material.encode()).digest()
        ring.append((hashlib.sha256(key).hexdigest()[:KEY_ID_CHARACTERS], key))
    return ring


def _ring() -> list[tuple[str, bytes]]:
    return _keys(tuple(settings.SECRETS_KEYS))
