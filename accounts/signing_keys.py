"""Rings of Ed25519 keys: the first key of a ring signs, all of them verify.

Where the platform keeps its own secrets a ring is a file that `rotate` rewrites; running processes see the
change at their next use. Where the operator gives the keys (`JWT_KEYS`, `AUDIT_KEYS`), the operator rotates.
"""

import hashlib
import math
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
    """The keys come from the environment; rotate them there, new key first, old keys after it."""


@dataclass(frozen=True)
class SigningKey:
    id: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey


@dataclass(frozen=True)
class Ring:
    """The keys of one purpose; `setting` holds them, `setting`_FILE names the file instead.

    `label` keeps the keys of two rings apart even where their material is the same. Units: a key that was
    superseded stays for `kept_s` seconds.
    """

    setting: str
    label: bytes
    kept_s: float

    def current(self) -> SigningKey:
        """The key that signs now."""
        return self.all()[0]

    def private(self) -> tuple[str, Ed25519PrivateKey]:
        """The key that signs now, with its id."""
        key = self.current()
        return key.id, key.private

    def public(self, key_id: str) -> Ed25519PublicKey | None:
        return next((key.public for key in self.all() if key.id == key_id), None)

    def all(self) -> tuple[SigningKey, ...]:
        file = self._file()
        if file is None:
            return _parsed(self.label, getattr(settings, self.setting))
        state = file.stat()
        return _read(self.label, file, state.st_mtime_ns, state.st_ino)

    def rotate(self, *, now: float | None = None) -> str:
        """Put a new key first and drop those that nothing living needs. Raises RingIsGiven."""
        file = self._file()
        if file is None:
            raise RingIsGiven
        made_at = int(now or time.time())
        entries = [f"{secrets.token_urlsafe(48)}@{made_at}"]
        superseded_at = made_at
        for entry in file.read_text(encoding="ascii").strip().split(","):
            if made_at - superseded_at < self.kept_s:
                entries.append(entry)
            superseded_at = _made_at(entry)
        draft = file.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_text(",".join(entries), encoding="ascii")
        draft.replace(file)
        return _parsed(self.label, ",".join(entries))[0].id

    def _file(self) -> Path | None:
        found: Path | None = getattr(settings, f"{self.setting}_FILE")
        return found


ACCESS_TOKENS = Ring("JWT_KEYS", b"taishang-jwt", KEPT_SECONDS)
AUDIT = Ring("AUDIT_KEYS", b"taishang-audit", math.inf)


@lru_cache(maxsize=4)
def _read(label: bytes, file: Path, _changed: int, _inode: int) -> tuple[SigningKey, ...]:
    return _parsed(label, file.read_text(encoding="ascii"))


@cache
def _parsed(label: bytes, text: str) -> tuple[SigningKey, ...]:
    return tuple(_key(label, entry.partition("@")[0]) for entry in text.strip().split(",") if entry)


def _key(label: bytes, material: str) -> SigningKey:
    seed = hashlib.sha256(label + material.encode()).digest()
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public_key = key.public_key()
    key_id = hashlib.sha256(public_key.public_bytes_raw()).hexdigest()[:KEY_ID_CHARACTERS]
    return SigningKey(key_id, key, public_key)


def _made_at(entry: str) -> int:
    return int(entry.partition("@")[2] or 0)
