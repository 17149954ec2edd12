"""Two tenants on the same two connections: whatever breaks off, no connection carries anybody's rows on."""

import json
import random
import socket
import threading
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from accounts import api_keys, permissions, tenancy
from tests.rig.installation import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]
REQUESTS = 1000
THREADS = 4
LISTS = ("/api/v1/roles/?limit=100", "/api/v1/workspaces/", "/api/v1/projects/", "/api/v1/me/")


def key_of(person):
    """A key with every right in the person's workspace, and a role there that bears the person's name."""
    workspace = person.workspace
    with tenancy.workspace(workspace.id, user_id=person.user.id):
        scopes = permissions.in_workspaces()
        _key, text = api_keys.mint(
            user=person.user,
            workspace_id=workspace.id,
            name="pool",
            scopes=scopes,
            held=scopes,
            expires_at=None,
        )
    return text


class Caller(threading.Thread):
    """Asks in turn as one tenant and the other; sometimes hangs up in the middle, sometimes asks nonsense."""

    def __init__(self, address: str, keys: dict[str, str], seed: int) -> None:
        super().__init__()
        self.place = urlsplit(address)
        self.keys, self.chance = keys, random.Random(seed)
        self.answers, self.aborts, self.refused = 0, 0, 0
        self.faults: list[str] = []

    def run(self) -> None:
        for number in range(REQUESTS // THREADS):
            name = ("alice", "charlie")[number % 2]
            dice = self.chance.random()
            if dice < 0.1:
                self._hang_up(name)
            elif dice < 0.2:
                self._ask(
                    name, self.chance.choice(["/api/v1/roles/?ordering=x", "/api/v1/files/1/"])
                )
            else:
                self._ask(name, self.chance.choice(LISTS))

    def _ask(self, name: str, path: str) -> None:
        connection = HTTPConnection(self.place.hostname or "", self.place.port, timeout=30)
        headers = {"Authorization": f"Bearer {self.keys[name]}"}
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        other = "charlie" if name == "alice" else "alice"
        if response.status >= 500:
            self.faults.append(f"{response.status} {path}")
        elif other in body:
            self.faults.append(f"{name} read of {other} at {path}")
        elif response.status == 200:
            self.answers += 1
            if path in LISTS[1::2] and name not in body:
                self.faults.append(f"{name} did not see their own at {path}")
        else:
            self.refused += 1

    def _hang_up(self, name: str) -> None:
        """Send a write whole or half, and go away before the answer."""
        body = json.dumps({"name": f"{name} {self.chance.random()}"})
        request = (
            f"POST /api/v1/roles/ HTTP/1.1\r\nHost: {self.place.netloc}\r\n"
            f"Authorization: Bearer {self.keys[name]}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}"
        ).encode()
        with socket.create_connection((self.place.hostname, self.place.port), 5) as line:
            line.sendall(request[: self.chance.choice([len(request), len(request) // 2])])
        self.aborts += 1


def test_a_thousand_requests_of_two_tenants_on_two_connections(installation, floor, other_floor):
    keys = {"alice": key_of(floor.person), "charlie": key_of(other_floor.person)}
    address = installation.web(DATABASE_POOL="2")
    wait_until(lambda: _answers(address), seconds=30)

    callers = [Caller(address, keys, seed) for seed in range(THREADS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

    assert not [fault for caller in callers for fault in caller.faults][:10]
    assert sum(caller.answers for caller in callers) > REQUESTS * 0.7
    assert sum(caller.aborts for caller in callers) > REQUESTS * 0.05
    assert sum(caller.refused for caller in callers) > REQUESTS * 0.05
    used = installation.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        " AND application_name = 'taishang-taishang_app' AND pid <> pg_backend_pid()",
        [installation.database],
    )
    # The test's own connection stands beside the two of the pool.
    assert 1 <= used[0][0] <= 2 + 1


def _answers(address: str) -> bool:
    place = urlsplit(address)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
