"""Redis killed, frozen, full, locked or flapping: everything works, nobody is signed out, what ended stays ended."""

import contextvars
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from django.conf import settings

from accounts import breaker
from accounts import cache as caching
from accounts.cache import Link
from tests import factories
from tests.rig.installation import wait_until
from tests.rig.valkey import Valkey

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]
_number = itertools.count()


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


@pytest.fixture
def people(installation) -> tuple[factories.Person, factories.Person]:
    """An owner and an editor in her workspace, whom no other test knows."""
    number = next(_number)
    owner = factories.person(f"owner{number}x{id(installation)}")
    return owner, factories.colleague(f"editor{number}x{id(installation)}", of=owner, role="editor")


@pytest.fixture
def is_well(base) -> Callable[[], bool]:
    """Whether the server says of its Redis that it is there."""
    olga = _browser(base, factories.person(f"olga{next(_number)}x{id(base)}", staff=True))
    return lambda: olga.get("/readyz").json()["checks"]["cache"] == "ok"


class Program:
    """Somebody's program: signs in, and remembers every answer's status."""

    def __init__(self, base: str, person: factories.Person) -> None:
        self.client = httpx.Client(base_url=base, timeout=20)
        self.seen: list[int] = []
        body = {"login": person.user.username, "password": factories.PASSWORD}
        self.pair = self.call("POST", "/api/v1/auth/token/", json=body).json()
        self.client.headers["Authorization"] = f"Bearer {self.pair['access']}"
        self.client.headers["X-Workspace-Id"] = str(person.workspace.id)

    def call(self, method: str, path: str, **extra) -> httpx.Response:
        answer = self.client.request(method, path, **extra)
        self.seen.append(answer.status_code)
        return answer


@contextmanager
def flapping(valkey: Valkey) -> Iterator[None]:
    """A second there, a second gone, and so on."""
    over = threading.Event()

    def flap() -> None:
        while not over.wait(1):
            valkey.kill()
            if over.wait(1):
                break
            valkey.start()

    thread = threading.Thread(target=flap)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        valkey.kill()


def _frozen(valkey: Valkey) -> Iterator[None]:
    valkey.freeze()
    yield
    valkey.thaw()


def _full(valkey: Valkey) -> Iterator[None]:
    valkey.fill()
    yield
    valkey.client.config_set("maxmemory", "0")


def _killed(valkey: Valkey) -> Iterator[None]:
    valkey.kill()
    yield
    valkey.start()


def _locked(valkey: Valkey) -> Iterator[None]:
    valkey.lock()
    yield
    valkey.kill()
    valkey.start()


def _flapping(valkey: Valkey) -> Iterator[None]:
    with flapping(valkey):
        yield
    valkey.start()


OUTAGES: list[Callable[[Valkey], Iterator[None]]] = [_killed, _frozen, _full, _locked, _flapping]


@pytest.mark.parametrize("outage", OUTAGES, ids=lambda outage: outage.__name__.strip("_"))
def test_everything_works_and_what_ended_stays_ended(base, valkey, people, is_well, outage):
    alice, bob = people
    hers, his, lost = Program(base, alice), Program(base, bob), Program(base, bob)
    browser = _browser(base, bob)
    assert browser.get("/security/").status_code == 200
    keys = {"name": "k", "scopes": ["workspace.view"]}
    assert his.call("POST", "/api/v1/api-keys/", json=keys).status_code == 201

    with contextmanager(outage)(valkey):
        _work(hers)
        refreshed = his.call(
            "POST", "/api/v1/auth/token/refresh/", json={"refresh": his.pair["refresh"]}
        )
        assert refreshed.status_code == 200
        assert browser.get("/security/").status_code == 200
        _make_viewer(hers, bob)
        assert his.call("POST", "/api/v1/api-keys/", json=keys).status_code == 403
        hers_ended = f"/api/v1/me/sessions/{lost.pair['session_id']}/"
        assert his.call("DELETE", hers_ended).status_code == 204
        assert lost.call("GET", "/api/v1/me/").status_code == 401
        Program(base, alice)

    wait_until(is_well, seconds=12)
    assert his.call("POST", "/api/v1/api-keys/", json=keys).status_code == 403
    assert lost.call("GET", "/api/v1/me/").status_code == 401
    assert browser.get("/security/").status_code == 200
    _work(hers)
    assert not [status for status in hers.seen + his.seen + lost.seen if status >= 500]


