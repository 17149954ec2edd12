"""Exports: asked for, written by a task into a file of the person who asked, which lives for a week."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from functools import partial
from typing import IO, Any

from django.conf import settings
from django.utils.module_loading import import_string

from accounts.authentication import Principal
from laojun import audit, files
from laojun.files import FileTooLarge, Owner, StorageFull, StorageQuotaExceeded
from studio import acting
from studio.exporting import gathering
from studio.exporting.book import Book, ExportRefused, Losses, Options
from studio.exporting.writing import FORMATS
from studio.models import Work
from taishang import queue
from taishang.models import Task
from taishang.runs import Permanent, Run

KIND = "studio.export"
PURPOSE = "studio.export"
MAX_NAME_BYTES = 150
LISTED = 50
PDF = "pdf"
FONTS = "studio.exporting.fonts.chosen"
OPTIONS = ("title_page", "contents", "numbers", "indent", "scene_break", "encoding")


def ask(*, principal: Principal, work: Work, form: str, options: Mapping[str, Any]) -> Task:
    """Have a file written; the task's result names it. Raises FontMissing."""
    if form == PDF:
        # By its path: typesetting loads when somebody wants it.
        import_string(FONTS)(font_folders(), language=work.language)
    task = queue.enqueue(
        kind=KIND,
        payload={"work": str(work.pk), "format": form, **options},
        workspace=principal.workspace_id,
        user=principal.user,
        subject_type="work",
        subject_id=str(work.pk),
    )
    audit.record(
        actor=principal,
        action="work.exported",
        target=("work", work.pk),
        details={"format": form, "published": bool(options.get("published"))},
    )
    return task


def run(task: Run) -> dict[str, Any] | None:
    """The handler of `studio.export`."""
    asked = task.payload
    form = FORMATS[asked["format"]]
    options = Options(**{name: asked[name] for name in OPTIONS if name in asked})
    try:
        with task.database():
            book = _book(task, options)
        losses = Losses()
        with tempfile.TemporaryFile() as out:
            _write(asked["format"], book, options, out, losses, task)
            out.seek(0)
            task.progress(99, 100)
            return _keep(task, out, book, f".{form.suffix}", losses)
    except (ExportRefused, StorageQuotaExceeded, StorageFull, FileTooLarge) as refused:
        raise Permanent(refused.code, str(refused) or refused.code) from refused


def safe_name(title: str, suffix: str) -> str:
    """A file name of a title, whatever it holds: no path, no control character, at most 150 bytes of UTF-8."""
    plain = "".join(letter if letter.isprintable() else " " for letter in title)
    for letter in '/\\:*?"<>|':
        plain = plain.replace(letter, " ")
    name = " ".join(plain.split()).strip(". ")
    name = name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    return (name or "book") + suffix


def font_folders() -> tuple[str, ...]:
    """Where fonts are looked for besides the system's own places."""
    return tuple(settings.STUDIO_FONT_DIRS)


def _book(task: Run, options: Options) -> Book:
    asked = task.payload
    principal = acting.principal_of(task)
    work = (
        Work.objects.with_right(principal, "export")
        .select_related("user")
        .filter(pk=asked["work"])
        .first()
    )
    if work is None:
        raise Permanent("not_found", "The work is gone, or may no longer be exported.")
    return gathering.gather(
        work=work,
        chapters=asked.get("chapters", ()),
        volume=asked.get("volume"),
        published=asked.get("published", False),
        numbers=options.numbers,
        author=asked.get("author", ""),
    )


def _write(
    form: str, book: Book, options: Options, out: IO[bytes], losses: Losses, task: Run
) -> None:
    total = len(book.chapters) + 1

    def tick(written: int) -> None:
        task.check()
        task.progress(written, total)

    writer: Any = FORMATS[form].load()
    if form == PDF:
        writer = partial(writer, folders=font_folders())
    writer(book, options, out, losses, tick)


def _keep(task: Run, out: IO[bytes], book: Book, suffix: str, losses: Losses) -> dict[str, Any]:
    assert task.user_id is not None  # noqa: S101 the kind runs as its person
    stored = files.store(
        content=out,
        name=safe_name(book.title, suffix),
        purpose=PURPOSE,
        owner=Owner(task.user_id, task.workspace_id),
    )
    return {
        "file_id": str(stored.pk),
        "name": stored.original_filename,
        "size": stored.file_size,
        "chapters": len(book.chapters),
        "dropped": dict(losses.dropped.most_common(LISTED)),
        "unencodable": dict(losses.unencodable.most_common(LISTED)),
    }
