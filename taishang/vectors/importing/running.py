"""The task `vectors.import`: batches of 1,000, each committed with the place in the file up to which it reached.

A second attempt reads the file again from its beginning, because only so it knows the rejected rows, and writes from
that place on; so every row is written and counted once, wherever the first attempt was killed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from laojun import audit
from laojun.audit import Actor
from taishang.models import VectorCollection
from taishang.runs import Permanent, Run
from taishang.vectors import following, hidden, ledger, placement, rows, writing
from taishang.vectors.ceilings import LimitReached
from taishang.vectors.importing import asking, memory, rejects, switching
from taishang.vectors.importing import mapping as mappings
from taishang.vectors.importing.formats.base import Fault, FileRefused, Record, Source
from taishang.vectors.importing.mapping import Mapping
from taishang.vectors.importing.rejects import Rejects
from taishang.vectors.rows import Batch

BATCH = 1_000
# With `on_error` skip: one row of so many may be rejected.
TOLERATED = 100
PAUSE_SECONDS = 2
CHECKED_EVERY = 20_000


class TooManyRejected(Exception):
    """The file has more faulty rows than its import may skip."""


@dataclass
class Import:
    """One attempt. `done` records of the file are committed; `counts` says what became of them."""

    run: Run
    collection: VectorCollection
    mapping: Mapping
    rejects: Rejects
    total: int = 0
    done: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    own: bool = False

    def __post_init__(self) -> None:
        saved = self.run.saved
        self.done = saved.get("done", 0)
        self.counts = Counter(saved.get("counts", {}))
        self.own = saved.get("own", False)

    @property
    def payload(self) -> dict[str, Any]:
        return self.run.payload

    @property
    def replaces(self) -> bool:
        return bool(self.payload["write_mode"] == asking.REPLACE)

    def saved(self, **more: Any) -> dict[str, Any]:
        return {
            "done": self.done,
            "total": self.total,
            "counts": dict(self.counts),
            "own": self.own,
            **more,
        }

    # --- before the first row ---

    def begin(self) -> None:
        """Refuse what cannot fit, and give many rows their own place while there is nothing to move."""
        if self.done:
            return
        with self.run.database():
            asking.require_room(self.collection, self.total, replaces=self.replaces)
            empty = self.collection.state.rows == 0
            wants = empty and following.wants_own(self.collection, self.total)
        if wants:
            try:
                placement.promote(run=self.run, collection=self.collection)
                self.own = True
            except LimitReached as full:
                self.run.note("no own partition", **full.members)

    # --- the rows ---

    def write_all(self, source: Source) -> None:
        place = 0
        for records in _batches(source.records(self.mapping.columns())):
            place += len(records)
            if place <= self.done:
                self.recall(records)
            else:
                self.write(records)
            if place % CHECKED_EVERY == 0:
                self.require_file()
            self.run.progress(place, self.total, self.payload["filename"])

    def recall(self, records: list[Record]) -> None:
        """Find the rejected rows of what an earlier attempt wrote."""
        self.run.check()
        good, sent = self.read(records)
        batch = rows.read(sent, writing.shape_of(self.collection))
        self.reject(good, batch)

    def write(self, records: list[Record]) -> None:
        before = self.rejects.count
        good, sent = self.read(records)
        batch = rows.read(sent, writing.shape_of(self.collection))
        self.reject(good, batch)
        self.counts["failed"] += self.rejects.count - before
        self.require_few()
        while True:
            self.run.check()
            try:
                self.commit(batch, len(records))
            except ledger.CollectionMoving:
                self.run.sleep(PAUSE_SECONDS)
            else:
                return

    def commit(self, batch: Batch, count: int) -> None:
        """The rows and the place in the file, in one transaction under the task's fence."""
        namespace = hidden.name_for(self.run.id) if self.replaces else None
        counts, done = Counter(self.counts), self.done
        with self.run.database():
            written = writing.write(collection=self.collection, batch=batch, namespace=namespace)
            if not self.replaces:
                following.after_write(collection=self.collection, entry=written.entry)
            self.counts = counts + Counter(
                result.status for result in batch.results if not result.code
            )
            self.done = done + count
            self.run.checkpoint(self.saved())

    def read(self, records: list[Record]) -> tuple[list[Record], list[dict[str, Any]]]:
        """The records that can be read, and the rows made of them; the others are rejected."""
        for record in records:
            if record.fault is not None:
                self.rejects.add(record.line, None, record.fault)
        good = [record for record in records if record.fault is None]
        return good, [{**self.placed(), **mappings.row(record, self.mapping)} for record in good]

    def placed(self) -> dict[str, Any]:
        """The namespace of rows whose file names none."""
        return {"namespace": self.payload["namespace"]}

    def reject(self, records: list[Record], batch: Batch) -> None:
        for record, result in zip(records, batch.results, strict=True):
            if result.code:
                self.rejects.add(record.line, result.id, Fault(result.code, result.detail))

    def require_few(self) -> None:
        most = 0
        if self.payload["on_error"] == asking.SKIP:
            most = -(-self.total // TOLERATED)
        if self.rejects.count > most:
            raise TooManyRejected

    def require_file(self) -> None:
        """The file is still somebody's; deleted meanwhile, the import stops. Raises FileRefused."""
        with self.run.database():
            asking.files_of(self.payload)

    # --- the end ---

    def keep_rejects(self) -> str | None:
        kept: str | None = self.run.saved.get("rejected_file")
        if kept is None and self.rejects.count:
            stored = self.rejects.store(self.run, self.payload["filename"])
            kept = None if stored is None else str(stored)
            self.run.checkpoint(self.saved(rejected_file=kept))
        return kept

    def finish(self) -> None:
        result = {
            "counts": dict(self.counts),
            "rows": self.done,
            "rejected_file": self.keep_rejects(),
        }
        while True:
            try:
                with self.run.finish(result):
                    self.settle()
            except ledger.CollectionMoving:
                self.run.sleep(PAUSE_SECONDS)
            else:
                return

    def settle(self) -> None:
        payload = self.payload
        if self.replaces:
            switching.switch(
                collection=self.collection, task_id=self.run.id, namespace=payload["namespace"]
            )
            following.after_write(
                collection=self.collection, entry=ledger.standing_of(self.collection)
            )
        if self.own and self.collection.backend == "pgvector":
            following.ask(following.INDEX, self.collection)
        audit.record(
            actor=Actor.system("vectors"),
            action="vector_collection.import",
            target=("vector_collection", self.collection.pk),
            details={"file": payload["file"], "counts": dict(self.counts)},
        )


def run_import(run: Run) -> None:
    """Raises Permanent with the reason; what is committed stays, and the checkpoint counts it."""
    with run.database():
        collection = (
            VectorCollection.objects.alive()
            .select_related("state")
            .filter(pk=run.payload["collection"])
            .first()
        )
        if collection is None:
            raise Permanent("collection_gone", _("The collection is not there any more."))
    with rejects.kept() as rejected:
        mapping = mappings.stored(run.payload["mapping"])
        work = Import(run, collection, mapping, rejected)
        with _refusals(work), memory.bounded():
            with run.database():
                given = asking.files_of(run.payload)
            with asking.opened(given, run.payload["format"]) as source:
                work.total = source.count()
                work.begin()
                work.write_all(source)
            work.finish()


@contextmanager
def _refusals(work: Import) -> Iterator[None]:
    """What ends an import for good, with how far it came."""
    try:
        yield
    except TooManyRejected as many:
        work.keep_rejects()
        raise Permanent("rows_rejected", _stopped(work, _("Too many rows were refused."))) from many
    except FileRefused as refused:
        work.keep_rejects()
        raise Permanent(refused.reason, _stopped(work, refused.detail)) from refused
    except LimitReached as full:
        raise Permanent(full.code, _stopped(work, full.detail)) from full
    except ledger.CollectionReadonly as closed:
        text = _("The collection is read-only.")
        raise Permanent(closed.code, _stopped(work, text)) from closed
    except VectorCollection.DoesNotExist as gone:
        raise Permanent("collection_gone", _("The collection is not there any more.")) from gone
    except MemoryError as over:
        text = _("The file needs more memory than an import may take.")
        raise Permanent("too_much_memory", _stopped(work, text)) from over


def _stopped(work: Import, reason: str) -> str:
    done = _("%(done)s of %(total)s rows were worked off, %(failed)s refused.") % {
        "done": work.done,
        "total": work.total,
        "failed": work.rejects.count,
    }
    return f"{reason} {done}"


def _batches(records: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(records)
    while batch := list(islice(iterator, BATCH)):
        yield batch
