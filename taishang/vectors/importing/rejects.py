"""The rows of a file that were not written: each with its line, its id and the reason, as JSON lines."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any
from uuid import UUID

import orjson

from laojun import files
from laojun.files import Owner
from taishang.runs import Run
from taishang.vectors.importing import sweeping
from taishang.vectors.importing.formats.base import Fault

IN_MEMORY_BYTES = 1024 * 1024


class Rejects:
    """Kept on disk beyond a megabyte."""

    def __init__(self, spool: IO[bytes]) -> None:
        self.spool = spool
        self.count = 0

    def add(self, line: int, external_id: Any, fault: Fault) -> None:
        entry = {"line": line, "id": external_id, "code": fault.code, "detail": fault.detail}
        self.spool.write(orjson.dumps(entry, default=str) + b"\n")
        self.count += 1

    def store(self, run: Run, name: str) -> UUID | None:
        """The file of the rejected rows; None without any, or without a person who would own it."""
        if not self.count or run.user_id is None:
            return None
        self.spool.seek(0)
        file = files.store(
            content=self.spool,
            name=f"{name}.rejected.jsonl",
            purpose=sweeping.REJECTED,
            owner=Owner(run.user_id, run.workspace_id),
            entity=("task", run.id),
        )
        return file.pk


@contextmanager
def kept() -> Iterator[Rejects]:
    with tempfile.SpooledTemporaryFile(IN_MEMORY_BYTES) as spool:
        yield Rejects(spool)
