"""A body that is too large is refused while it arrives, whatever its header claims."""

import asyncio

import pytest

from accounts.web import bodylimit
from accounts.web.bodylimit import BodyLimit


def answer_to(chunks: list[bytes], *, declared: int | None = None) -> tuple[list[int], int]:
    """The statuses sent and the bytes the application saw."""
    headers = [] if declared is None else [(b"content-length", str(declared).encode())]
    messages = [{"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks]
    statuses: list[int] = []
    seen = 0

    async def receive():
        return messages.pop(0) if messages else {"type": "http.request", "body": b""}

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def application(scope, receive, send):
        nonlocal seen
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            seen += len(message["body"])
            if not message.get("more_body"):
                await send({"type": "http.response.start", "status": 200})
                return

    scope = {"type": "http", "path": "/x", "headers": headers}
    asyncio.run(BodyLimit(application)(scope, receive, send))
    return statuses, seen


@pytest.fixture(autouse=True)
def small_limit(monkeypatch):
    monkeypatch.setattr(bodylimit, "DEFAULT_BODY_BYTES", 10)


def test_a_body_within_the_limit_passes():
    assert answer_to([b"12345", b"12345"]) == ([200], 10)


def test_a_declared_length_above_the_limit_is_refused_unread():
    assert answer_to([b"12345"], declared=11) == ([413], 0)


def test_a_lying_length_is_cut_at_the_limit():
    assert answer_to([b"12345", b"123456", b"more"], declared=5) == ([413], 5)
