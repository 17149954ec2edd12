"""Frames between a process of the platform and the child: four bytes of length, then JSON.

Requests: `{"op": "verdict" | "run" | "introspect" | "probe", …}` (see `child`), and `{"op": "cancel"}` while one runs.
Replies, in this order: `started` with the process id, `verdict` (where the guard was asked), `columns`, any number of
`rows`, and exactly one `end`.
"""

from __future__ import annotations

import os
import struct
from typing import Any

import orjson

HEADER = struct.Struct(">I")
MAX_FRAME_BYTES = 32 * 1024 * 1024
CHUNK_BYTES = 256 * 1024


class Broken(Exception):
    """The other side went away in the middle of a frame, or sent what is none."""


def packed(message: dict[str, Any]) -> bytes:
    body = orjson.dumps(message)
    return HEADER.pack(len(body)) + body


def send(descriptor: int, message: dict[str, Any]) -> None:
    """Write one frame. Raises OSError when nobody reads any more."""
    left = memoryview(packed(message))
    while left:
        left = left[os.write(descriptor, left) :]


def receive(descriptor: int) -> dict[str, Any] | None:
    """Read one frame, waiting for it; None at the end of the stream. Raises Broken."""
    header = _exactly(descriptor, HEADER.size, may_end=True)
    if header is None:
        return None
    body = _exactly(descriptor, _length(header), may_end=False)
    return _message(body or b"")


class Reader:
    """Frames out of bytes that come as they come."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[dict[str, Any]]:
        """The frames that are whole now. Raises Broken."""
        self._buffer += data
        found = []
        while len(self._buffer) >= HEADER.size:
            end = HEADER.size + _length(self._buffer[: HEADER.size])
            if len(self._buffer) < end:
                break
            found.append(_message(bytes(self._buffer[HEADER.size : end])))
            del self._buffer[:end]
        return found


def _length(header: bytes | bytearray) -> int:
    length: int = HEADER.unpack(header)[0]
    if length > MAX_FRAME_BYTES:
        raise Broken("a frame that is too long")
    return length


def _message(body: bytes) -> dict[str, Any]:
    try:
        message = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Broken("not JSON") from error
    if not isinstance(message, dict):
        raise Broken("not an object")
    return message


def _exactly(descriptor: int, size: int, *, may_end: bool) -> bytes | None:
    parts = bytearray()
    while len(parts) < size:
        data = os.read(descriptor, min(CHUNK_BYTES, size - len(parts)))
        if not data:
            if may_end and not parts:
                return None
            raise Broken("the stream ended inside a frame")
        parts += data
    return bytes(parts)
