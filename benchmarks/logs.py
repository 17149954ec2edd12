"""What keeping logs costs a request: `python -m benchmarks.logs [--rounds 7] [--calls 200]`.

One request with ten log lines, with the handler that keeps them in the database and with one that drops them,
taken in turns in one run; also while the writer's connection stands still. Median and spread of the rounds' ratios.
"""

import argparse
import logging
import os
import signal
import time

import django

django.setup()

from django.db import connection  # noqa: E402

from benchmarks.rest import KEYS, World  # noqa: E402
from benchmarks.rounds import Program, Rates, measure, request  # noqa: E402
from laojun.logs import origin  # noqa: E402
from laojun.logs.handler import DatabaseLogHandler  # noqa: E402
from laojun.logs.origin import Origin  # noqa: E402

LINES = 10
GOAL = 0.9
BACKEND = """
    SELECT pid FROM pg_stat_activity
    WHERE application_name = 'taishang-log-writer' AND datname = current_database()
"""
logger = logging.getLogger("benchmark")


def main() -> None:
    options = _options()
    logger.setLevel(logging.INFO)
    logger.propagate = False
    world = World.build()
    kept, dropped = DatabaseLogHandler(service="bench"), logging.NullHandler()
    send = request(world.ours, "GET", KEYS, headers=world.headers)
    programs = {"kept": logging_to(kept, send), "dropped": logging_to(dropped, send)}
    _show("ten lines, kept", measure(programs, rounds=options.rounds, calls=options.calls))
    time.sleep(2)
    with connection.cursor() as cursor:
        cursor.execute(BACKEND)
        pids = [pid for (pid,) in cursor.fetchall()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        _show("database frozen", measure(programs, rounds=options.rounds, calls=options.calls))
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    kept.close()


def logging_to(handler: logging.Handler, send: Program) -> Program:
    """The request, and ten lines of different places that it says."""

    def run() -> None:
        logger.handlers = [handler]
        with origin.of(Origin(trace_id="bench", method="GET", path=KEYS)):
            for number in range(LINES):
                logger.info("line %d of a request key=%s", number, KEYS)
            send()

    return run


def _show(what: str, rates: Rates) -> None:
    middle, low, high = rates.ratio("kept", "dropped")
    verdict = "met" if middle >= GOAL else "missed"
    print(f"{what:<20} {middle:.2f} × [{low:.2f} – {high:.2f}]  goal ≥ {GOAL}: {verdict}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=200)
    return parser.parse_args()


if __name__ == "__main__":
    main()
