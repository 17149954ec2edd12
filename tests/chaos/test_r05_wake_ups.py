"""Work starts when its transaction commits, however the wake-up fares."""

import os
import random
import subprocess
import sys

import pytest
from django.db import transaction

from taishang import queue
from taishang.models import Task
from tests.chaos.conftest import states
from tests.rig.installation import ROOT, wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(60)]
DIE_BEFORE_WAKING = """
import os, sys
import django
django.setup()
from accounts import tenancy
from taishang import queue
queue.wake = lambda name: os.kill(os.getpid(), 9)
with tenancy.workspace(int(sys.argv[1])):
    queue.enqueue(kind="rig.echo", payload={"value": 5}, workspace=int(sys.argv[1]))
"""


def test_rolled_back_work_never_runs_and_committed_work_always_does(installation, floor):
    installation.worker(slots=2)
    installation.workers_ready(1)
    chance = random.Random(5)
    kept = 0

    for _number in range(200):
        roll_back = chance.random() < 0.5
        kept += not roll_back
        with transaction.atomic():
            floor.ask("rig.echo", {"value": int(roll_back)})
            transaction.set_rollback(roll_back)

    wait_until(lambda: states(floor) == {"succeeded": kept}, seconds=20)
    with floor.inside():
        assert not Task.objects.filter(payload={"value": 1}).exists()


def test_a_caller_killed_between_commit_and_wake_up_delays_at_most_two_seconds(installation, floor):
    installation.worker(slots=1)
    installation.workers_ready(1)
    command = [sys.executable, "-c", DIE_BEFORE_WAKING, str(floor.person.workspace.id)]

    for _time in range(3):
        died = subprocess.run(command, cwd=ROOT, env=installation.environment(), check=False)
        assert died.returncode == -9

    wait_until(lambda: states(floor) == {"succeeded": 3}, seconds=10)
    assert _longest_wait(installation) <= 2.0


def test_without_redis_work_starts_within_two_seconds(installation, floor, monkeypatch):
    installation.redis = "unix:///nowhere/valkey.sock"
    try:
        installation.worker(slots=1)
        installation.workers_ready(1)
    finally:
        installation.redis = ""
    monkeypatch.setattr(queue, "wake", lambda _queue: None)

    for _number in range(3):
        task = floor.ask("rig.echo")
        wait_until(lambda task=task: floor.now(task).state == "succeeded", seconds=5)

    assert _longest_wait(installation) <= 2.0


def test_with_a_wake_up_work_starts_at_once(installation, floor):
    installation.worker(slots=1)
    installation.workers_ready(1)
    waited = []

    for _number in range(20):
        task = floor.ask("rig.echo")
        wait_until(lambda task=task: floor.now(task).state == "succeeded", seconds=5)
        done = floor.now(task)
        waited.append((done.started_at - done.created_at).total_seconds())

    assert sorted(waited)[len(waited) // 2] <= float(os.environ.get("START_SECONDS", "0.3"))


def _longest_wait(installation) -> float:
    """Of what these tests ask for; letters of sign-up were there before the worker was."""
    rows = installation.execute(
        "SELECT max(extract(epoch FROM started_at - created_at)) FROM tai_tasks WHERE type = 'rig.echo'"
    )
    return float(rows[0][0])
