"""Streams: framing, heartbeats, resumption, one end, and nobody listens after losing access."""

import asyncio

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.db import connection
from django.test import RequestFactory

from accounts import tenancy
from accounts.authentication import Principal
from accounts.models import Membership
from accounts.tenancy import Context
from accounts.web import streams
from accounts.web.streams import Event
from tests import factories


def request_of(person, **headers):
    request = RequestFactory().get("/", headers=headers)
    context = Context(user_id=person.user.id, workspace_id=person.workspace.id)
    request.principal = Principal(
        user=person.user, workspace_id=person.workspace.id, context=context
    )
    return request


def frames(request, source, *, enough=50):
    async def read():
        found = []
        async for chunk in streams.stream(request, source).streaming_content:
            found.append(chunk.decode())
            if len(found) >= enough:
                break
        return found

    return async_to_sync(read)()


@pytest.fixture
def ada(committed):
    return factories.person("ada")


def test_events_are_framed_and_the_terminal_one_is_the_last(ada):
    async def source(_seen):
        yield Event("progress", {"text": "a\nb"}, id="1")
        yield Event("end", {"state": "done"}, id="2", terminal=True)
        yield Event("never")

    assert frames(request_of(ada), source)[1:] == [
        'id: 1\nevent: progress\ndata: {"text":"a\\nb"}\n\n',
        'id: 2\nevent: end\ndata: {"state":"done"}\n\n',
    ]


def test_a_source_learns_what_the_client_has_seen(ada):
    async def source(seen):
        yield Event("end", {"seen": seen}, terminal=True)

    assert '"seen":"41"' in frames(request_of(ada, **{"Last-Event-ID": "41"}), source)[-1]


@pytest.mark.parametrize("failure", [None, RuntimeError("canary")])
def test_a_source_that_ends_badly_still_gets_one_end(ada, failure):
    async def source(_seen):
        yield Event("progress")
        if failure:
            raise failure

    last = frames(request_of(ada), source)[-1]

    assert last.startswith("event: error" if failure else "event: end")
    assert "canary" not in last


def test_a_silent_stream_beats_and_holds_no_connection(ada, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.01)
    held = []

    async def source(_seen):
        held.append(await sync_to_async(lambda: connection.connection)())
        await asyncio.sleep(60)
        yield Event("never")

    found = frames(request_of(ada), source, enough=4)

    assert found[1:] == [": still here\n\n"] * 3
    assert held == [None]


def test_whoever_is_removed_stops_receiving(ada, monkeypatch):
    monkeypatch.setattr(streams, "HEARTBEAT_SECONDS", 0.01)
    monkeypatch.setattr(streams, "MEMBERSHIP_SECONDS", 0.0)
    bert = factories.colleague("bert", of=ada, role="viewer")
    with tenancy.workspace(ada.workspace.id, user_id=ada.user.id):
        Membership.objects.filter(user=bert.user).delete()

    async def source(_seen):
        await asyncio.sleep(60)
        yield Event("never")

    assert frames(request_of(bert), source)[-1] == 'event: end\ndata: {"code":"not_found"}\n\n'


def test_a_member_keeps_receiving(ada, monkeypatch):
    monkeypatch.setattr(streams, "MEMBERSHIP_SECONDS", 0.0)

    async def source(_seen):
        yield Event("progress")
        yield Event("end", terminal=True)

    assert len(frames(request_of(ada), source)) == 3


def test_short_transactions_run_as_the_person(ada):
    request = request_of(ada)

    async def source(_seen):
        count = await streams.in_transaction(request.principal, Membership.objects.count)
        yield Event("end", {"members": count}, terminal=True)

    assert '"members":1' in frames(request, source)[-1]
