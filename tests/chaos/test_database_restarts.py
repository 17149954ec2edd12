"""PostgreSQL restarted under load: nothing acknowledged is lost, nothing happens twice, and only 503 is said."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import httpx
import pytest
from django.conf import settings
from django.db import connections

from accounts import tenancy
from accounts.models import Role
from tests import factories
from tests.rig.installation import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]
WRITERS, WRITES = 4, 40
TRY_AGAIN = {503, 409}


class Writer:
    """Somebody who makes forty roles, each with a key of its own, and repeats what was not answered."""

    def __init__(self, base: str, person: factories.Person) -> None:
        self.person = person
        self.client = httpx.Client(base_url=base, timeout=30)
        body = {"login": person.user.username, "password": factories.PASSWORD}
        signed_in = self.client.post("/api/v1/auth/token/", json=body).json()
        self.headers = {
            "Authorization": f"Bearer {signed_in['access']}",
            "X-Workspace-Id": str(person.workspace.id),
        }
        self.seen: Counter[int] = Counter()
        self.acknowledged: dict[str, float] = {}
        self.refused_at: list[float] = []

    def run(self) -> None:
        for number in range(WRITES):
            self._make(f"role {number}", str(uuid4()))
            time.sleep(0.05)

    def _make(self, name: str, key: str) -> None:
        headers = {**self.headers, "Idempotency-Key": key}
        body = {"name": name, "permissions": ["workspace.view"]}
        while True:
            answer = self.client.post("/api/v1/roles/", json=body, headers=headers)
            self.seen[answer.status_code] += 1
            if answer.status_code not in TRY_AGAIN:
                assert answer.status_code == 201, answer.text
                self.acknowledged[name] = time.monotonic()
                return
            assert answer.headers.get("Retry-After")
            self.refused_at.append(time.monotonic())
            time.sleep(0.1)


def test_a_crash_loses_nothing_and_doubles_nothing(installation):
    base = installation.web()
    people = [factories.person(f"writer{n}x{id(installation)}") for n in range(WRITERS)]
    writers = [Writer(base, person) for person in people]
    up_again: list[float] = []

    with ThreadPoolExecutor(WRITERS) as pool:
        running = [pool.submit(writer.run) for writer in writers]
        _until_some(writers, 20)
        for connection in connections.all():
            connection.close()
        _crash_and_start()
        up_again.append(time.monotonic())
        for one in running:
            one.result()

    seen = sum((writer.seen for writer in writers), Counter())
    assert set(seen) <= {201, *TRY_AGAIN}, seen
    for writer in writers:
        with tenancy.workspace(writer.person.workspace.id, user_id=writer.person.user.id):
            made = Counter(Role.objects.filter(is_system=False).values_list("name", flat=True))
        assert made == dict.fromkeys((f"role {n}" for n in range(WRITES)), 1)
    # Full service: five seconds after the database is back, nothing is refused any more.
    assert not [at for writer in writers for at in writer.refused_at if at > up_again[0] + 5]
    assert max(max(writer.acknowledged.values()) for writer in writers) > up_again[0]


def _until_some(writers: list[Writer], count: int) -> None:
    wait_until(lambda: sum(len(writer.acknowledged) for writer in writers) >= count, seconds=60)


def _crash_and_start() -> None:
    """As when the machine loses power, and comes back."""
    settings.SERVERS._pg_ctl("stop", "-m", "immediate")
    settings.SERVERS.ensure()
