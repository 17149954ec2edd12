"""The ring of Ed25519 keys that sign access tokens: the first signs, all of them verify.

Where the platform keeps its own secrets the ring is a file that `rotate` rewrites; running processes see the
change at their next use. Where the operator gives `JWT_KEYS`, the operator rotates.
"""

import hashlib
import secrets
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

KEY_ID_CHARACTERS = 8
# Longer than any access token lives.
KEPT_SECONDS = 3 * 3600


class RingIsGiven(Exception):
    """`JWT_KEYS` comes from the environment; rotate it there, new key first, old keys after it."""


@dataclass(frozen=True)
class SigningKey:
    id: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey


def private() -> tuple[str, Ed25519PrivateKey]:
    """The key that signs now, with its id."""
    key = _ring()[0]
    return key.id, key.private


def public(key_id: str) -> Ed25519PublicKey | None:
    return next((key.public for key in _ring() if key.id == key_id), None)


def rotate(*, now: float | None = None) -> str:
    """Put a new key first and drop those that no living token needs. Raises RingIsGiven."""
    file = _file()
    if file is None:
        raise RingIsGiven
    made_at = int(now or time.time())
    entries = [f"{secrets.token_urlsafe(48)}@{made_at}"]
    superseded_at = made_at
    for entry in file.read_text(encoding="ascii").strip().split(","):
        if made_at - superseded_at < KEPT_SECONDS:
            entries.append(entry)
        superseded_at = _made_at(entry)
    draft = file.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_text(",".join(entries), encoding="ascii")
    draft.replace(file)
    return _parsed(",".join(entries))[0].id


def _ring() -> tuple[SigningKey, ...]:
    file = _file()
    if file is None:
        return _parsed(settings.JWT_KEYS)
    state = file.stat()
    return _read(file, state.st_mtime_ns, state.st_ino)


def _file() -> Path | None:
    return settings.JWT_KEYS_FILE


@lru_cache(maxsize=2)
def _read(file: Path, _changed: int, _inode: int) -> tuple[SigningKey, ...]:
    return _parsed(file.read_text(encoding="ascii"))


@cache
def _parsed(text: str) -> tuple[SigningKey, ...]:
    return tuple(_key(entry.partition("@")[0]) for entry in text.strip().split(",") if entry)


def _key(material: str) -> SigningKey:
    seed = hashlib.sha256(b"taishang-jwt" + material.encode()).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public_key = key.public_key()
    key_id = hashlib.sha256(public_key.public_bytes_raw()).hexdigest()[:KEY_ID_CHARACTERS]
    return SigningKey(key_id, key, public_key)


def _made_at(entry: str) -> int:
    return int(entry.partition("@")[2] or 0)
