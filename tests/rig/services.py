"""Services to sign in by, played by a small server over real HTTP, with everything hostile they can do."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Service:
    """Answers as GitHub, Google and Weixin do. `person` and `emails` are whom it vouches for; `mood` how it behaves."""

    address: str = ""
    person: dict[str, Any] = field(default_factory=dict)
    emails: list[dict[str, Any]] = field(default_factory=list)
    mood: str = "well"
    seen: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        self.seen.append((path, query))
        if self.mood == "broken":
            return 500, {"error": "broken"}
        if self.mood == "nonsense":
            return 200, "<html>not json"
        if path.endswith("/access_token"):
            granted = {"access_token": "canary-token-of-service", "token_type": "bearer"}
            return 200, {**granted, "openid": self.person.get("openid", "")}
        if path.endswith("/emails"):
            return 200, self.emails
        return 200, self.person


@contextmanager
def playing() -> Iterator[Service]:
    service = Service()

    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            parts = urlsplit(self.path)
            given = parse_qs(parts.query) | parse_qs(self.rfile.read(length).decode())
            query = {name: values[0] for name, values in given.items()}
            if service.mood == "hangs":
                release.wait(30)
            status, body = service.answer(parts.path, query)
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = _serve  # noqa: N815

        def log_message(self, *_arguments: object) -> None:
            """Silence."""

    release = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    service.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield service
    finally:
        release.set()
        server.shutdown()
        server.server_close()
