"""What the door takes and refuses, asked without a network in between."""

import base64
import json
import struct

import pytest

from taishang.api.openai import relaying
from tests import factories
from tests.taishang.openai.conftest import mint

CHAT = "/api/openai/v1/chat/completions"
EMBED = "/api/openai/v1/embeddings"
SAY = [{"role": "user", "content": "Say hello"}]


@pytest.fixture
def ask(office, client):
    """Sends a body as the office's program."""
    office.model("echo", provider="echo", base_url="")
    office.model("vectors", "embedding", provider="echo", base_url="")

    def send(body, path=CHAT, key=None):
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = {"Authorization": f"Bearer {key or office.key}"}
        return client.post(path, raw, content_type="application/json", headers=headers)

    return send


def test_an_answer_names_who_gave_it(ask):
    response = ask({"model": "echo", "messages": SAY})

    assert response.status_code == 200
    assert response.json()["choices"][0]["message"]["content"] == "Say hello"
    assert response["X-Model-Used"] == "echo@1"
    assert response["X-Request-Id"]


def test_a_stream_has_one_id_a_role_first_a_reason_last_and_an_end(ask):
    response = ask({"model": "echo", "messages": SAY, "stream": True})

    frames = b"".join(response.streaming_content).decode().split("\n\n")
    chunks = [json.loads(frame[6:]) for frame in frames if frame.startswith("data: {")]
    assert response["Content-Type"] == "text/event-stream"
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks[-2:]] == [None, "stop"]
    assert frames[-2] == "data: [DONE]"


def test_a_silent_model_is_said_to_be_at_work_and_nothing_is_lost(ask, office, monkeypatch):
    monkeypatch.setattr(relaying, "HEARTBEAT_SECONDS", 0.05)
    monkeypatch.setattr(relaying, "STATUS_SECONDS", 0.05)
    steps = [{"wait": 0.2}, {"text": "one"}, {"wait": 0.2}, {"text": " two"}, {"done": "stop"}]
    office.model("slow", provider="scripted", base_url="", params={"script": steps})

    response = ask({"model": "slow", "messages": SAY, "stream": True})

    frames = b"".join(response.streaming_content).decode().split("\n\n")
    chunks = [json.loads(frame[6:]) for frame in frames if frame.startswith("data: {")]
    said = "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in chunks)
    assert frames[0].startswith(":")
    assert sum(frame.startswith(":") for frame in frames) >= 4
    assert said == "one two"
    assert frames[-2] == "data: [DONE]"


def test_what_is_not_known_is_named_and_dropped(ask):
    response = ask({"model": "echo", "messages": SAY, "user": "u", "store": True, "bad name": 1})

    assert response.status_code == 200
    assert response["X-Ignored-Params"] == "store, user"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"temperature": 3}, "temperature"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"messages": "hello"}, "messages"),
        ({"messages": SAY * 2001}, "messages"),
        ({"messages": [{"role": "god", "content": "x"}]}, "messages.0.role"),
        ({"messages": [{"role": "user"}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": [{"type": "x"}]}]}, "messages.0.content.0"),
        ({"messages": [{**SAY[0], "tool_calls": [1]}]}, "messages.0.tool_calls"),
        ({"stop": [1]}, "stop"),
        ({"stop": ["x"] * 17}, "stop"),
        ({"response_format": {"type": "xml"}}, "response_format.type"),
        ({"model": None}, "model"),
        ({"tools": "all"}, "tools"),
    ],
)
def test_a_wrong_field_is_named(ask, change, param):
    response = ask({"model": "echo", "messages": SAY, **change})

    error = response.json()["error"]
    assert (response.status_code, error["type"]) == (400, "invalid_request_error")
    assert error["param"] == param
    assert error["message"]


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "data:text/html,x", "data:image/png;base64," + "A" * 14_000_000, 7],
)
def test_a_picture_is_data_or_an_address(ask, url):
    part = {"type": "image_url", "image_url": {"url": url}}

    response = ask({"model": "echo", "messages": [{"role": "user", "content": [part]}]})

    assert response.status_code in {400, 413}
    assert "error" in response.json()


def test_ten_thousand_pictures_are_too_many(ask):
    part = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}

    response = ask({"model": "echo", "messages": [{"role": "user", "content": [part] * 10_000}]})

    assert response.status_code == 400


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b"{", 400),
        (b'{"model": NaN}', 400),
        (b"[" * 10_000, 400),
        (b'{"model": "x\\u0000"}', 400),
        (b'{"model": "\\ud800"}', 400),
        (b"[]", 400),
        (b'{"model": "echo", "messages": [' + b'{"a":' * 100 + b"1" + b"}" * 100 + b"]}", 413),
    ],
)
def test_what_cannot_be_read_is_refused_in_their_shape(ask, raw, status):
    response = ask(raw)

    assert response.status_code in {status, 400}
    assert set(response.json()) == {"error"}
    assert response["Content-Type"] == "application/json"


def test_an_unknown_model_is_not_found(ask):
    response = ask({"model": "nobody", "messages": SAY})

    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


def test_a_stranger_does_not_find_the_model(ask):
    charlie = factories.person("charlie")

    response = ask({"model": "echo", "messages": SAY}, key=mint(charlie, "model.use"))

    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


def test_a_key_without_the_scope_is_refused(ask, office):
    response = ask({"model": "echo", "messages": SAY}, key=mint(office.person, "task.view"))

    assert (response.status_code, response.json()["error"]["type"]) == (403, "permission_error")


def test_an_unknown_path_is_told_in_their_shape(client):
    response = client.get("/api/openai/v1/images")

    assert response.status_code == 404
    assert response.json()["error"]["type"] == "not_found_error"


def test_vectors_come_as_base64_of_little_endian_floats(ask):
    response = ask({"model": "vectors", "input": "one", "encoding_format": "base64"}, EMBED)

    raw = base64.b64decode(response.json()["data"][0]["embedding"])
    assert struct.unpack("<4f", raw) == (3.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ("", "input"),
        ([], "input"),
        (["a", ""], "input.1"),
        ([[]], "input.0"),
        ([1, -1], "input"),
        ([True], "input.0"),
        ({"a": 1}, "input"),
        (["x"] * 2049, "input"),
        ([[1] * 300_001], "input"),
    ],
)
def test_wrong_inputs_are_named(ask, given, param):
    response = ask({"model": "vectors", "input": given}, EMBED)

    assert response.status_code == 400
    assert response.json()["error"]["param"].split(".")[0] == param.split(".")[0]


def test_long_token_lists_are_taken(ask):
    response = ask({"model": "vectors", "input": [[5] * 8000] * 30}, EMBED)

    assert response.status_code == 200
    assert len(response.json()["data"]) == 30


def test_a_reply_is_not_kept_for_replay(ask, office, client):
    headers = {"Authorization": f"Bearer {office.key}", "Idempotency-Key": "same"}
    body = json.dumps({"model": "echo", "messages": SAY})

    replies = [
        client.post(CHAT, body, content_type="application/json", headers=headers) for _ in "ab"
    ]

    assert [reply.status_code for reply in replies] == [200, 200]
    assert len(office.calls()) == 2
