"""How far the server is with an index, in words and percent, and the wish to stop carried to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from taishang.runs import Run

LOOK_SECONDS = 1.0
STATEMENT = """
SELECT p.phase, GREATEST(p.blocks_done, 0), GREATEST(p.blocks_total, 0),
    GREATEST(p.tuples_done, 0), GREATEST(p.tuples_total, 0), p.current_locker_pid,
    b.application_name, EXTRACT(EPOCH FROM clock_timestamp() - b.xact_start)::int
FROM pg_stat_progress_create_index p
LEFT JOIN pg_stat_activity b ON b.pid = p.current_locker_pid
WHERE p.pid = %s
"""
# Share of the bar: reading and linking rows, then validating what was written meanwhile.
BUILD, VALIDATION = (5, 90), (90, 99)


@dataclass
class Watched:
    """One server process that builds, seen from another connection. `told` gets percent and phase each second."""

    run: Run
    eye: psycopg.Connection[Any]
    pid: int
    told: Callable[[int, str], None]

    def until(self, is_over: Callable[[], bool]) -> None:
        """Watch until the build is over. When the task should end, the build is stopped first."""
        try:
            while not is_over():
                self.look()
                self.run.sleep(LOOK_SECONDS if not is_over() else 0)
        except BaseException:
            self.eye.execute("SELECT pg_cancel_backend(%s)", [self.pid])
            raise

    def look(self) -> None:
        row = self.eye.execute(STATEMENT, [self.pid]).fetchone()
        if row is not None:
            self.told(percent_of(row), phase_of(row))


def percent_of(row: tuple[Any, ...]) -> int:
    phase, blocks, all_blocks, tuples, all_tuples, *_blocker = row
    low, high = VALIDATION if "validation" in phase or "waiting" in phase else BUILD
    done, total = (tuples, all_tuples) if all_tuples else (blocks, all_blocks)
    return low + round((high - low) * min(1.0, done / total)) if total else low


def phase_of(row: tuple[Any, ...]) -> str:
    phase, *_counts, blocker, application, seconds = row
    if blocker:
        return f"{phase}: process {blocker} ({application or 'unnamed'}, {seconds or 0} s)"
    return str(phase)
