"""The manifest of a backup: what it holds and how to prove it, in canonical JSON with a signature beside it."""

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.conf import settings

from laojun import durable

SCHEMA = "taishang-backup/1"
NAME, SIGNATURE = "manifest.json", "manifest.sig"
PURPOSE = b"taishang-backup-v1\n"
KEY_ID_CHARACTERS = 16


class BackupRefused(Exception):
    """A backup is not what was made, or cannot be used here. The message names the part and the remedy."""

    code = "backup_damaged"


@dataclass(frozen=True)
class Part:
    """A file of a backup's folder. Units: bytes."""

    name: str
    sha256: str
    bytes: int

    @classmethod
    def of(cls, folder: Path, name: str) -> "Part":
        path = folder / name
        return cls(name, durable.sha256_of(path), path.stat().st_size)


def write(folder: Path, content: dict[str, Any]) -> str:
    """Write and sign the manifest; it is the last file of a backup. Returns its sha256."""
    raw = rfc8785.dumps({"schema": SCHEMA, **content})
    key = _private()
    signature = {"key": key_id(key.public_key()), "sig": _text(key.sign(PURPOSE + raw))}
    with durable.whole(folder / SIGNATURE) as file:
        file.write(orjson.dumps(signature))
    with durable.whole(folder / NAME) as file:
        file.write(raw)
    return hashlib.sha256(raw).hexdigest()


def read(folder: Path, *, trusted: str = "") -> dict[str, Any]:
    """A manifest whose signature holds. `trusted` is the public key of another installation, in base64.

    Raises BackupRefused.
    """
    try:
        raw = (folder / NAME).read_bytes()
        signature = orjson.loads((folder / SIGNATURE).read_bytes())
        content: dict[str, Any] = orjson.loads(raw)
    except FileNotFoundError as error:
        raise BackupRefused(f"{error.filename} is missing: this is no complete backup") from error
    except orjson.JSONDecodeError as error:
        raise BackupRefused(f"{NAME} or {SIGNATURE} was changed") from error
    _check(raw, signature, trusted)
    if content.get("schema") != SCHEMA:
        raise BackupRefused(f"{NAME} is of another kind: {content.get('schema')}")
    return content


def public_key() -> str:
    """This installation's public key in base64, for restoring elsewhere."""
    return _text(_private().public_key().public_bytes_raw())


def key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:KEY_ID_CHARACTERS]


def _check(raw: bytes, signature: Any, trusted: str) -> None:
    known = _known(trusted)
    name = signature.get("key") if isinstance(signature, dict) else None
    if name not in known:
        raise BackupRefused(
            f"{SIGNATURE}: made by the key {name}, which is not known here; give the public key of the"
            " installation that made the backup with --trust"
        )
    try:
        known[name].verify(base64.b64decode(signature["sig"], validate=True), PURPOSE + raw)
    except (InvalidSignature, ValueError, KeyError, TypeError) as error:
        raise BackupRefused(f"{NAME} was changed: its signature does not hold") from error


def _known(trusted: str) -> dict[Any, Ed25519PublicKey]:
    keys = [_private().public_key()]
    if trusted:
        try:
            keys.append(
                Ed25519PublicKey.from_public_bytes(base64.b64decode(trusted, validate=True))
            )
        except ValueError as error:
            raise BackupRefused("--trust is no public key: 44 characters of base64") from error
    return {key_id(key): key for key in keys}


def _private() -> Ed25519PrivateKey:
    seed = hashlib.sha256(b"taishang-backup" + settings.BACKUP_SIGNING_KEY.encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(seed)


def _text(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
