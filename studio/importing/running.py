"""The task behind an import: its file is read into a plan, or its plan is written as chapters, all at once."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copyfileobj
from typing import Any

from django.utils import timezone

from laojun import files
from laojun.models import File
from studio.importing import patterns, plans, reading, writing
from studio.importing.source import ArchiveRefused, Source, Unreadable
from studio.models import Import
from taishang.runs import Permanent, Run

State = Import.State
REFUSALS = (
    Unreadable,
    ArchiveRefused,
    patterns.PatternInvalid,
    patterns.PatternTooSlow,
    plans.NoSuchPiece,
    writing.Refused,
)


def run(task: Run) -> None:
    """The handler of `studio.import`."""
    with task.database():
        row = Import.objects.get(pk=task.payload["work_import"])
    try:
        if task.payload["step"] == "read":
            _read(task, row)
        else:
            _write(task, row)
    except REFUSALS as refused:
        _failed(task, row, refused)


def _read(task: Run, row: Import) -> None:
    with task.database():
        Import.objects.filter(pk=row.pk, state=State.UPLOADED).update(state=State.READING)
    task.progress(0, 3)
    with _content(task, row) as path:
        source = _source(path, row)
    task.progress(1, 3)
    pieces = reading.pieces(source, pattern=row.options["pattern"])
    pieces = plans.changed(pieces, row.options["changes"], source.text)
    plan = plans.of(source, pieces)
    task.progress(2, 3)
    with task.finish({"pieces": len(pieces)}):
        _move(
            row,
            (State.READING, State.ADJUSTING),
            State.PREVIEW,
            plan=plan,
            warnings=plans.warnings_of(source),
            encoding=source.encoding,
            encoding_confidence=source.confidence,
        )


def _write(task: Run, row: Import) -> None:
    """All chapters and the end of the import are one transaction: a killed worker leaves nothing half done."""
    with _content(task, row) as path:
        source = _source(path, row)
    if plans.sha256_of(source.text) != row.plan["sha256"]:
        raise Unreadable("changed")
    book = writing.prepare(row, source.text, task)
    result = {"chapters": len(book.chapters)}
    with task.finish(result):
        written = writing.write(row, book, task)
        _move(
            row,
            (State.IMPORTING,),
            State.DONE,
            work_id=written.work_id,
            options={
                **row.options,
                "written": [str(each) for each in written.chapters],
                "is_new_work": written.is_new_work,
            },
            finished_at=timezone.now(),
        )


def _failed(task: Run, row: Import, refused: Any) -> None:
    """The person sees why, may adjust, and is not kept waiting for another attempt."""
    with task.database():
        _move(
            row,
            (State.UPLOADED, State.READING, State.ADJUSTING, State.IMPORTING),
            State.FAILED,
            error_code=f"{refused.code}:{getattr(refused, 'reason', getattr(refused, 'rule', ''))}"[
                :60
            ],
        )
    raise Permanent(refused.code, str(refused)) from refused


def _move(row: Import, states: tuple[str, ...], state: str, **columns: Any) -> None:
    Import.objects.filter(pk=row.pk, state__in=states).update(
        state=state, updated_at=timezone.now(), **columns
    )


def _source(path: Path, row: Import) -> Source:
    options = row.options
    return reading.read(path, row.format, encoding=options["encoding"], rejoin=options["rejoin"])


@contextmanager
def _content(task: Run, row: Import) -> Iterator[Path]:
    """The file on this machine's disk, wherever it is kept."""
    with task.database():
        stored = File.objects.filter(pk=row.file_id, state=File.State.STORED).first()
    if stored is None:
        raise Unreadable("file_gone")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "book"
        with files.open_content(stored) as content, path.open("wb") as copy:
            copyfileobj(content, copy)
        yield path
