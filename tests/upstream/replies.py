"""Writes one answer, well formed or not."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any


class Reply:
    """Writes one answer, well formed or not."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self.broken = False

    async def start(self, status: int, headers: dict[str, str]) -> None:
        lines = [
            f"HTTP/1.1 {status} Answer",
            "x-request-id: req-1",
            *(f"{k}: {v}" for k, v in headers.items()),
        ]
        self._writer.write("\r\n".join([*lines, "", ""]).encode())
        await self._writer.drain()

    async def text(
        self, status: int, text: str, kind: str, more: dict[str, str] | None = None
    ) -> None:
        data = text.encode()
        await self.start(
            status, {"Content-Type": kind, "Content-Length": str(len(data)), **(more or {})}
        )
        self._writer.write(data)
        await self._writer.drain()

    async def json(self, status: int, value: Any, more: dict[str, str] | None = None) -> None:
        await self.text(status, json.dumps(value), "application/json", more)

    async def error(
        self, status: int, error: dict[str, Any], more: dict[str, str] | None = None
    ) -> None:
        await self.json(status, {"error": error}, more)

    async def chunk(self, data: bytes) -> None:
        self._writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self._writer.drain()

    async def end(self) -> None:
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    def cut(self) -> None:
        self.broken = True
        self._writer.close()


Pieces = AsyncIterator[bytes | Callable[[Reply], None]]


async def stream(reply: Reply, pieces: Pieces) -> None:
    await reply.start(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
    async for piece in pieces:
        if callable(piece):
            piece(reply)
            return
        await reply.chunk(piece)
    await reply.end()


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"
