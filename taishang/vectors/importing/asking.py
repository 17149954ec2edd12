"""An import is asked for: the file looked at, the mapping settled, the task enqueued with its line in the audit log."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.utils import timezone

from laojun import audit, files
from laojun.models import File
from taishang import queue
from taishang.models import Task, VectorCollection
from taishang.vectors import ceilings, collections, ledger, rows, writing
from taishang.vectors.asking import BuildRunning
from taishang.vectors.collections import By
from taishang.vectors.importing import mapping as mappings
from taishang.vectors.importing.formats import base
from taishang.vectors.importing.formats.base import Field, FileRefused, Source
from taishang.vectors.importing.mapping import Mapping

KIND = "vectors.import"
UPSERT, REPLACE = "upsert", "replace_namespace"
STOP, SKIP = "stop", "skip"
WRITE_MODES, ON_ERROR = (UPSERT, REPLACE), (STOP, SKIP)
SHOWN = 20


@dataclass(frozen=True)
class Files:
    """The file and, for NPY, the JSONL file beside it."""

    main: File
    side: File | None = None


@dataclass(frozen=True)
class Wish:
    """What somebody wants; without `mapping` it is guessed."""

    files: Files
    format: str = ""
    mapping: dict[str, Any] | None = None
    namespace: str = ""
    write_mode: str = UPSERT
    on_error: str = STOP


@dataclass(frozen=True)
class Preview:
    """The first rows of a file as they would be written. `rows` are (line, row, code, detail)."""

    format: str
    fields: list[Field]
    mapping: Mapping
    count: int
    rows: list[tuple[int, dict[str, Any], str, str]] = field(default_factory=list)


@contextmanager
def opened(given: Files, name: str) -> Iterator[Source]:
    """The files as a source. Raises FileRefused, UnsupportedFormat."""
    with ExitStack() as stack:
        try:
            content = stack.enter_context(files.open_content(given.main))
            side = stack.enter_context(files.open_content(given.side)) if given.side else None
        except files.ContentMissing as gone:
            raise FileRefused("file_gone", "The file is not there any more.") from gone
        yield base.open_source(name, content, side)


def format_of(given: Files, wanted: str = "") -> str:
    """The format by the first bytes, which must be the one that was named. Raises UnsupportedFormat."""
    try:
        with files.open_content(given.main) as content:
            found = base.detect(content, given.main.original_filename)
    except files.ContentMissing as gone:
        raise FileRefused("file_gone", "The file is not there any more.") from gone
    if wanted and wanted != found:
        raise base.UnsupportedFormat(wanted)
    return found


def preview(*, collection: VectorCollection, wish: Wish) -> Preview:
    """What would be written, without writing. Reads the whole file once to count it.

    Raises FileRefused, UnsupportedFormat, MappingInvalid, LimitReached.
    """
    name = format_of(wish.files, wish.format)
    with opened(wish.files, name) as source:
        fields = source.fields()
        mapping = (
            mappings.guess(fields, collection.dimension)
            if wish.mapping is None
            else mappings.read(wish.mapping, fields)
        )
        total = source.count()
        shape = writing.shape_of(collection)
        first = list(islice(source.records(mapping.columns()), SHOWN))
    shown: list[tuple[int, dict[str, Any], str, str]] = []
    for record in first:
        if record.fault:
            shown.append((record.line, {}, record.fault.code, record.fault.detail))
            continue
        row = mappings.row(record, mapping)
        result = rows.read([row], shape).results[0]
        shown.append((record.line, row, result.code, result.detail))
    return Preview(name, fields, mapping, total, shown)


def ask(*, collection: VectorCollection, wish: Wish, by: By) -> Task:
    """Enqueue the import.

    Raises FileRefused, UnsupportedFormat, MappingInvalid, ManagedCollection, CollectionReadonly, LimitReached,
    RowFault, BuildRunning.
    """
    collections.require_unmanaged(collection)
    if collection.status != VectorCollection.Status.ACTIVE:
        raise ledger.CollectionReadonly
    rows.namespace_of(wish.namespace)
    looked = preview(collection=collection, wish=wish)
    mapping = mappings.read(looked.mapping.shown(), looked.fields)
    require_room(collection, looked.count, replaces=wish.write_mode == REPLACE)
    payload = {
        "collection": collection.pk,
        "file": str(wish.files.main.pk),
        "side_file": str(wish.files.side.pk) if wish.files.side else None,
        "filename": wish.files.main.original_filename,
        "format": looked.format,
        "mapping": mapping.shown(),
        "namespace": wish.namespace,
        "write_mode": wish.write_mode,
        "on_error": wish.on_error,
    }
    try:
        task = queue.enqueue(
            kind=KIND,
            payload=payload,
            workspace=collection.workspace_id,
            user=by.user_id,
            dedup_key=f"{KIND}:{collection.pk}",
            subject_type="vector_collection",
            subject_id=str(collection.pk),
        )
    except queue.DuplicateTask as duplicate:
        raise BuildRunning(duplicate.task) from duplicate
    if not task.deduplicated:
        details = {key: payload[key] for key in ("file", "format", "write_mode", "namespace")}
        audit.record(
            actor=by.actor,
            action="vector_collection.import",
            target=("vector_collection", collection.pk),
            details={**details, "rows": looked.count},
        )
    return task


def require_room(collection: VectorCollection, count: int, *, replaces: bool) -> None:
    """Refuse a file that cannot fit whatever is in it. Raises LimitReached."""
    used, limit = ceilings.measured("rows", collection.workspace_id)
    held = 0 if replaces else collection.state.rows
    if used + max(0, count - held) > limit:
        raise ceilings.LimitReached("rows", limit=limit, used=used)


def files_of(payload: dict[str, Any]) -> Files:
    """The files of a task. Inside its workspace. Raises FileRefused for one that was deleted."""
    found = File.objects.live(timezone.now()).in_bulk(
        [number for number in (payload["file"], payload["side_file"]) if number]
    )
    by_id = {str(number): file for number, file in found.items()}
    main, side = by_id.get(payload["file"]), by_id.get(payload["side_file"] or "")
    if main is None or (payload["side_file"] and side is None):
        raise FileRefused("file_gone", "The file is not there any more.")
    return Files(main, side)
