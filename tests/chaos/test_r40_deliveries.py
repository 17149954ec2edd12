"""Events reach a receiver that fails and sleeps, while the processes that send them are killed."""

import os
import random
import threading
import time

import pytest

from accounts import tenancy
from laojun.models import PluginDelivery
from laojun.plugins import events
from tests.laojun.plugins import making
from tests.laojun.plugins.making import Author, signed
from tests.laojun.plugins.plugged import open_loopback, receiving, secret
from tests.rig.installation import wait_until

EVENTS = int(os.environ.get("R40_EVENTS", "40"))
LONGEST_NAP = float(os.environ.get("R40_NAP", "0.4"))
WORKERS = int(os.environ.get("R40_WORKERS", "2"))
KILLS = int(os.environ.get("R40_KILLS", "4"))
KILL_EVERY = float(os.environ.get("R40_KILL_EVERY", "2"))
PATIENCE = float(os.environ.get("R40_PATIENCE", "150"))
LEASE = os.environ.get("R40_LEASE", "3")
FAILING = 0.05
HOST = "receiver.rig.test"
PERMISSIONS = ("event:notification", f"net:{HOST}")
pytestmark = [pytest.mark.chaos, pytest.mark.timeout(int(PATIENCE) + 60)]


class Flaky:
    """A receiver that fails one time in twenty and takes its time; ids it took in are told."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.taken: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, request) -> tuple[int, dict, bytes]:
        with self.lock:
            fails, nap = self.chance.random() < FAILING, self.chance.uniform(0, LONGEST_NAP)
        time.sleep(nap)
        if fails:
            return 500, {}, b""
        with self.lock:
            self.taken.append(request["headers"]["webhook-id"])
        return 204, {}, b""


def test_every_event_arrives_however_often_its_senders_die(installation, floor):
    seed = int(os.environ.get("SEED", time.time_ns() % 10**9))
    flaky, key = Flaky(seed), secret()
    workspace = floor.person.workspace
    with receiving(flaky) as receiver:
        open_loopback(receiver.port)
        author = Author()
        author.trusted(workspace_id=workspace.pk)
        package = signed(
            author,
            f"sink{seed}",
            hooks=[{"hook": "event.sink", "hook_version": 1}],
            permissions=list(PERMISSIONS),
        )
        making.used(
            floor.person,
            making.private(floor.person, package),
            config={"endpoint": f"http://{HOST}:{receiver.port}/", "signing_secret": key},
            permissions=list(PERMISSIONS),
            enabled=True,
        )
        with tenancy.workspace(workspace.pk):
            for number in range(EVENTS):
                events.emit("notification.created", data={"id": str(number), "title": "hello"})
        _killing_until(installation, lambda: len(set(flaky.taken)) == EVENTS)

        assert len(set(receiver.verified(key))) == EVENTS, f"seed {seed}"
        with tenancy.workspace(workspace.pk):
            told = PluginDelivery.objects.values_list("event_id", flat=True)
            assert {str(event) for event in told} == set(flaky.taken), f"seed {seed}"


def _killing_until(installation, done) -> None:
    """Workers at work; so many times one of them is killed two seconds after it has begun."""
    stop = threading.Event()

    def start():
        return installation.worker(slots=1, DELIVERY_LEASE_SECONDS=LEASE)

    def has_begun(worker) -> bool:
        return bool(
            installation.execute("SELECT pid FROM tai_workers WHERE pid = %s", [worker.pid])
        )

    def kill() -> None:
        chance = random.Random(1)
        workers = [start() for _number in range(WORKERS)]
        for _kill in range(KILLS):
            victim = chance.choice(workers)
            while not has_begun(victim) and not stop.wait(0.2):
                pass
            if not stop.wait(KILL_EVERY):
                victim.kill()
                workers[workers.index(victim)] = start()

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        wait_until(done, seconds=PATIENCE)
    finally:
        stop.set()
        killer.join()
