"""A book on its way in: brought, looked at, adjusted, confirmed, taken back. Each step is one conditional move."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit, files
from laojun.files import Owner
from laojun.models import File
from studio import bin as bins
from studio.importing import patterns, plans, reading
from studio.models import Chapter, Import, Work
from taishang import queue
from taishang.models import Task

KIND = "studio.import"
PURPOSE = "studio.import"
HEAD_BYTES = 200
State = Import.State
# What reads the file anew, and therefore forgets the changes of single pieces.
READING = ("encoding", "rejoin", "pattern")
WRITING = ("keep_indents", "keep_blanks", "title", "language")
DEFAULTS: dict[str, Any] = {
    "encoding": "",
    "rejoin": False,
    "pattern": "",
    "keep_indents": False,
    "keep_blanks": True,
    "changes": [],
}


class WrongState(Exception):
    """The import has moved on, or not yet come so far. `state` is the present one."""

    code = "import_state"

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.members = {"state": state}


class NothingToImport(Exception):
    """Every piece is skipped."""

    code = "nothing_to_import"


def begin(
    *, principal: Principal, content: IO[bytes] | Iterable[bytes], name: str, head: bytes
) -> tuple[Import, Task]:
    """Keep a file and have it read; nothing else is made. Raises Unreadable and what `laojun.files.store` raises."""
    form = reading.format_of(name, head)
    user, workspace_id = principal.user, principal.workspace_id
    assert user is not None  # noqa: S101 doors ask for a right first
    stored = files.store(
        content=content, name=name, purpose=PURPOSE, owner=Owner(user.pk, workspace_id)
    )
    with transaction.atomic():
        row = Import.objects.create(
            workspace_id=workspace_id,
            user=user,
            file_id=stored.pk,
            format=form,
            options=dict(DEFAULTS),
            state=State.UPLOADED,
        )
        File.objects.filter(pk=stored.pk).update(entity_type="work_import", entity_id=str(row.pk))
        task = _enqueue(row, "read")
        audit.record(
            actor=principal,
            action="import.begun",
            target=("work_import", row.pk),
            details={"format": form, "size": stored.file_size, "sha256": stored.sha256},
        )
    return row, task


def adjust(
    *,
    principal: Principal,
    row: Import,
    options: Mapping[str, Any],
    changes: Sequence[Mapping[str, Any]],
) -> Task | None:
    """Change how a book is read or what becomes of its pieces; the task, when it is read anew.

    Raises WrongState, PatternInvalid, NoSuchPiece.
    """
    if options.get("pattern"):
        patterns.check(str(options["pattern"]))
    with transaction.atomic():
        held = _held(row, State.PREVIEW, State.FAILED)
        wanted = {**held.options, **options}
        anew = any(wanted[name] != held.options.get(name) for name in READING)
        wanted["changes"] = [*([] if anew else held.options["changes"]), *([] if anew else changes)]
        needs_text = anew or any(change["op"] in plans.OF_TEXT for change in changes)
        if needs_text or held.state == State.FAILED:
            _move(held, State.ADJUSTING, options=wanted, error_code="")
            task = _enqueue(held, "read")
        else:
            pieces = plans.changed(plans.pieces_of(held.plan), changes)
            plan = {**held.plan, "pieces": plans.rows(held.plan, pieces)}
            _move(held, State.PREVIEW, options=wanted, plan=plan)
            task = None
        _told(principal, "import.adjusted", held)
    row.refresh_from_db()
    return task


def confirm(
    *,
    principal: Principal,
    row: Import,
    title: str = "",
    language: str = "",
    work: Work | None = None,
    after: Chapter | None = None,
) -> Task:
    """Have the chapters written: into a new work, or into `work` after a chapter of it (or at its end).

    Raises WrongState, NothingToImport.
    """
    with transaction.atomic():
        held = _held(row, State.PREVIEW)
        kept = [piece for piece in plans.pieces_of(held.plan) if not piece.is_skipped]
        if not any(piece.kind == "chapter" for piece in kept):
            raise NothingToImport
        options = {
            **held.options,
            "title": title.strip() or held.plan["title"] or "",
            "language": language,
            "work": str(work.pk) if work else None,
            "after": str(after.pk) if after else None,
        }
        _move(held, State.IMPORTING, options=options)
        task = _enqueue(held, "write")
        _told(principal, "import.confirmed", held)
    row.refresh_from_db()
    return task


def cancel(*, principal: Principal, row: Import) -> None:
    """Let an import go that has written nothing; its file goes too. Raises WrongState."""
    with transaction.atomic():
        held = _held(row, State.UPLOADED, State.PREVIEW, State.ADJUSTING, State.FAILED)
        _move(held, State.CANCELLED, finished_at=timezone.now())
        _told(principal, "import.cancelled", held)
        stored = File.objects.filter(pk=held.file_id).first()
        if stored is not None:
            files.delete(stored)
    row.refresh_from_db()


def undo(*, principal: Principal, row: Import) -> int:
    """Put what an import wrote into the bin: its new work, or its chapters; answers how many. Raises WrongState."""
    with transaction.atomic():
        held = _held(row, State.DONE)
        written = [UUID(each) for each in held.options.get("written", [])]
        work = Work.objects.editable_by(principal).filter(pk=held.work_id).first()
        if work is None:
            raise WrongState("gone")
        if held.options.get("is_new_work"):
            bins.bin_work(work=work, principal=principal)
            count = len(written)
        else:
            count = bins.bin_chapters(principal=principal, work_id=work.pk, ids=written)
        _move(held, State.CANCELLED)
        _told(principal, "import.undone", held)
    row.refresh_from_db()
    return count


def _held(row: Import, *states: str) -> Import:
    """The row under its lock, in one of these states. Raises WrongState."""
    held = Import.objects.select_for_update().get(pk=row.pk)
    if held.state not in states:
        raise WrongState(held.state)
    return held


def _move(row: Import, state: str, **columns: Any) -> None:
    Import.objects.filter(pk=row.pk).update(state=state, updated_at=timezone.now(), **columns)


def _enqueue(row: Import, step: str) -> Task:
    task = queue.enqueue(
        kind=KIND,
        payload={"work_import": str(row.pk), "step": step},
        workspace=row.workspace_id,
        user=row.user_id,
        subject_type="work_import",
        subject_id=str(row.pk),
    )
    Import.objects.filter(pk=row.pk).update(task_id=task.pk)
    return task


def _told(principal: Principal, action: str, row: Import) -> None:
    audit.record(actor=principal, action=action, target=("work_import", row.pk))
