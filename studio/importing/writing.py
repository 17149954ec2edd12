"""Chapters of a confirmed import: prepared outside, written in one transaction, texts by the one write path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.authentication import Principal
from laojun.models import File
from studio import acting, drafting, keeping, ordering, ranks, works
from studio.importing import plans
from studio.models import Chapter, Import, Volume, Work
from studio.models.chapter import MAX_CHARACTERS
from studio.models.work import MAX_TITLE
from taishang.runs import Run

CHECK_EVERY = 200
LANGUAGES = {
    "zh": "zh-Hans",
    "zh-cn": "zh-Hans",
    "zh-tw": "zh-Hant",
    "zh-hk": "zh-Hant",
    "zh-hant": "zh-Hant",
    "en": "en",
}


class Refused(Exception):
    """What cannot be written as it is. `code` is a registered problem."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


@dataclass(frozen=True)
class Prepared:
    """A chapter to be. `volume` is its place in the book's volumes."""

    title: str
    text: str
    is_numbered: bool
    volume: int | None


@dataclass
class Book:
    volumes: list[tuple[str, bool]] = field(default_factory=list)
    chapters: list[Prepared] = field(default_factory=list)


@dataclass(frozen=True)
class Written:
    work_id: UUID
    chapters: list[UUID]
    is_new_work: bool


def prepare(row: Import, text: str, run: Run) -> Book:
    """What is to be written, in reading order. Raises Refused for a chapter that is too long."""
    book, is_exact = Book(), bool(row.plan["is_exact"])
    pieces = [piece for piece in plans.pieces_of(row.plan) if not piece.is_skipped]
    for place, piece in enumerate(pieces):
        if place % CHECK_EVERY == 0:
            run.check()
            run.progress(place, 2 * len(pieces))
        if piece.kind == "volume":
            book.volumes.append((piece.title, piece.is_numbered))
            continue
        body = plans.body_of(piece, text, is_exact=is_exact, options=row.options)
        if len(body) > MAX_CHARACTERS:
            raise Refused("chapter_too_large", piece.title[:40])
        volume = len(book.volumes) - 1 if book.volumes else None
        book.chapters.append(Prepared(piece.title, body, piece.is_numbered, volume))
    return book


def write(row: Import, book: Book, run: Run) -> Written:
    """Write the book inside the caller's transaction. Raises Refused."""
    principal = acting.principal_of(run)
    chosen = row.options.get("work")
    work = _existing(principal, chosen) if chosen else _new(principal, row)
    ordering.take_turn(work.pk)
    made = _rows(work, book, row.options.get("after"))
    texts = [prepared.text for prepared in book.chapters]
    drafting.begin(work_id=work.pk, chapters=made, texts=texts, principal=principal, kind="import")
    ordering.moved(work.pk, chapters=len(made))
    return Written(work.pk, [chapter.pk for chapter in made], is_new_work=not chosen)


def _new(principal: Principal, row: Import) -> Work:
    stored = File.objects.filter(pk=row.file_id).first()
    name = stored.original_filename.rpartition(".")[0] if stored else ""
    title = row.options["title"] or name or _("Imported book")
    found = str(row.options.get("language") or row.plan.get("language") or "").lower()
    language = next(
        (value for value in Work.Language.values if value.lower() == found),
        LANGUAGES.get(found, "zh-Hans"),
    )
    return works.create(
        principal=principal,
        title=title[:MAX_TITLE],
        language=language,
        description=row.plan.get("description", ""),
    )


def _existing(principal: Principal, pk: str) -> Work:
    """Asked for again: rights may have gone while the import waited."""
    work = Work.objects.editable_by(principal).filter(pk=pk).first()
    if work is None:
        raise Refused("not_found")
    return work


def _rows(work: Work, book: Book, after: str | None) -> list[Chapter]:
    """Chapters that are not stored yet, each at its place; their volumes are."""
    held = Chapter.objects.alive().filter(work=work)
    if held.count() + len(book.chapters) > ordering.MAX_CHAPTERS:
        raise Refused("limit_reached", "chapters")
    volumes = _volumes(work, book)
    anchor = held.filter(pk=after).only("id", "volume_id", "order_index").first() if after else None
    loose_home = anchor.volume_id if anchor is not None and not book.volumes else None
    made: list[Chapter] = []
    for prepared in book.chapters:
        home = loose_home if prepared.volume is None else volumes[prepared.volume].pk
        made.append(
            Chapter(
                workspace_id=work.workspace_id,
                work=work,
                volume_id=home,
                title=prepared.title,
                is_numbered=prepared.is_numbered,
                content_sha256=keeping.sha256_of(""),
            )
        )
    _rank(work, made, anchor)
    return made


def _volumes(work: Work, book: Book) -> list[Volume]:
    held = list(Volume.objects.filter(work=work).in_order())
    if len(held) + len(book.volumes) > ordering.MAX_VOLUMES:
        raise Refused("limit_reached", "volumes")
    last = held[-1].order_index if held else None
    made = []
    for title, is_numbered in book.volumes:
        last = ranks.between(last, None)
        made.append(
            Volume(
                workspace_id=work.workspace_id,
                work=work,
                title=title,
                is_numbered=is_numbered,
                order_index=last,
            )
        )
    return Volume.objects.bulk_create(made)


def _rank(work: Work, made: list[Chapter], anchor: Chapter | None) -> None:
    """Keys for the new chapters: behind the anchor where they share its volume, else at the end of each scope."""
    scopes: dict[UUID | None, list[Chapter]] = {}
    for chapter in made:
        scopes.setdefault(chapter.volume_id, []).append(chapter)
    for volume_id, inside in scopes.items():
        rows = Chapter.objects.filter(work=work, volume_id=volume_id)
        held = list(rows.only("id", "order_index", "deleted_at").order_by("order_index", "id"))
        at = len(held)
        if anchor is not None and anchor.volume_id == volume_id:
            at = next(place for place, one in enumerate(held) if one.pk == anchor.pk) + 1
        if not held:
            _give(inside, ranks.spread(len(inside)))
            continue
        every: list[Any] = [*held[:at], *inside, *held[at:]]
        _give(every, ranks.spread(len(every)))
        Chapter.objects.bulk_update(held, ["order_index"], batch_size=1000)


def _give(chapters: list[Chapter], keys: list[str]) -> None:
    for chapter, key in zip(chapters, keys, strict=True):
        chapter.order_index = key
