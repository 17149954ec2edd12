"""Workers are killed in the middle of tasks: nothing is lost, nothing happens twice, rescue comes by lease."""

import os
import random
import time

import pytest

from tests.chaos.conftest import states
from tests.rig.installation import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(90)]
TASKS = int(os.environ.get("R1_TASKS", "60"))
KILLS = int(os.environ.get("R1_KILLS", "6"))
LEASE_SECONDS = 2


def test_every_effect_happens_once_however_often_workers_die(installation, floor, tmp_path):
    seed = int(os.environ.get("SEED", time.time_ns() % 10**9))
    chance = random.Random(seed)
    workers = [installation.worker(slots=2) for _number in range(2)]
    installation.workers_ready(2)
    for _number in range(TASKS):
        floor.ask("rig.effect", {"milliseconds": chance.randint(5, 800), "ledger": str(tmp_path)})

    killed_at = {}
    for _kill in range(KILLS):
        victim = workers.pop(chance.randrange(len(workers)))
        killed_at[victim.pid] = time.time()
        victim.kill()
        workers.append(installation.worker(slots=2))
        installation.workers_ready(2)
    wait_until(lambda: states(floor) == {"succeeded": TASKS}, seconds=40)

    effects = installation.execute("SELECT count(*), count(DISTINCT task_id) FROM rig_effects")
    assert effects == [(TASKS, TASKS)], f"seed {seed}"
    assert len(list(tmp_path.glob("*_effect"))) == TASKS, f"seed {seed}"
    assert _slowest_rescue(installation, killed_at) <= LEASE_SECONDS + 1, f"seed {seed}"


def _slowest_rescue(installation, killed_at: dict[int, float]) -> float:
    """Seconds from the kill of a worker to the rescue of what it ran, over the whole history."""
    rows = installation.execute(
        """
        SELECT w.pid, extract(epoch FROM r.created_at) FROM tai_task_events r
        JOIN tai_task_events c ON c.task_id = r.task_id AND c.seq = r.seq - 1
        JOIN tai_workers w ON c.actor LIKE w.id || ':%'
        WHERE r.event = 'rescued' AND c.event = 'claimed'
        """
    )
    assert rows, "no worker died while it ran something"
    return max(float(at) - killed_at[pid] for pid, at in rows)
