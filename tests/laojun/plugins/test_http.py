"""Services elsewhere: what they are sent, and every way in which they misbehave."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from accounts import tenancy
from laojun.models import Config, OutboundRule, PluginInstance
from laojun.plugins import settings
from laojun.plugins.runtimes import http
from laojun.plugins.runtimes.http import Endpoint, Letter
from tests.laojun.plugins.plugged import open_loopback, plug, receiving, secret

KEY = secret()
LETTER = Letter("msg_1", b'{"a": 1}')
GRANTED = frozenset({"net:127.0.0.1"})
pytestmark = pytest.mark.django_db


def send(url: str, *, secrets=(KEY,), granted=GRANTED, seconds=2.0, max_out=1000):
    return http.run(
        endpoint=Endpoint(url, secrets),
        granted=granted,
        letter=LETTER,
        seconds=seconds,
        max_out=max_out,
    )


@pytest.fixture
def answered():
    """`answered(status, headers, body)` → what a receiver that answers so makes of a letter, and the receiver."""

    def by(status=200, headers=None, body=b"{}"):
        with receiving(lambda _request: (status, headers or {}, body)) as receiver:
            open_loopback(receiver.port)
            return send(receiver.url), receiver

    return by


def test_a_letter_is_signed_and_its_answer_read(answered):
    outcome, receiver = answered(200, {}, b'{"fine": true}')

    assert (outcome.code, outcome.output, outcome.status_code) == ("", {"fine": True}, 200)
    assert receiver.verified(KEY) == ["msg_1"]


def test_the_receiver_sees_nothing_of_ours(answered):
    _outcome, receiver = answered()

    names = {name.lower() for name in receiver.requests[0]["headers"]}
    assert names == {
        "host", "accept", "accept-encoding", "connection", "content-type", "content-length",
        "user-agent", "webhook-id", "webhook-timestamp", "webhook-signature",
    }  # fmt: skip


def test_another_secret_does_not_verify(answered):
    _outcome, receiver = answered()

    with pytest.raises(WebhookVerificationError):
        receiver.verified(secret())


def test_while_a_secret_is_changed_both_verify():
    new, old = secret(), secret()

    headers = http.signed_headers((new, old), LETTER, datetime.now(UTC))

    for key in (new, old):
        Webhook(key).verify(LETTER.content, headers)


@pytest.mark.parametrize(
    ("status", "code"),
    [(204, ""), (302, "redirected"), (307, "redirected"), (400, "refused"), (410, "gone"),
     (500, "refused"), (503, "refused")],
)  # fmt: skip
def test_what_a_status_means(answered, status, code):
    outcome, _receiver = answered(status, {"Location": "http://169.254.169.254/"}, b"")

    assert (outcome.code, outcome.status_code) == (code, status)


def test_a_redirect_is_not_followed():
    with (
        receiving() as inner,
        receiving(lambda _request: (302, {"Location": inner.url}, b"")) as outer,
    ):
        open_loopback(outer.port, inner.port)
        send(outer.url)

    assert inner.requests == []


def test_an_answer_that_is_no_json_is_a_failure(answered):
    assert answered(200, {}, b"<html>")[0].code == "invalid_json"


def test_an_answer_of_ten_megabytes_is_cut_off(answered):
    assert answered(200, {}, b"x" * 10_000_000)[0].code == "too_large"


def test_a_receiver_that_sleeps_costs_its_deadline_and_no_more():
    with receiving(lambda _request: time.sleep(3) or (200, {}, b"{}")) as receiver:
        open_loopback(receiver.port)
        started = time.monotonic()
        outcome = send(receiver.url, seconds=0.5)

    assert outcome.code == "timeout"
    assert time.monotonic() - started < 4


def test_a_drip_of_bytes_does_not_stretch_the_deadline():

    server = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        peer, _address = server.accept()
        peer.recv(65536)
        try:
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000:
                peer.send(bytes([byte]))
                time.sleep(0.02)
        except OSError:
            pass

    threading.Thread(target=drip, daemon=True).start()
    port = server.getsockname()[1]
    open_loopback(port)
    started = time.monotonic()

    outcome = send(f"http://127.0.0.1:{port}/", seconds=0.6)

    server.close()
    assert outcome.code == "timeout"
    assert time.monotonic() - started < 1.5


def test_nobody_listens():
    open_loopback(9)

    assert send("http://127.0.0.1:9/").code == "connection_failed"


def test_an_inner_address_is_not_reached_without_a_rule():
    with receiving() as receiver:
        outcome = send(receiver.url)

    assert outcome.code == "blocked_address"
    assert receiver.requests == []


def test_a_host_nobody_agreed_to_is_not_reached():
    with receiving() as receiver:
        open_loopback(receiver.port)
        outcome = send(receiver.url, granted=frozenset({"net:hooks.example.com"}))

    assert outcome.code == "not_permitted"
    assert receiver.requests == []


def test_what_one_workspace_opened_is_no_other_ones_way_out(alice, charlie):
    """Not even over the connection that the first one keeps."""
    with receiving(lambda _request: (200, {}, b"{}")) as receiver:
        with tenancy.platform_scope(reason="test"):
            OutboundRule.objects.create(
                workspace=alice.workspace,
                cidr="127.0.0.1/32",
                port_from=receiver.port,
                port_to=receiver.port,
                purposes=["webhook"],
                reason="tests",
                created_by="tests",
            )
        codes = []
        for person in (alice, charlie, alice):
            with tenancy.adopted(tenancy.Context(workspace_id=person.workspace.pk)):
                codes.append(send(receiver.url).code)

    assert codes == ["", "blocked_address", ""]


@pytest.mark.parametrize(("url", "secrets"), [("", (KEY,)), ("http://127.0.0.1:1/", ())])
def test_without_an_address_or_a_secret_nothing_is_sent(url, secrets):
    assert send(url, secrets=secrets).code == "not_configured"


def test_a_connection_that_was_closed_meanwhile_is_opened_again():
    """The letter was not sent yet, so sending it once more tells nobody twice."""

    server = socket.create_server(("127.0.0.1", 0))
    served = []

    def serve() -> None:
        for _connection in range(2):
            peer, _address = server.accept()
            served.append(peer.recv(65536))
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            peer.close()

    threading.Thread(target=serve, daemon=True).start()
    port = server.getsockname()[1]
    open_loopback(port)

    outcomes = [send(f"http://127.0.0.1:{port}/").code for _letter in range(2)]

    server.close()
    assert outcomes == ["", ""]
    assert len(served) == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120.0), ("999999", 3600.0), ("", None), ("soon", None), ("-5", None),
     ("Thu, 01 Jan 2026 00:02:00 GMT", 120.0), ("Thu, 01 Jan 2020 00:00:00 GMT", 0.0)],
)  # fmt: skip
def test_a_wish_to_wait_is_heard_up_to_an_hour(text, seconds):
    now = datetime(2026, 1, 1, tzinfo=UTC)

    assert http.retry_after({"retry-after": text}, now) == seconds


def test_the_former_secret_signs_for_a_day(alice):
    instance = plug(alice.workspace, "sink", config={"endpoint": "https://hooks.example.com/"})
    actor = settings.Actor.system("tests")
    first, second = secret(), secret()
    with tenancy.workspace(alice.workspace.pk):
        row = PluginInstance.objects.with_version().get(pk=instance.pk)
        for key in (first, second):
            settings.write_secrets(row, {"signing_secret": key}, actor=actor)
        now = datetime.now(UTC)
        assert settings.signing_secrets(row, now=now) == (second, first)
        assert settings.signing_secrets(row, now=now + timedelta(hours=25)) == (second,)
        settings.write_secrets(row, {"signing_secret": ""}, actor=actor)
        assert settings.signing_secrets(row, now=now) == ()
        assert not Config.objects.filter(scope="plugin:sink").exists()
