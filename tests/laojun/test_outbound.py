"""Nothing a user writes reaches a machine that is not on the public internet."""

import socket
import threading
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db.utils import IntegrityError
from django.utils import timezone

from accounts import tenancy
from laojun import addresses, audit, destinations, outbound
from laojun.models import AuditLog, OutboundRule
from laojun.outbound import BlockedAddress, Limits

pytestmark = pytest.mark.django_db

# P stands for the port where a canary listens on the loopback addresses.
SPELLINGS = tuple(
    """
http://127.0.0.1:P/ http://127.1:P/ http://127.0.1:P/ http://127.255.255.254:P/ http://0:P/
http://0.0.0.0:P/ http://00.0.0.0:P/ http://2130706433:P/ http://0x7f000001:P/ http://0x7f.1:P/
http://0x7f.0.0.1:P/ http://0X7F.0x0.0x0.0x1:P/ http://0177.0.0.1:P/ http://017700000001:P/
http://0177.0x0.1:P/ http://127.0.0.01:P/ http://127.000.000.001:P/ http://127.0.0.1.:P/
http://localhost:P/ http://LOCALHOST:P/ http://localhost.:P/ http://a.localhost:P/
http://１２７.0.0.1:P/ http://127。0。0。1:P/ http://①②⑦.⓪.⓪.①:P/ http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:P/
http://[::1]:P/ http://[::]:P/ http://[0:0:0:0:0:0:0:1]:P/ http://[0000::0001]:P/
http://[::ffff:127.0.0.1]:P/ http://[::ffff:7f00:1]:P/ http://[::127.0.0.1]:P/
http://[::ffff:0:127.0.0.1]:P/ http://[64:ff9b::127.0.0.1]:P/ http://[64:ff9b:1::7f00:1]:P/
http://[2002:7f00:1::]:P/ http://[2001:0:7f00:1::]:P/ http://[fe80::5efe:7f00:1]:P/
http://[fe80::1%25lo]:P/ http://[::1%25lo]:P/ http://[fec0::1]:P/ http://[fc00::1]:P/
http://[fd00:ec2::254]/ http://[ff02::1]:P/ http://[100::1]:P/ http://[2001:db8::1]:P/
http://[3fff::1]:P/ http://[5f00::1]:P/ http://[4000::1]:P/
http://10.0.0.1:P/ http://172.16.0.1:P/ http://172.31.255.255:P/ http://192.168.1.1:P/
http://100.64.0.1:P/ http://100.100.100.200/ http://169.254.169.254/ http://169.254.170.2/
http://168.63.129.16/ http://192.0.0.192/ http://192.0.2.1:P/ http://198.18.0.1:P/
http://198.51.100.1:P/ http://203.0.113.1:P/ http://224.0.0.1:P/ http://240.0.0.1:P/
http://255.255.255.255:P/ http://user@127.0.0.1:P/ http://127.0.0.1:P@example.com/
http://example.com@127.0.0.1:P/ http://example.com#@127.0.0.1:P/ http://example.com\\@127.0.0.1:P/
http:/\\127.0.0.1:P/ http:\\\\127.0.0.1:P/ http:///127.0.0.1:P/ http:127.0.0.1:P
https://127.0.0.1:P/ ftp://127.0.0.1:P/ file:///etc/passwd gopher://127.0.0.1:P/_x
unix:///tmp/socket data:text/plain,x javascript:alert(1) //127.0.0.1:P/ http://
http://127.0.0.1:99999/ http://127.0.0.1:-1/ http://127.0.0.1:P%00.example.com/
http://127.0.0.1%2f:P/ http://127.0.0.1%00:P/ http://[127.0.0.1]:P/ http://[::1:P/ http://%31%32%37.0.0.1:P/
http://127.0.0.1\u3002:P/ http://xn--/ http://-/ http://a..b/
""".split()  # noqa: SIM905
)
TRICKS = [
    "http://127.0.0.1:P/ HTTP/1.1\r\nX: y",
    "http://127.0.0.1:P/\n",
    " http://127.0.0.1:P/",
    "http://127.0.0.1\t:P/",
    "http://exa\u00admple@127.0.0.1:P/",
    "http://" + "a" * 300 + ":P/",
]


class Canary(BaseHTTPRequestHandler):
    """Counts every request; answers by its path."""

    def do_GET(self):
        self.server.hits.append((self.path, dict(self.headers)))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path[4:])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        body = b"x" * (int(self.path.partition("size=")[2] or 2))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class V6Server(ThreadingHTTPServer):
    address_family = socket.AF_INET6


class Wire:
    """Two listeners on one port, and how many connections came to either."""

    def __init__(self):
        self.four = ThreadingHTTPServer(("127.0.0.1", 0), Canary)
        self.port = self.four.server_address[1]
        self.servers = [self.four]
        try:
            self.servers.append(V6Server(("::1", self.port), Canary))
        except OSError:
            pytest.skip("no IPv6 loopback here")
        self.hits = []
        for server in self.servers:
            server.hits = self.hits
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()


