"""A signed line: its body, the key and the Ed25519 signature, one JSON object with sorted keys and no spaces.

Anchors and the last line of an export are such lines. Pure: bytes in, values out, so that a stranger's computer can
check them with public keys alone.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ANCHOR = "lao-anchor/1"
EXPORT = "lao-export/1"
FIRST_PREV = "0" * 64
MAX_LINE_BYTES = 16 * 1024 * 1024
Sign = Callable[[bytes], bytes]


class Foreign(Exception):
    """The line belongs to another installation that shares the folder."""


class NotALine(ValueError):
    """Bytes that are no signed line, or one that is not signed by a key we trust."""


@dataclass(frozen=True)
class Line:
    """One checked line. `sha256` is that of its bytes without the line feed."""

    body: dict[str, Any]
    key_id: str
    signature: str
    sha256: str

    @property
    def number(self) -> int:
        return int(self.body["no"])


def signed(body: Mapping[str, Any], *, key_id: str, private: Ed25519PrivateKey) -> bytes:
    """The line of a body, without a line feed."""
    signature = private.sign(message(body)).hex()
    return canonical({"body": body, "key": key_id, "sig": signature})


def canonical(value: Any) -> bytes:
    """JSON with sorted keys and no spaces; holds text, whole numbers, lists and objects only."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def read(raw: bytes, keys: Mapping[str, Ed25519PublicKey], *, instance: str = "") -> Line:
    """Check form and signature. Raises NotALine, and Foreign for a line of another `instance`."""
    line = parse(raw)
    if instance and line.body.get("instance") != instance:
        raise Foreign
    key = keys.get(line.key_id)
    if key is None:
        raise NotALine(f"unknown key {line.key_id}")
    if not fits(key, line.signature, message(line.body)):
        raise NotALine("the signature does not fit")
    return line


def fits(key: Ed25519PublicKey, signature: str, signed_bytes: bytes) -> bool:
    """Whether a signature (hexadecimal) is this key's over these bytes."""
    try:
        key.verify(bytes.fromhex(signature), signed_bytes)
    except (InvalidSignature, ValueError):
        return False
    return True


def parse(raw: bytes) -> Line:
    """The line, its form checked and its signature not. Raises NotALine."""
    try:
        value = orjson.loads(raw)
        line = Line(value["body"], str(value["key"]), str(value["sig"]), sha256(raw))
        whole = canonical({"body": line.body, "key": line.key_id, "sig": line.signature})
    except (ValueError, TypeError, KeyError) as error:
        raise NotALine("not a signed line") from error
    if whole != raw or not isinstance(line.body, dict):
        raise NotALine("not in its one form")
    return line


def sha256(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def public_key(text: str) -> Ed25519PublicKey:
    """A public key from 64 hexadecimal digits. Raises NotALine."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.strip()))
    except ValueError as error:
        raise NotALine("a public key has 64 hexadecimal digits") from error


def key_id_of(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:8]


def message(body: Mapping[str, Any]) -> bytes:
    """What is signed: the body's version, a line feed, the body in its one form."""
    version = str(body.get("v", "")).encode()
    return version + b"\n" + canonical(body)
