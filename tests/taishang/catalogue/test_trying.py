"""Trying a model: what fails has its own class, its sentence and the field to mend it in; a call row tells of it."""

import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest

from accounts import tenancy
from laojun.models import AuditLog, OutboundRule
from taishang.gateway import trying
from taishang.models import Model
from tests.taishang.desk import desk  # noqa: F401

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


@pytest.fixture
def silent():
    """Takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}/v1"


@pytest.fixture
def opened(desk):  # noqa: F811
    """An operator let this workspace reach its own machine."""
    with tenancy.platform_scope(reason="tests"):
        OutboundRule.objects.create(
            workspace_id=desk.workspace_id,
            cidr="127.0.0.0/8",
            port_from=1,
            port_to=65535,
            purposes=["model"],
            reason="tests",
            created_by="test",
        )
    return desk


def connect(desk, url, **fields):  # noqa: F811
    body = {
        "name": "m",
        "scope": "workspace",
        "provider": "openai_compatible",
        "model_id": NAME,
        "base_url": url,
        "api_key": KEY,
        **fields,
    }
    answer = desk.person.client.post("/api/v1/models/", body, "application/json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def tried(desk, model):  # noqa: F811
    answer = desk.person.client.post(f"/api/v1/models/{model['id']}/test/")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_model_that_works(opened, upstream):
    model = connect(opened, upstream)

    found = tried(opened, model)

    assert found["ok"], found
    assert 0 <= found["connect_ms"] <= found["first_token_ms"] <= found["total_ms"]
    row = opened.person.get(f"/api/v1/models/{model['id']}/").json()
    assert (row["last_test"]["ok"], row["first_used_at"]) == (True, None)
    (call,) = opened.calls()
    assert (call.purpose, call.status, call.model_id) == ("test", "succeeded", model["id"])
    with opened.inside():
        assert AuditLog.objects.filter(action="model.tested").count() == 1


@pytest.mark.parametrize(
    ("fields", "error_class", "field"),
    [
        ({"api_key": "sk-wrong"}, "auth", "api_key"),
        ({"model_id": "large"}, "model_missing", "model_id"),
    ],
)
def test_what_the_provider_refuses(opened, upstream, fields, error_class, field):
    found = tried(opened, connect(opened, upstream, **fields))

    assert (found["ok"], found["error_class"], found["field"]) == (False, error_class, field)
    assert found["message"]


def test_a_host_that_is_not_there_and_one_that_is_silent(opened, silent, monkeypatch):
    monkeypatch.setattr(trying, "MOST_SECONDS", 1.0)
    free = socket.create_server(("127.0.0.1", 0))
    nobody = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    free.close()

    away = tried(opened, connect(opened, nobody))
    mute = tried(opened, connect(opened, silent, name="other"))

    assert (away["error_class"], away["connect_ms"]) == ("connect", None)
    assert (mute["error_class"], mute["field"]) == ("first_token_timeout", "base_url")
    assert mute["connect_ms"] is not None
    assert away["message"] != mute["message"]


def test_an_address_that_was_closed_meanwhile(opened, upstream):
    model = connect(opened, upstream)
    with tenancy.platform_scope(reason="tests"):
        OutboundRule.objects.all().delete()

    found = tried(opened, model)

    assert (found["error_class"], found["connect_ms"]) == ("blocked_address", None)


def test_the_dimension_is_checked(opened, upstream):
    right = connect(opened, upstream, kind="embedding", embedding_dimension=3)
    wrong = connect(opened, upstream, kind="embedding", embedding_dimension=4, name="other")

    assert tried(opened, right)["ok"]
    found = tried(opened, wrong)
    assert (found["ok"], found["field"]) == (False, "embedding_dimension")
    assert "3" in found["message"]


def test_a_key_that_cannot_be_read_is_not_sent(opened, upstream):
    model = connect(opened, upstream)
    with opened.inside():
        Model.objects.filter(pk=model["id"]).update(api_key_encrypted="s1.gone.AAAA")

    assert tried(opened, model)["error_class"] == "key_unreadable"
