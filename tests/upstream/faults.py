"""What goes wrong: before the answer, by status; and after the stream began."""

import asyncio
from collections.abc import Callable
from typing import Any

from tests.upstream.replies import Pieces, Reply, data

Said = Callable[[str], bytes]
STATUSES: dict[str, tuple[int, dict[str, str], dict[str, Any]]] = {
    "rate-limited": (429, {"Retry-After": "7"}, {"message": "slow down", "type": "requests"}),
    "busy": (429, {}, {"message": "slow down", "type": "requests"}),
    "rate-limited-date": (429, {"Retry-After": "Wed, 21 Oct 2099 07:28:00 GMT"}, {"message": "later"}),
    "no-credit": (429, {}, {"message": "You exceeded your current quota", "code": "insufficient_quota"}),
    "server": (500, {}, {"message": "internal"}),
    "overloaded": (529, {}, {"message": "Overloaded", "type": "overloaded_error"}),
    "missing": (404, {}, {"message": "no such model", "code": "model_not_found"}),
    "bad-request": (400, {}, {"message": "temperature must be lower", "type": "invalid_request_error"}),
    "too-long": (400, {}, {"message": "maximum context length is 8 tokens", "code": "context_length_exceeded"}),
    "filtered": (400, {}, {"message": "stopped by the content filter", "code": "content_filter"}),
    "forbidden": (403, {}, {"message": "not for you"}),
}  # fmt: skip


async def _hang(said: Said) -> Pieces:
    yield said("Some")
    await asyncio.sleep(3600)


async def _cut(said: Said) -> Pieces:
    yield said("Some")
    yield Reply.cut


async def _malformed(said: Said) -> Pieces:
    yield said("Some")
    yield b'data: {"choices": [{"delta": {"cont\n\n'


async def _no_object(said: Said) -> Pieces:
    yield said("Some")
    yield b"data: [1, 2]\n\n"


async def _huge_line(said: Said) -> Pieces:
    yield said("Some")
    yield b"data: "
    for _part in range(40):
        yield b"x" * 100_000


async def _error(said: Said) -> Pieces:
    yield said("Some")
    yield data({"error": {"message": "the engine died", "type": "server_error"}, "type": "error"})


async def _split_utf8(said: Said) -> Pieces:
    for half in (b"\xe4\xbd", b"\xa0\xf0\x9f", b"\x98\x80"):
        yield said("@").replace(b"@", half)


async def _bad_utf8(said: Said) -> Pieces:
    yield said("@").replace(b"@", b"\xff\xfe")


async def _surrogates(said: Said) -> Pieces:
    for half in (b"\\ud83d", b"\\ude00 \\ud800 \\u0000"):
        yield said("@").replace(b"@", half)


async def _drip(said: Said) -> Pieces:
    while True:
        yield said(".")
        await asyncio.sleep(0.05)


FAULTS: dict[str, Callable[[Said], Pieces]] = {
    "hang-between": _hang,
    "cut": _cut,
    "malformed": _malformed,
    "no-object": _no_object,
    "huge-line": _huge_line,
    "error-in-stream": _error,
    "split-utf8": _split_utf8,
    "bad-utf8": _bad_utf8,
    "surrogates": _surrogates,
    "drip": _drip,
}


async def of(model: str, said: Said) -> Pieces:
    if model in FAULTS:
        async for piece in FAULTS[model](said):
            yield piece
