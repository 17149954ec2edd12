"""One worker: who does not stop is stopped, neighbours go on, limits are exact, leaving is orderly."""

import threading
import time

import pytest
from django.db import connection

from accounts import tenancy
from taishang import claiming
from taishang.claiming import Claimant
from taishang.models import Lane, Task, Worker
from tests.chaos.conftest import states
from tests.rig.installation import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(60)]


def _waits_for(floor, task, state: str, seconds: float = 15) -> float:
    return wait_until(lambda: floor.now(task).state == state, seconds=seconds)


def test_a_handler_that_ignores_cancellation_dies_alone(installation, floor):
    installation.worker(slots=2)
    installation.workers_ready(1)
    deaf = floor.ask("rig.deaf", {"seconds": 40})
    neighbour = floor.ask("rig.patient", {"seconds": 5})
    _waits_for(floor, deaf, "running")
    _waits_for(floor, neighbour, "running")

    asked = time.monotonic()
    floor.cancel(deaf, "enough")
    _waits_for(floor, deaf, "cancelled")

    assert time.monotonic() - asked <= 1 + 2  # its grace, and two seconds
    assert floor.events(deaf)[-3:] == ["cancel_requested", "killed", "cancelled"]
    _waits_for(floor, neighbour, "succeeded")
    assert floor.events(neighbour) == ["enqueued", "claimed", "succeeded"]
    after = floor.ask("rig.echo")
    _waits_for(floor, after, "succeeded", seconds=5)


def test_a_handler_that_looks_stops_within_a_second(installation, floor):
    installation.worker(slots=1)
    installation.workers_ready(1)
    task = floor.ask("rig.patient", {"seconds": 40})
    _waits_for(floor, task, "running")

    asked = time.monotonic()
    floor.cancel(task)
    _waits_for(floor, task, "cancelled")

    assert time.monotonic() - asked <= 1.5
    assert "killed" not in floor.events(task)


def test_a_task_that_kills_its_process_ends_after_five_crashes(installation, floor):
    installation.worker(slots=2)
    installation.workers_ready(1)
    poison = floor.ask("rig.suicide")
    others = [floor.ask("rig.echo") for _number in range(10)]

    _waits_for(floor, poison, "failed", seconds=30)

    assert floor.now(poison).error_code == "crashed"
    assert floor.events(poison).count("rescued") == 4
    assert {floor.now(task).state for task in others} == {"succeeded"}


def test_an_attempt_that_takes_too_long_is_ended(installation, floor):
    installation.worker(slots=1)
    installation.workers_ready(1)
    task = floor.ask("rig.deaf", {"seconds": 40}, max_attempts=1)
    installation.execute("UPDATE tai_tasks SET timeout_s = 1")

    _waits_for(floor, task, "failed")

    assert floor.now(task).error_code == "timeout"


def test_settings_left_on_the_connection_end_with_the_task(installation, floor):
    installation.worker(slots=1)
    installation.workers_ready(1)
    floor.ask("rig.untidy")
    peek = floor.ask("rig.peek")

    _waits_for(floor, peek, "succeeded")

    assert floor.now(peek).result == "0"


def test_a_worker_that_is_told_to_stop_gives_back_and_signs_off(installation, floor):
    worker = installation.worker(slots=1)
    installation.workers_ready(1)
    task = floor.ask("rig.patient", {"seconds": 40})
    _waits_for(floor, task, "running")

    children = worker.tree()[1:]
    assert worker.stop(timeout=25) == 0

    assert (floor.now(task).state, floor.now(task).attempts) == ("queued", 0)
    assert floor.events(task)[-1] == "given_back"
    assert not [child for child in children if child.is_running()]
    with tenancy.dispatcher_scope():
        assert Worker.objects.get(pid=worker.pid).stopped_at is not None


def test_a_drain_request_ends_the_worker(installation, floor):
    worker = installation.worker(slots=1)
    installation.workers_ready(1)

    installation.execute("UPDATE tai_workers SET drain_requested_at = now()")

    assert worker.process.wait(15) == 0


def test_a_lane_limit_is_exact_under_many_claimers(floor):
    limit, claimers = 5, 30
    with tenancy.platform_scope(reason="test"):
        Lane.objects.create(workspace=floor.person.workspace, queue="default", max_running=limit)
    for _number in range(60):
        floor.ask("rig.echo")
    start = threading.Barrier(claimers)

    def claim_twice(number: int) -> None:
        try:
            start.wait()
            for _time in range(2):
                claiming.claim(Claimant(f"test:{number}", ["default"]))
        finally:
            connection.close()

    threads = [threading.Thread(target=claim_twice, args=(n,)) for n in range(claimers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while claiming.claim(Claimant("test:last", ["default"])).task:
        pass

    with floor.inside():
        assert Task.objects.filter(state="running").count() == limit


def test_a_lone_task_beside_a_flood_has_its_turn(installation, floor, other_floor):
    for _number in range(60):
        floor.ask("rig.patient", {"seconds": 0.1})
    lone = other_floor.ask("rig.echo")

    installation.worker(slots=1)
    _waits_for(other_floor, lone, "succeeded", seconds=20)

    assert states(floor).get("succeeded", 0) <= 3
