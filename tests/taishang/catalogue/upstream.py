"""A server that speaks OpenAI's protocol: one key, one model; everything else is refused as providers refuse it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

KEY, NAME = "sk-right", "small"


class Upstream(BaseHTTPRequestHandler):
    """Speaks OpenAI's protocol: one key, one model; everything else is refused as providers refuse it."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = orjson.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.headers.get("Authorization") != f"Bearer {KEY}":
            return self._answer(401, {"error": {"message": "bad key", "code": "invalid_api_key"}})
        if body["model"] != NAME:
            return self._answer(404, {"error": {"message": "no model", "code": "model_not_found"}})
        if self.path.endswith("/embeddings"):
            row = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25, 0.125]}
            usage = {"prompt_tokens": 2, "total_tokens": 2}
            return self._answer(200, {"object": "list", "data": [row], "usage": usage})
        return self._stream()

    def _answer(self, status, body):
        content = orjson.dumps(body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
        for choices, more in (
            ([{"index": 0, "delta": {"role": "assistant", "content": "OK"}}], {}),
            ([{"index": 0, "delta": {}, "finish_reason": "stop"}], {}),
            ([], {"usage": usage}),
        ):
            chunk = {"id": "1", "object": "chat.completion.chunk", "model": NAME, **more}
            self.wfile.write(b"data: " + orjson.dumps({**chunk, "choices": choices}) + b"\n\n")
        self.wfile.write(b"data: [DONE]\n\n")
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def upstream():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/v1"
    server.shutdown()
    server.server_close()
