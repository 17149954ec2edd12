"""Reads server-sent events and JSON as strangers write them: bounded, and never trusting an encoding."""

import asyncio
import json
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import suppress
from typing import Any, NoReturn

import orjson

from taishang.providers.errors import ErrorClass, ProviderError

MAX_LINE_BYTES = 1024 * 1024
DRAIN_SECONDS = 0.1
MAX_JSON_BYTES = 128 * 1024 * 1024


async def events(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """The `data` of each event, as bytes. Raises ProviderError(protocol) for a line over 1 MB.

    Source: WHATWG HTML, "Server-sent events"; names of events are left out, what is needed stands in the data.
    """
    data: list[bytes] = []
    async for line in _lines(chunks):
        if not line:
            if data:
                yield b"\n".join(data)
                data = []
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
            if sum(map(len, data)) > MAX_LINE_BYTES:
                _refuse("an event is longer than 1 MB")
    if data:
        yield b"\n".join(data)


async def drained(events: AsyncIterator[bytes]) -> None:
    """Read what follows the last event, so that the connection can be used again; not for long."""
    with suppress(TimeoutError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _data in events:
                pass


async def _lines(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Lines ended by LF, CRLF or CR, without their ends."""
    buffer = bytearray()
    after_cr = False
    async for chunk in chunks:
        if after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
        after_cr = chunk.endswith(b"\r") if chunk else after_cr
        buffer += chunk
        if b"\n" in chunk or b"\r" in chunk:
            *whole, rest = bytes(buffer).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
            buffer = bytearray(rest)
            for line in whole:
                yield line
        if len(buffer) > MAX_LINE_BYTES:
            _refuse("a line is longer than 1 MB")
    if buffer:
        yield bytes(buffer)


def parsed(data: bytes) -> Any:
    """JSON of a stranger. Bytes that are no UTF-8 become U+DC80–U+DCFF; `text.Mender` puts them right.

    Raises ProviderError(protocol).
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        pass
    try:
        return json.loads(data.decode("utf-8", "surrogateescape"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise ProviderError(ErrorClass.PROTOCOL, "what came is not JSON") from error


async def whole(chunks: AsyncIterable[bytes], most: int = MAX_JSON_BYTES) -> bytes:
    """A body to its end. Raises ProviderError(protocol) where it is larger than `most` bytes."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > most:
            _refuse("the answer is larger than it may be")
    return bytes(body)


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(detail: str) -> NoReturn:
    raise ProviderError(ErrorClass.PROTOCOL, detail)
