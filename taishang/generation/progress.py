"""Stages and their progress: what a job reports while it runs, and how a stage gives up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Report = Callable[[str, dict[str, Any]], None]
WEIGHTS = {
    "intake": 5, "inventory": 5, "evidence": 30, "ir": 10, "refine": 10, "render": 10, "verify": 25,
    "diff": 5,
}  # fmt: skip
TITLES = {
    "zip_damaged": "The archive is damaged",
    "zip_unsupported": "The archive uses a feature that is not supported",
    "zip_unsafe": "The archive is not safe to unpack",
    "zip_expands_too_much": "The archive unpacks to too much",
    "no_source_files": "The archive holds no source files",
    "nothing_found": "Nothing to build a back end from",
    "render_unsafe": "The result would not be safe",
    "verification_failed": "The generated project does not pass its checks",
}


class StageFailed(Exception):
    """A stage could not go on. `code` is the job's error code."""

    def __init__(
        self, *, stage: str, code: str, detail: str, hint: str = "", file: str = ""
    ) -> None:
        super().__init__(f"{stage}: {code}: {detail}")
        self.stage, self.code, self.detail, self.hint, self.file = stage, code, detail, hint, file


class Clock:
    """Reports stages with their time and the whole progress, which never falls."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.timings: dict[str, int] = {}
        self.percent = 0

    @contextmanager
    def stage(self, name: str) -> Iterator[dict[str, Any]]:
        self.report(name, {"event": "stage_started", "progress": self.percent})
        started, counts = time.monotonic(), dict[str, Any]()
        yield counts
        spent = int((time.monotonic() - started) * 1000)
        self.timings[name] = self.timings.get(name, 0) + spent
        self.advance(name, 1.0)
        self.report(
            name,
            {"event": "stage_finished", "progress": self.percent, "ms": spent, "counts": counts},
        )

    def advance(self, name: str, part: float) -> None:
        """`part` of the stage `name` is done (0 to 1)."""
        before = 0
        for stage, weight in WEIGHTS.items():
            if stage == name:
                break
            before += weight
        self.percent = max(self.percent, min(99, int(before + WEIGHTS[name] * part)))

    def tell(self, name: str, details: dict[str, Any]) -> None:
        self.report(name, details | {"progress": self.percent})
