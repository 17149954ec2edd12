"""What an author needs: keys, packages, signatures. Files in, files out; the platform's database is not asked."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import wasmtime
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from laojun.plugins import manifests, packages, signing
from laojun.plugins.signing import Signature

SOURCE_MANIFEST = "manifest.json"
PROGRAM, PROGRAM_TEXT = "plugin.wasm", "plugin.wat"
SKIPPED = frozenset({SOURCE_MANIFEST, packages.SIGNATURES})


class AuthoringFailed(Exception):
    """What the author gave cannot be used; the message says what to mend."""


def make_key(path: Path) -> tuple[str, str]:
    """Write a new private key to a file that did not exist. Returns its id and the public key in base64."""
    key = Ed25519PrivateKey.generate()
    text = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        path.touch(mode=0o600, exist_ok=False)
    except FileExistsError as error:
        raise AuthoringFailed(f"{path} exists; keys are never overwritten") from error
    path.write_bytes(text)
    return _named(key)


def read_key(path: Path) -> Ed25519PrivateKey:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise AuthoringFailed(f"{path} holds no private key: {error}") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise AuthoringFailed(f"{path} is not an Ed25519 key; make one with plugin_keygen")
    return key


def pack_folder(folder: Path) -> bytes:
    """The unsigned package of a folder: its manifest completed by the hash of every other file."""
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not _is_hidden(path.relative_to(folder))
    }
    if SOURCE_MANIFEST not in files:
        raise AuthoringFailed(f"{folder} has no {SOURCE_MANIFEST}")
    contents = {name: data for name, data in files.items() if name not in SKIPPED}
    _compile(contents)
    try:
        document = orjson.loads(files[SOURCE_MANIFEST])
    except orjson.JSONDecodeError as error:
        raise AuthoringFailed(f"{SOURCE_MANIFEST} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise AuthoringFailed(f"{SOURCE_MANIFEST} is not an object")
    hashes = {name: packages.checksum(data) for name, data in contents.items()}
    manifest = manifests.checked({**document, "files": hashes})
    return _packed(contents, manifests.canonical(manifest.data), [])


def _compile(contents: dict[str, bytes]) -> None:
    """Turn the text of a program into the program, where the folder does not bring one. Same text, same bytes."""
    if PROGRAM_TEXT not in contents or PROGRAM in contents:
        return
    try:
        contents[PROGRAM] = bytes(wasmtime.wat2wasm(contents[PROGRAM_TEXT]))
    except wasmtime.WasmtimeError as error:
        raise AuthoringFailed(f"{PROGRAM_TEXT} does not compile: {error}") from error


def sign_package(data: bytes, *, key: Ed25519PrivateKey, role: str) -> bytes:
    """The package with a signature more; one of the same key and role is replaced."""
    files = {name: bytes(view) for name, view in packages.unpack(data).items()}
    manifest = files.pop(packages.MANIFEST, b"")
    manifests.parse(manifest)
    present = signing.parse(files.pop(packages.SIGNATURES, b"[]"))
    new = signing.sign(private_key=key, role=role, manifest=manifest)
    others = [one for one in present if (one.role, one.key_id) != (new.role, new.key_id)]
    return _packed(files, manifest, [*others, new])


def describe(data: bytes) -> dict[str, Any]:
    """What a package says of itself and who signed it. Shapes: `{slug, version, sha256, files, signatures[]}`."""
    files = packages.unpack(data)
    manifest = manifests.parse(bytes(files.get(packages.MANIFEST, b"")))
    signatures = signing.parse(bytes(files.get(packages.SIGNATURES, b"[]")))
    return {
        "slug": manifest.slug,
        "version": manifest.version,
        "publisher": manifest.publisher,
        "sha256": packages.checksum(data),
        "files": len(files),
        "signatures": [f"{one.role} {one.key_id}" for one in signatures],
    }


def public_text(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _named(key: Ed25519PrivateKey) -> tuple[str, str]:
    raw = key.public_key().public_bytes_raw()
    return signing.key_id(raw), public_text(key)


def _packed(contents: Mapping[str, bytes], manifest: bytes, signatures: list[Signature]) -> bytes:
    whole = {packages.MANIFEST: manifest, packages.SIGNATURES: signing.dump(signatures)}
    return packages.pack({**contents, **whole})


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") or part == "__pycache__" for part in path.parts)