@pytest.fixture(scope="module")
def wire():
    listening = Wire()
    yield listening
    listening.close()


@pytest.fixture(autouse=True)
def _no_hits_yet(wire, monkeypatch):
    wire.hits.clear()
    monkeypatch.setattr(destinations, "FLOOR_SECONDS", 0.0)


@contextmanager
def opened(port, *, purposes=("webhook",), cidr="127.0.0.1/32", **extra):
    with tenancy.platform_scope(reason="test"):
        rule = OutboundRule.objects.create(
            cidr=cidr, port_from=port, port_to=port, purposes=list(purposes), reason="test", **extra
        )
    yield rule


def loopback(name, port):
    """A resolver without a network: what these tests call `inside` is this machine."""
    return {"inside.example": ["127.0.0.1"], "localhost": ["127.0.0.1"]}.get(name, [])


def test_there_are_enough_spellings():
    assert len({*SPELLINGS, *TRICKS}) >= 60


@pytest.mark.parametrize("spelling", [*SPELLINGS, *TRICKS])
def test_no_spelling_of_an_inner_address_gets_out(wire, spelling):
    with pytest.raises((BlockedAddress, outbound.OutboundFailed)):
        outbound.fetch(
            spelling.replace(":P", f":{wire.port}"), purpose="webhook", resolver=loopback
        )

    assert wire.hits == []


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "1.1.1.1", "172.15.255.255", "172.32.0.1", "100.63.255.255", "2606:4700::1111"],
)
def test_a_public_address_is_public(address):
    assert addresses.refusal(addresses.parse_host(address)) is None


def test_one_inner_address_refuses_the_whole_name(wire):
    def mixed(name, port):
        return ["93.184.216.34", "127.0.0.1"]

    with pytest.raises(BlockedAddress):
        outbound.resolve("mixed.example", wire.port, "webhook", resolver=mixed)


def test_a_name_that_changes_its_address_is_asked_once(wire, monkeypatch):
    answers = iter([["93.184.216.34"], ["127.0.0.1"], ["127.0.0.1"]])
    asked, dialled = [], []

    def rebinding(name, port):
        asked.append(name)
        return next(answers)

    def connect(self, host, port, *_):
        dialled.append(host)
        raise outbound.httpcore.ConnectError("no network in tests")

    monkeypatch.setattr(outbound.httpcore.SyncBackend, "connect_tcp", connect)
    with pytest.raises(outbound.OutboundFailed):
        outbound.fetch(f"http://rebind.example:{wire.port}/", purpose="webhook", resolver=rebinding)

    assert asked == ["rebind.example"]
    assert dialled == ["93.184.216.34"]


def test_a_rule_opens_exactly_its_port_and_purpose(wire):
    url = f"http://inside.example:{wire.port}/"
    with opened(wire.port):
        reply = outbound.fetch(url, purpose="webhook", resolver=loopback)
        assert reply.status == 200

        with pytest.raises(BlockedAddress):
            outbound.fetch(url, purpose="model", resolver=loopback)
        with pytest.raises(BlockedAddress):
            outbound.resolve("inside.example", wire.port + 1, "webhook", resolver=loopback)
    assert wire.hits[0][1]["Host"] == f"inside.example:{wire.port}"


def test_an_expired_rule_opens_nothing(wire):
    with (
        opened(wire.port, expires_at=timezone.now() - timedelta(seconds=1)),
        pytest.raises(BlockedAddress),
    ):
        outbound.resolve("inside.example", wire.port, "webhook", resolver=loopback)


def test_a_rule_of_one_workspace_opens_nothing_to_another(wire, alice, charlie):
    with opened(wire.port, workspace=alice.workspace):
        with tenancy.workspace(alice.workspace.id):
            assert outbound.resolve("inside.example", wire.port, "webhook", resolver=loopback)
        with tenancy.workspace(charlie.workspace.id), pytest.raises(BlockedAddress):
            outbound.resolve("inside.example", wire.port, "webhook", resolver=loopback)


def test_no_rule_opens_the_metadata_service_or_the_platform_itself(settings, wire):
    settings.PUBLIC_URL = f"http://127.0.0.1:{wire.port}"
    with opened(wire.port), pytest.raises(BlockedAddress):
        outbound.resolve("inside.example", wire.port, "webhook", resolver=loopback)
    with opened(80, cidr="169.254.0.0/16"), pytest.raises(BlockedAddress):
        outbound.resolve("169.254.169.254", 80, "webhook", resolver=loopback)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cidr": "0.0.0.0/0"},
        {"cidr": "10.0.0.0/7"},
        {"cidr": "fc00::/31"},
        {"reason": ""},
        {"port_from": 0},
        {"port_from": 90, "port_to": 80},
        {"purposes": []},
        {"purposes": ["anything"]},
    ],
)
def test_a_rule_that_opens_too_much_cannot_be_stored(wrong):
    fields = {
        "cidr": "10.0.0.0/8", "port_from": 80, "port_to": 80, "purposes": ["model"], "reason": "x",
        **wrong,
    }  # fmt: skip
    with pytest.raises((IntegrityError, ValueError)), tenancy.platform_scope(reason="test"):
        OutboundRule.objects.create(**fields)