def test_it_is_back_within_five_seconds(base, valkey, people, is_well):
    hers = Program(base, people[0])
    valkey.kill()
    _work(hers)
    wait_until(lambda: not is_well(), seconds=5)

    valkey.start()

    assert wait_until(is_well, seconds=10) <= 5


def test_a_session_changed_meanwhile_is_not_read_from_redis_afterwards(
    base, valkey, people, is_well
):
    """Frozen, not killed: the older copy is still there when it wakes up."""
    _alice, bob = people
    browser = _browser(base, bob)
    browser.get("/security/")
    own = factories.own_workspace(bob)
    assert own.name not in _keys_title(browser)

    valkey.freeze()
    form = {"workspace": own.id, "csrfmiddlewaretoken": browser.cookies["csrf"]}
    assert browser.post("/workspaces/switch/", data=form).status_code == 302
    assert own.name in _keys_title(browser)
    valkey.thaw()
    wait_until(is_well, seconds=12)

    assert own.name in _keys_title(browser)


def test_three_failures_in_a_row_open_the_breaker(valkey):
    link = Link(valkey.url)
    assert link.attempt(lambda client: client.ping(), None)
    valkey.freeze()
    started = time.perf_counter()

    def calls() -> None:
        for _call in range(20):
            assert link.attempt(lambda client: client.ping(), "absent") == "absent"

    contextvars.Context().run(calls)

    assert time.perf_counter() - started <= 4 * caching.CALL_SECONDS
    assert link.breaker.is_open


def test_slow_answers_cost_one_request_a_quarter_of_a_second(valkey):
    link = Link(valkey.url)
    breaker.start_budget()

    def slow(client):
        time.sleep(0.04)
        return client.ping()

    answered = [link.attempt(slow, None) for _call in range(20)]

    assert 5 <= answered.count(True) <= 7
    assert link.breaker.is_open


def test_a_write_that_was_missed_raises_the_epoch(installation, valkey):
    link = Link(valkey.url)
    link.epoch = 1
    valkey.kill()
    for _call in range(3):
        link.attempt(lambda client: client.set("k", "v"), None, writes=True)

    valkey.start()
    wait_until(lambda: not link.breaker.is_open, seconds=8)

    assert link.epoch > 1


def _work(program: Program) -> None:
    """What people do: read, list, write, look at limits."""
    assert program.call("GET", "/api/v1/me/").status_code == 200
    assert program.call("GET", "/api/v1/workspaces/").status_code == 200
    assert program.call("GET", "/api/v1/tasks/").status_code == 200
    assert program.call("GET", "/api/v1/limits/").status_code == 200
    size = {"editor_font_size": 12 + len(program.seen) % 10}
    assert program.call("PATCH", "/api/v1/me/settings/", json=size).status_code == 200
    read = program.call("GET", "/api/v1/me/settings/").json()
    assert read["editor_font_size"] == size["editor_font_size"]


def _make_viewer(owner: Program, member: factories.Person) -> None:
    path = f"/api/v1/workspaces/{member.workspace.id}/members/{member.user.id}/"
    roles = owner.call("GET", "/api/v1/roles/?limit=100").json()["results"]
    viewer = next(role["id"] for role in roles if role["key"] == "viewer")
    tag = owner.call("GET", path).headers["ETag"]
    changed = owner.call("PATCH", path, json={"roles": [viewer]}, headers={"If-Match": tag})
    assert changed.status_code == 200


def _browser(base: str, person: factories.Person) -> httpx.Client:
    name = settings.SESSION_COOKIE_NAME
    client = httpx.Client(base_url=base, timeout=20, follow_redirects=False)
    client.cookies.set(name, person.client.cookies[name].value)
    return client


def _keys_title(browser: httpx.Client) -> str:
    page = browser.get("/security/")
    assert page.status_code == 200
    return page.text.partition('id="keys-title-page">')[2].partition("<")[0]
