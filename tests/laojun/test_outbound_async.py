"""Asynchronous callers get out through the same guard."""

import asyncio
from contextlib import contextmanager

import httpcore2
import httpx2
import pytest

from accounts import tenancy
from laojun import destinations, outbound_async
from laojun.models import OutboundRule
from laojun.outbound import BlockedAddress
from tests import factories
from tests.upstream import Upstream

pytestmark = pytest.mark.usefixtures("committed")
BODY = {"model": "ok", "stream": True}


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as running:
        yield running


@pytest.fixture(autouse=True)
def _fresh(upstream, monkeypatch):
    upstream.forget()
    monkeypatch.setattr(destinations, "FLOOR_SECONDS", 0.0)


@contextmanager
def opened(port, **extra):
    fields = {"cidr": "127.0.0.1/32", "port_from": port, "port_to": port, "reason": "test"}
    with tenancy.platform_scope(reason="test"):
        rule = OutboundRule.objects.create(purposes=["model"], **fields, **extra)
    yield rule
    with tenancy.platform_scope(reason="test"):
        rule.delete()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "10.0.0.1", "169.254.169.254"],
)
def test_no_inner_address_gets_out(upstream, host):
    async def ask():
        async with outbound_async.opened("model") as http:
            await http.get(f"http://{host}:{upstream.port}/v1/models")

    with pytest.raises((BlockedAddress, httpx2.InvalidURL)):
        asyncio.run(ask())

    assert upstream.connections == 0


def test_a_name_that_changes_its_address_is_asked_once(monkeypatch):
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])
    asked, dialled = [], []

    def rebinding(name, port):
        asked.append(name)
        return next(answers)

    async def connect(self, host, port, *_, **__):
        dialled.append(host)
        raise httpcore2.ConnectError("no network in tests")

    async def ask():
        async with outbound_async.opened("model", resolver=rebinding) as http:
            await http.get("http://rebind.example/")

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connect)
    with pytest.raises(httpx2.ConnectError):
        asyncio.run(ask())

    assert (asked, dialled) == (["rebind.example"], ["93.184.216.34"])


def test_what_one_workspace_opened_is_no_way_out_for_another(upstream):
    alice, charlie = factories.person("alice"), factories.person("charlie")
    url = f"{upstream.url}/models"

    async def ask(person):
        context = tenancy.Context(person.user.id, person.workspace.id)
        with tenancy.adopted(context):
            return await outbound_async.client("model").get(url)

    async def both():
        assert (await ask(alice)).status_code == 200
        assert (await ask(alice)).status_code == 200
        with pytest.raises(BlockedAddress):
            await ask(charlie)
        await outbound_async.close_all()

    with opened(upstream.port, workspace=alice.workspace):
        asyncio.run(both())

    assert upstream.connections == 1


def test_an_answer_left_unread_takes_its_connection_with_it(upstream):
    async def ask():
        async with outbound_async.opened("model") as http:
            url = f"{upstream.url}/chat/completions"
            for _time in range(2):
                async with http.stream("POST", url, json={**BODY, "model": "drip"}) as answer:
                    await anext(answer.aiter_bytes())
            for _time in range(2):
                assert (await http.post(url, json=BODY)).status_code == 200

    with opened(upstream.port):
        asyncio.run(ask())

    assert upstream.connections == 3


def test_redirects_are_answers(upstream):
    async def ask():
        async with outbound_async.opened("model") as http:
            return await http.post(f"{upstream.url}/embeddings", json={"model": "redirect"})

    with opened(upstream.port):
        assert asyncio.run(ask()).status_code == 302


def test_an_answer_is_capped(upstream):
    async def ask():
        caps = outbound_async.Caps(max_bytes=10_000)
        async with outbound_async.opened("model", caps=caps) as http:
            await http.post(f"{upstream.url}/chat/completions", json={**BODY, "model": "huge-line"})

    with opened(upstream.port), pytest.raises(outbound_async.ReplyTooLarge):
        asyncio.run(ask())


def test_a_client_under_way_is_never_dropped_for_newer_ones(upstream, monkeypatch):
    monkeypatch.setattr(outbound_async, "MAX_KEPT", 1)

    async def ask():
        with tenancy.adopted(tenancy.Context(workspace_id=1)):
            url = f"{upstream.url}/chat/completions"
            first = outbound_async.client("model")
            async with first.stream("POST", url, json={**BODY, "model": "drip"}) as answer:
                parts = answer.aiter_bytes()
                await anext(parts)
                for other in (2, 3):
                    with tenancy.adopted(tenancy.Context(workspace_id=other)):
                        outbound_async.client("model")
                assert outbound_async.client("model") is first
                await anext(parts)
        await outbound_async.close_all()

    with opened(upstream.port):
        asyncio.run(ask())
