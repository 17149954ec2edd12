"""The badge rises wherever somebody looks, also without Redis, and waiting costs the database nothing."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from django.conf import settings

from laojun.notifications import sending
from tests.rig.installation import wait_until
from tests.rig.valkey import Valkey

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]
STREAM = "/api/v1/notifications/stream/"


@pytest.fixture
def valkey(tmp_path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def base(installation, valkey) -> Iterator[str]:
    installation.redis = valkey.url
    yield installation.web()
    installation.stop_all()
    installation.redis = ""


class Tab:
    """One browser tab: what its stream said, and when."""

    def __init__(self) -> None:
        self.badges: list[dict] = []
        self.over = threading.Event()

    @property
    def unread(self) -> int:
        return self.badges[-1]["unread"] if self.badges else -1

    def listen(self, address: str, cookies: dict[str, str]) -> None:
        headers = {"Accept": "text/event-stream"}
        with httpx.stream("GET", address, headers=headers, cookies=cookies, timeout=30) as reply:
            for line in reply.iter_lines():
                if line.startswith("data: "):
                    self.badges.append(json.loads(line.removeprefix("data: ")))
                if self.over.is_set():
                    return


@contextmanager
def tabs(base: str, person, count: int) -> Iterator[list[Tab]]:
    name = settings.SESSION_COOKIE_NAME
    cookies = {name: person.client.cookies[name].value}
    found = [Tab() for _number in range(count)]
    for tab in found:
        threading.Thread(target=tab.listen, args=(f"{base}{STREAM}", cookies), daemon=True).start()
    wait_until(lambda: all(tab.badges for tab in found), seconds=15)
    yield found
    for tab in found:
        tab.over.set()


def tell(bench) -> None:
    sending.notify(user=bench.person.user, type="activated", params={})


def test_two_tabs_hear_of_a_task_that_ended_within_two_seconds(base, installation, floor):
    installation.worker(slots=1)
    installation.workers_ready(1)
    with tabs(base, floor.person, 2) as both:
        before = both[0].unread
        task = floor.ask("rig.told", {"seconds": 0.1})
        wait_until(lambda: floor.now(task).state == "succeeded", seconds=20)

        took = wait_until(lambda: [tab.unread for tab in both] == [before + 1] * 2, seconds=10)

    assert took < 2


def test_without_redis_they_hear_of_it_within_ten_seconds(base, valkey, floor):
    with tabs(base, floor.person, 2) as both:
        before = both[0].unread
        valkey.kill()
        tell(floor)

        took = wait_until(lambda: [tab.unread for tab in both] == [before + 1] * 2, seconds=20)

    assert took < 10


def test_tabs_that_wait_hold_no_connection(base, installation, floor):
    held = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND state LIKE 'idle in%%'"
        " OR (datname = %s AND state = 'active' AND application_name = 'taishang-taishang_app')"
    )
    with tabs(base, floor.person, 15):
        time.sleep(2)
        looks = []
        for _look in range(20):
            looks.append(installation.execute(held, [installation.database] * 2)[0][0])
            time.sleep(0.1)

    assert sorted(looks)[len(looks) // 2] == 0, looks


def test_nobody_takes_all_the_places(base, floor):
    with tabs(base, floor.person, 20):
        name = settings.SESSION_COOKIE_NAME
        cookies = {name: floor.person.client.cookies[name].value}
        answer = httpx.get(f"{base}{STREAM}", cookies=cookies, timeout=10)

    assert answer.status_code == 429
    assert answer.json()["code"] == "too_many_streams"
