"""One key is one effect: under two hundred parallel requests, and when the server dies between effect and reply."""

import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from tests.factories import PASSWORD
from tests.rig.installation import wait_until
from tests.rig.middleware import HEADER

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]
PARALLEL = 200
LANES = 25
ROLES = "/api/v1/roles/"


@contextmanager
def client_of(address: str, person) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as made:
        signed_in = made.post(
            "/api/v1/auth/token/", json={"login": person.user.username, "password": PASSWORD}
        )
        made.headers["Authorization"] = f"Bearer {signed_in.json()['access']}"
        made.headers["X-Workspace-Id"] = str(person.workspace.id)
        yield made


def make_role(client: httpx.Client, name: str, key: str, **headers: str) -> httpx.Response:
    return client.post(ROLES, json={"name": name}, headers={"Idempotency-Key": key, **headers})


def count(installation, name: str) -> int:
    return installation.execute("SELECT count(*) FROM accounts_roles WHERE name = %s", [name])[0][0]


def test_two_hundred_parallel_posts_with_one_key(installation, floor, other_floor):
    address, name = installation.web(), secrets.token_hex(6)
    with client_of(address, floor.person) as client, ThreadPoolExecutor(LANES) as pool:
        replies = list(pool.map(lambda _n: make_role(client, name, "one"), range(PARALLEL)))
        late = make_role(client, name, "one")
        other_body = make_role(client, f"{name}x", "one")
    with client_of(address, other_floor.person) as stranger:
        unrelated = make_role(stranger, f"{name}y", "one")

    assert {reply.status_code for reply in replies} <= {201, 409}
    assert {reply.json()["code"] for reply in replies if reply.status_code == 409} <= {
        "idempotency_in_progress"
    }
    bodies = {reply.content for reply in [*replies, late] if reply.status_code == 201}
    assert len(bodies) == 1
    assert late.headers["Idempotent-Replayed"] == "true"
    assert other_body.json()["code"] == "idempotency_mismatch"
    assert unrelated.status_code == 201
    assert "Idempotent-Replayed" not in unrelated.headers
    assert count(installation, name) == 1


def test_a_server_killed_between_commit_and_reply_replays(installation, floor):
    name, key = secrets.token_hex(6), secrets.token_hex(6)
    address = installation.web()
    with client_of(address, floor.person) as client, ThreadPoolExecutor(1) as pool:
        lost = pool.submit(make_role, client, name, key, **{HEADER: "30"})
        wait_until(lambda: count(installation, name) == 1, seconds=20)
        installation.stop_all()
        assert isinstance(lost.exception(timeout=30), httpx.TransportError)

    with client_of(installation.web(), floor.person) as client:
        again = make_role(client, name, key)

    assert again.status_code == 201
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.json()["name"] == name
    assert count(installation, name) == 1