def test_a_redirect_inward_is_refused(wire):
    with opened(wire.port):
        url = f"http://inside.example:{wire.port}/to/http://127.0.0.2:{wire.port}/secret"
        with pytest.raises(BlockedAddress):
            outbound.fetch(url, purpose="webhook", resolver=loopback)

    assert [path for path, _headers in wire.hits if path == "/secret"] == []


def test_credentials_stay_at_their_origin(wire):
    with opened(wire.port):
        target = f"http://127.0.0.1:{wire.port}/end"
        outbound.fetch(
            f"http://inside.example:{wire.port}/to/{target}",
            purpose="webhook",
            headers={"Authorization": "Bearer x", "X-Mine": "1"},
            resolver=loopback,
        )

    first, second = wire.hits
    assert "Authorization" in first[1]
    assert "Authorization" not in second[1]
    assert second[1]["X-Mine"] == "1"


def test_four_redirects_are_too_many(wire):
    here = f"http://inside.example:{wire.port}"
    with opened(wire.port), pytest.raises(outbound.OutboundFailed):
        outbound.fetch(
            f"{here}/to/{here}/to/{here}/to/{here}/to/{here}/end",
            purpose="webhook",
            resolver=loopback,
        )
    assert len(wire.hits) == 4


def test_a_reply_over_the_cap_is_cut_off(wire):
    with opened(wire.port), pytest.raises(outbound.ReplyTooLarge):
        outbound.fetch(
            f"http://inside.example:{wire.port}/?size=200000",
            purpose="webhook",
            limits=Limits(max_bytes=100_000),
            resolver=loopback,
        )


def test_a_proxy_in_the_environment_is_ignored(wire, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{wire.port}")

    with pytest.raises((BlockedAddress, outbound.OutboundFailed)):
        outbound.fetch("http://unknown.example/", purpose="webhook", resolver=loopback)

    assert wire.hits == []


def test_a_drip_of_bytes_ends_at_the_deadline():
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    stopped = threading.Event()

    def drip():
        with listener.accept()[0] as peer:
            peer.sendall(b"HTTP/1.1 200 OK\r\n")
            while not stopped.wait(0.05):
                try:
                    peer.sendall(b"X-A: b\r\n")
                except OSError:
                    return

    thread = threading.Thread(target=drip, daemon=True)
    thread.start()
    started = timezone.now()
    with opened(port), pytest.raises(outbound.OutboundFailed):
        outbound.fetch(
            f"http://inside.example:{port}/",
            purpose="webhook",
            limits=Limits(seconds=0.5),
            resolver=loopback,
        )
    took = timezone.now() - started
    stopped.set()
    thread.join(2)
    listener.close()
    assert took < timedelta(seconds=5)


def test_an_sdk_gets_a_client_behind_the_same_guard(wire):
    with outbound.client("model", resolver=loopback) as http, pytest.raises(BlockedAddress):
        http.get(f"http://inside.example:{wire.port}/")
    assert wire.hits == []


def test_not_allowed_and_not_there_look_the_same():
    told = []
    for host in ("10.0.0.1", "does-not-exist.example", "0x7f.1"):
        with pytest.raises(BlockedAddress) as refused:
            outbound.resolve(host, 443, "webhook", resolver=loopback)
        told.append((str(refused.value) == host, refused.value.code))
    assert set(told) == {(True, "blocked_address")}


def test_a_refusal_leaves_one_row_an_hour(alice):
    with tenancy.workspace(alice.workspace.id, user_id=alice.user.id):
        for _repeat in range(3):
            with pytest.raises(BlockedAddress):
                outbound.resolve("10.0.0.1", 443, "webhook", resolver=loopback)

        row = AuditLog.objects.get(action="outbound.refused")
        assert row.result == audit.DENIED
        assert row.payload["details"]["reason"] == "10.0.0.1: private"


def test_a_redirect_to_plain_http_is_refused():
    asked = outbound._Wanted("GET", outbound.checked_url("https://a.example/"), {}, None)
    reply = outbound.Reply("https://a.example/", 302, {"location": "http://a.example/"}, b"")

    with pytest.raises(BlockedAddress):
        asked.redirected(reply)


def test_a_body_is_not_carried_to_another_origin():
    asked = outbound._Wanted("POST", outbound.checked_url("https://a.example/"), {}, b"secret")
    reply = outbound.Reply("https://a.example/", 307, {"location": "https://b.example/"}, b"")

    with pytest.raises(BlockedAddress):
        asked.redirected(reply)
