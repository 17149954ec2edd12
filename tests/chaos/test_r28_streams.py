"""A stream that is cut goes on where it stopped: every event once, in order, and one end."""

import json
from contextlib import ExitStack
from dataclasses import dataclass, field

import httpx
import pytest
from django.conf import settings

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(60)]


@dataclass
class Reader:
    """One browser's view of a stream."""

    address: str
    cookies: dict[str, str]
    seen: list[int] = field(default_factory=list)
    ends: int = 0
    snapshots: int = 0

    def read(self, *, cut_after: int = 10**9) -> None:
        """Read until the end, or hang up after that many events."""
        headers = {"Accept": "text/event-stream"}
        if self.seen:
            headers["Last-Event-ID"] = str(self.seen[-1])
        with httpx.stream(
            "GET", self.address, headers=headers, cookies=self.cookies, timeout=30
        ) as reply:
            assert reply.status_code == 200, reply.read()
            name, got = "", 0
            for line in reply.iter_lines():
                if line.startswith("event: "):
                    name = line.removeprefix("event: ")
                elif line.startswith("data: "):
                    got += self._take(name, json.loads(line.removeprefix("data: ")))
                    if name == "end" or got >= cut_after:
                        return

    def _take(self, name: str, data: dict) -> int:
        self.ends += name == "end"
        self.snapshots += name == "snapshot"
        if name == "event":
            self.seen.append(data["seq"])
        return int(name == "event")


def test_cut_at_every_position_nothing_is_missing_or_twice(installation, floor):
    base = installation.web()
    installation.worker(slots=1)
    installation.workers_ready(1)
    cookies = {
        settings.SESSION_COOKIE_NAME: floor.person.client.cookies[
            settings.SESSION_COOKIE_NAME
        ].value
    }
    task = floor.ask("rig.talkative")
    address = f"{base}/api/v1/tasks/{task.id}/stream/"
    live = Reader(address, cookies)
    live.read()
    number = len(floor.events(task))

    cut = Reader(address, cookies)
    while not cut.ends:
        cut.read(cut_after=1)

    assert live.seen == list(range(1, number + 1))
    assert (live.ends, live.snapshots) == (1, 1)
    assert cut.seen == live.seen
    for position in range(number + 1):
        resumed = Reader(address, cookies, seen=list(range(1, position + 1)))
        resumed.read()
        assert resumed.seen == live.seen
        assert resumed.ends == 1


def test_ten_streams_that_wait_leave_two_connections_free(installation, floor):
    base = installation.web(DATABASE_POOL="2")
    session = floor.person.client.cookies[settings.SESSION_COOKIE_NAME].value
    tasks = [floor.ask("rig.echo") for _number in range(10)]
    with (
        ExitStack() as open_streams,
        httpx.Client(
            base_url=base, cookies={settings.SESSION_COOKIE_NAME: session}, timeout=30
        ) as client,
    ):
        for task in tasks:
            stream = client.stream("GET", f"/api/v1/tasks/{task.id}/stream/")
            next(open_streams.enter_context(stream).iter_lines())

        answers = [client.get("/api/v1/me/").status_code for _number in range(10)]

    assert answers == [200] * 10
