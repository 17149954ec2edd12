"""Ten thousand lines a second at a database that stands still: nobody waits, and what was dropped is said."""

import logging
import os
import signal
import time

import pytest

from laojun.logs.handler import DatabaseLogHandler
from tests.rig.installation import wait_until

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(120)]
PER_SECOND = 10_000
SECONDS = 3
BACKEND = "SELECT pid FROM pg_stat_activity WHERE application_name = 'taishang-log-writer'"


@pytest.fixture
def handler(installation):
    made = DatabaseLogHandler(service="storm")
    yield made
    made.close()
    installation.execute("DELETE FROM lao_system_logs")


def record(number: int) -> logging.LogRecord:
    """Each from a line of code of its own, so that nothing is counted up."""
    level = logging.ERROR if number % 1000 == 0 else logging.INFO
    return logging.LogRecord("storm", level, "storm.py", number, "line %d", (number,), None)


def test_a_frozen_writer_holds_nobody_up_and_confesses(installation, handler):
    handler.handle(record(1))
    wait_until(lambda: installation.execute("SELECT 1 FROM lao_system_logs"), seconds=10)
    (pid,) = installation.execute(f"{BACKEND} AND datname = '{installation.database}'")[0]
    slow = []
    os.kill(pid, signal.SIGSTOP)
    try:
        number = 0
        started = time.monotonic()
        while (passed := time.monotonic() - started) < SECONDS:
            for _line in range(int(passed * PER_SECOND) - number):
                number += 1
                before = time.perf_counter()
                handler.handle(record(number))
                slow.append(time.perf_counter() - before)
            time.sleep(0.001)
    finally:
        os.kill(pid, signal.SIGCONT)
    slow.sort()

    assert slow[-len(slow) // 100] < 0.002, "99 of 100 lines cost less than two milliseconds"
    dropped = "SELECT context->'dropped' FROM lao_system_logs WHERE message LIKE '%records dropped'"
    wait_until(lambda: installation.execute(dropped), seconds=30)
    confessed = installation.execute(dropped)
    assert sum(row[0].get("INFO", 0) for row in confessed) > 0
    assert all("ERROR" not in row[0] for row in confessed), "errors are kept longest"
    kept = "SELECT count(*) FROM lao_system_logs WHERE level = 'ERROR'"
    assert installation.execute(kept)[0][0] == number // 1000
