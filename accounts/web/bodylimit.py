"""The size of a request body is counted while it arrives, before anything reads or stores it."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from accounts.ids import uuid7
from accounts.registry import body_limits
from accounts.web.problems import shape

DEFAULT_BODY_BYTES = 2 * 1024 * 1024
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class BodyLimit:
    """An ASGI wrapper: a larger `Content-Length` is refused unread, a lying or endless body at the limit."""

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        limit = _limit(scope["path"])
        if _declared(scope) > limit:
            await _refuse(send, limit, scope["path"])
            return
        await self._counted(scope, receive, send, limit)

    async def _counted(self, scope: Scope, receive: Receive, send: Send, limit: int) -> None:
        arrived, refused = 0, False

        async def counting() -> Message:
            nonlocal arrived, refused
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit and not refused:
                refused = True
                await _refuse(send, limit, scope["path"])
            return {"type": "http.disconnect"} if refused else message

        async def unless_refused(message: Message) -> None:
            if not refused:
                await send(message)

        await self.application(scope, counting, unless_refused)


def _limit(path: str) -> int:
    for prefix, limit in body_limits.items():
        if path.startswith(prefix):
            return limit
    return DEFAULT_BODY_BYTES


def _declared(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _refuse(send: Send, limit: int, path: str) -> None:
    problem = {
        "type": "/problems/upload_too_large/",
        "title": "The request is too large",
        "status": 413,
        "code": "upload_too_large",
        "detail": f"At most {limit} bytes are taken here.",
        "trace_id": (trace_id := uuid7().hex),
    }
    body, content_type, _headers = shape(path, problem)
    await send(
        {
            "type": "http.response.start",
            "status": 413,
            "headers": [
                (b"content-type", content_type.encode()),
                (b"connection", b"close"),
                (b"x-request-id", trace_id.encode()),
            ],
        }
    )
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})
