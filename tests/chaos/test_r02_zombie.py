"""A worker that slept beyond its lease wakes up and finds that its writes no longer count."""

import signal

import pytest

from taishang.models import Task
from tests.rig.installation import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(60)]


def test_a_worker_frozen_beyond_its_lease_changes_nothing(installation, floor, tmp_path):
    sleeper = installation.worker(slots=2)
    installation.workers_ready(1)
    payload = {"milliseconds": 1500, "ledger": str(tmp_path)}
    tasks = [floor.ask("rig.effect", payload) for _number in range(2)]
    wait_until(lambda: _running(floor) == 2, seconds=10)

    sleeper.signal_all(signal.SIGSTOP)
    frozen = set(installation.execute("SELECT lease_owner FROM tai_tasks"))
    installation.worker(slots=2)
    wait_until(lambda: _running(floor) == 0 and _succeeded(floor) == 2, seconds=30)
    sleeper.signal_all(signal.SIGCONT)
    follow_up = floor.ask("rig.echo", {"value": 1})
    wait_until(lambda: not floor.now(follow_up).is_live, seconds=10)
    # The zombie's own slots have had time for every write they had in mind.
    wait_until(lambda: _calls(tmp_path) >= 4, seconds=10)

    assert frozen, "nothing was frozen"
    assert installation.execute("SELECT count(*) FROM rig_effects") == [(2,)]
    for task in tasks:
        assert floor.events(task) == ["enqueued", "claimed", "rescued", "claimed", "succeeded"]


def _running(floor) -> int:
    with floor.inside():
        return Task.objects.filter(state="running").count()


def _succeeded(floor) -> int:
    with floor.inside():
        return Task.objects.filter(state="succeeded").count()


def _calls(folder) -> int:
    file = folder / "calls"
    return len(file.read_text().splitlines()) if file.exists() else 0
