"""Accepts connections, counts what comes, and sends each request to what answers it."""

import asyncio
import contextlib
import json
import threading
from collections import Counter
from typing import Any

from tests.upstream import chats, vectors
from tests.upstream.faults import STATUSES
from tests.upstream.replies import Reply, stream


class Upstream:
    """The server, in a thread of its own. `hits` counts requests by model, `bodies` keeps the last hundred.

    `aborted` counts streams that the other side left early, `open` those under way, `connections` what was opened.
    """

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.hits: Counter[str] = Counter()
        self.bodies: list[tuple[str, dict[str, str], Any]] = []
        self.open = 0
        self.connections = 0
        self.aborted = 0
        self._started = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Upstream":
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def total(self) -> int:
        return self.hits.total()

    def forget(self) -> None:
        self.hits.clear()
        self.bodies.clear()
        self.aborted = self.connections = 0

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self.listen())
        self._started.set()
        self._loop.run_forever()
        server.close()
        self._loop.close()

    async def listen(self) -> asyncio.Server:
        server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, limit=2**24, backlog=2048
        )
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with contextlib.suppress(
            ConnectionError, asyncio.IncompleteReadError, asyncio.TimeoutError
        ):
            while await self._exchange(reader, writer):
                pass
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _version = first.split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in lines if line)
        }
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        body = json.loads(raw) if raw else {}
        reply = Reply(writer)
        if method == "GET":
            return await self._told(path, reply)
        model = str(body.get("model"))
        self.hits[model] += 1
        self.bodies = [*self.bodies[-99:], (path, headers, body)]
        self.open += 1
        watcher = asyncio.ensure_future(_gone(reader, writer))
        work = asyncio.ensure_future(_answer(path, headers, body, reply))
        try:
            await asyncio.wait({watcher, work}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                self.aborted += 1
                work.cancel()
                return False
            work.result()
            return not reply.broken
        except ConnectionError:
            self.aborted += 1
            return False
        finally:
            self.open -= 1
            watcher.cancel()
            await asyncio.gather(watcher, work, return_exceptions=True)

    async def _told(self, path: str, reply: "Reply") -> bool:
        if path == "/stats":
            facts = {"hits": self.hits, "open": self.open, "aborted": self.aborted}
            await reply.json(200, facts)
        else:
            rows = [{"id": name, "object": "model"} for name in ("ok", "words:20:0.01")]
            await reply.json(200, {"object": "list", "data": rows})
        return True


async def _answer(path: str, headers: dict[str, str], body: Any, reply: Reply) -> None:
    model = str(body.get("model"))
    key = headers.get("authorization", "").removeprefix("Bearer ")
    if key == "wrong":
        error = {"message": "Incorrect API key provided: wrong", "code": "invalid_api_key"}
        await reply.error(401, error)
    elif model in STATUSES:
        status, more, error = STATUSES[model]
        await reply.error(status, error, more)
    elif model in STRANGE:
        await STRANGE[model](reply)
    else:
        await ANSWERS[path.rpartition("/")[2]](body, reply)


async def _redirect(reply: Reply) -> None:
    await reply.start(302, {"Location": "http://127.0.0.1:1/", "Content-Length": "0"})


async def _hang(_reply: Reply) -> None:
    await asyncio.sleep(3600)


async def _error_200(reply: Reply) -> None:
    await reply.json(200, {"error": {"message": "overloaded", "code": 503}})


async def _page(reply: Reply) -> None:
    await reply.text(200, "<html>Welcome to nginx</html>", "text/html")


async def _chat(body: Any, reply: Reply) -> None:
    if body.get("stream"):
        await stream(reply, chats.completions(str(body["model"]), body))
    else:
        await reply.json(200, chats.completion(str(body["model"])))


async def _messages(body: Any, reply: Reply) -> None:
    if body.get("stream"):
        await stream(reply, chats.messages(str(body["model"])))
    else:
        await reply.json(200, chats.message())


STRANGE = {"redirect": _redirect, "hang-before": _hang, "error-200": _error_200, "not-json": _page}
ANSWERS = {
    "completions": _chat,
    "messages": _messages,
    "embeddings": vectors.embed,
    "rerank": vectors.rerank,
}


async def _gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Returns when the other side has left; nobody sends a second request before the answer."""
    while not reader.at_eof() and not writer.is_closing():
        await asyncio.sleep(0.02)
