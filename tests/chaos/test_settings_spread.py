"""A setting changed in one process is obeyed by the others: at the next request with Redis, soon without it."""

import os
import re
import time
from collections.abc import Iterator

import httpx
import pytest

from tests import factories
from tests.chaos.test_redis_away import Program
from tests.rig.installation import wait_until
from tests.rig.valkey import Valkey
from tests.taishang.conftest import Bench

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]
SIZE = "storage.max_file_size"
LIMIT = re.compile(r'data-max-bytes="(\d+)"')
# A thousand take a minute: SETTINGS_TRIALS=1000.
TRIALS = int(os.environ.get("SETTINGS_TRIALS", "20"))


@pytest.fixture
def valkey(tmp_path) -> Iterator[Valkey]:
    server = Valkey(tmp_path)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def ada(installation) -> factories.Person:
    return factories.person(f"ada{time.monotonic_ns()}")


@pytest.fixture
def webs(installation, valkey, ada) -> Iterator[tuple["Window", "Window"]]:
    installation.redis = valkey.url
    yield Window(installation.web(), ada), Window(installation.web(), ada)
    installation.stop_all()
    installation.redis = ""


class Window:
    """Ada at one web process: a program that writes, and a page that shows what is in force there."""

    def __init__(self, base: str, person: factories.Person) -> None:
        self.program = Program(base, person)
        self.page = httpx.Client(base_url=base, timeout=20)
        self.page.cookies.set("session", person.client.session.session_key)

    def change(self, value: int) -> None:
        wish = {"changes": [{"key": SIZE, "value": value}], "conflict": "last_write_wins"}
        assert self.program.call("PATCH", "/api/v1/configs/", json=wish).status_code == 200

    def sees(self) -> int:
        found = LIMIT.search(self.page.get("/files/").text)
        assert found, "the page of files shows the limit"
        return int(found[1])


def test_the_next_request_of_another_process_obeys(webs):
    first, second = webs
    for number in range(TRIALS):
        writer, reader = (first, second) if number % 2 else (second, first)
        reader.sees()
        writer.change(4096 + number)

        assert reader.sees() == 4096 + number


def test_without_redis_a_change_is_obeyed_within_five_seconds(webs, valkey):
    first, second = webs
    second.sees()
    valkey.kill()
    first.change(5001)

    assert wait_until(lambda: second.sees() == 5001, seconds=5) < 5


def test_a_change_made_without_redis_holds_when_it_is_back_from_before(webs, valkey):
    first, second = webs
    first.change(6001)
    second.sees()
    valkey.freeze()
    first.change(6002)
    valkey.thaw()

    wait_until(lambda: second.sees() == 6002, seconds=5)


def test_a_worker_obeys_too(webs, installation, ada):
    bench = Bench(ada)
    installation.worker(slots=1)
    installation.workers_ready(1)
    for value in (7001, 7002):
        webs[0].change(value)
        task = bench.ask("rig.setting", {"key": SIZE})
        wait_until(lambda task=task: bench.now(task).state == "succeeded", seconds=20)

        assert bench.now(task).result == {"value": value}
