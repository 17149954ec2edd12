"""Ed25519 signatures over a manifest's exact bytes.

Slug, version and the hash of every file stand in the manifest, so a signature fits nothing else. The prefix
keeps it from being taken for a signature over anything but a plugin.

Source: RFC 8032.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

PREFIX = b"laojun-plugin-v1\n"
ALGORITHM = "ed25519"
PUBLISHER, REVIEWER = "publisher", "reviewer"
ROLES = (PUBLISHER, REVIEWER)
FIELDS = {"role", "key_id", "alg", "sig"}
MAX_SIGNATURES = 8
SIGNATURE_BYTES, KEY_BYTES = 64, 32


class SignaturesInvalid(Exception):
    """`signatures.json` is not canonical, or not a list of signatures."""

    code = "signature_invalid"


@dataclass(frozen=True)
class Signature:
    """One signature: in which role, by which key."""

    role: str
    key_id: str
    value: bytes

    def as_json(self) -> dict[str, str]:
        text = base64.b64encode(self.value).decode()
        return {"role": self.role, "key_id": self.key_id, "alg": ALGORITHM, "sig": text}


def key_id(public_key: bytes) -> str:
    """How a key is named: 16 hex digits of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:16]


def sign(*, private_key: Ed25519PrivateKey, role: str, manifest: bytes) -> Signature:
    public = private_key.public_key().public_bytes_raw()
    return Signature(role, key_id(public), private_key.sign(PREFIX + manifest))


def verifies(signature: Signature, *, public_key: bytes, manifest: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature.value, PREFIX + manifest)
    except (InvalidSignature, ValueError):
        return False
    return True


def parse(data: bytes) -> list[Signature]:
    """The content of `signatures.json`. Raises SignaturesInvalid."""
    try:
        found = orjson.loads(data)
        if rfc8785.dumps(found) != data:
            raise SignaturesInvalid("not canonical JSON")
    except (ValueError, RecursionError, rfc8785.CanonicalizationError) as error:
        raise SignaturesInvalid("not canonical JSON") from error
    return read(found)


def read(found: Any) -> list[Signature]:
    """Signatures from their JSON. Raises SignaturesInvalid."""
    if not isinstance(found, list) or len(found) > MAX_SIGNATURES:
        raise SignaturesInvalid(f"not a list of at most {MAX_SIGNATURES} signatures")
    signatures = [_one(entry) for entry in found]
    if len({(one.role, one.key_id) for one in signatures}) != len(signatures):
        raise SignaturesInvalid("a key signs twice")
    return signatures


def dump(signatures: Sequence[Signature]) -> bytes:
    """`signatures.json` in canonical form, publishers first."""
    ordered = sorted(signatures, key=lambda one: (one.role, one.key_id))
    return rfc8785.dumps([one.as_json() for one in ordered])


def _one(entry: Any) -> Signature:
    if not isinstance(entry, dict) or set(entry) != FIELDS:
        raise SignaturesInvalid("a signature has the fields role, key_id, alg, sig")
    role, key, text = entry["role"], entry["key_id"], entry["sig"]
    if role not in ROLES or entry["alg"] != ALGORITHM or not isinstance(key, str):
        raise SignaturesInvalid("unknown role or algorithm")
    try:
        value = base64.b64decode(text, validate=True)
    except (TypeError, ValueError, binascii.Error) as error:
        raise SignaturesInvalid("a signature is not base64") from error
    # Two spellings of the same bytes would be two packages with one meaning.
    if len(value) != SIGNATURE_BYTES or base64.b64encode(value).decode() != text:
        raise SignaturesInvalid("a signature has 64 bytes")
    return Signature(role, key, value)
