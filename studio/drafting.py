"""The one way in which the text of a chapter is written: never over anything that its writer has not seen.

One transaction locks the chapter, writes only where its revision is still the one the writer began from, copies the
former text where somebody could want it back, and notes the save in the ledger. Locks: chapter, then work.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.authentication import Principal
from accounts.ids import uuid7
from studio.keeping import (
    BEFORE,
    Edit,
    Kind,
    Typed,
    copies,
    counts_of,
    extent,
    sha256_of,
    version_of,
    words_put,
)
from studio.models import Chapter, ChapterSave, ChapterVersion, Work
from studio.models.chapter import MAX_CHARACTERS
from studio.prose import counting
from studio.prose.counting import Count

BATCH = 200
KINDS = (Kind.AUTOSAVE, Kind.MANUAL, Kind.MERGE, Kind.IMPORT, *BEFORE)


class SaveRefused(Exception):
    """The base of what a save refuses. `code` is a registered problem; nothing was written."""

    code = ""

    def __init__(self, **members: Any) -> None:
        super().__init__(self.code)
        self.members = members


class Stale(SaveRefused):
    """The chapter has moved on: `current` is as it is now, text and all."""

    code = "chapter_stale"

    def __init__(self, current: Chapter) -> None:
        super().__init__(current=shown(current))
        self.current = current


class LockLost(SaveRefused):
    """The save names a fence that is no longer the chapter's: somebody took it over."""

    code = "lock_lost"


class InBin(SaveRefused):
    """The chapter lies in the bin."""

    code = "chapter_in_bin"


class TooLarge(SaveRefused):
    """The text has more code points than a chapter can hold."""

    code = "chapter_too_large"


class InvalidText(SaveRefused):
    """A NUL or half a surrogate pair at `offset`."""

    code = "invalid_text"


@dataclass(frozen=True)
class Saved:
    """The chapter after the save. `changed` is False where nothing differed, and then nothing was written."""

    revision: int
    content_sha256: str
    counts: Count
    changed: bool
    saved_at: datetime | None = None
    version_number: int | None = None


def save(  # noqa: PLR0913 what is said of one save
    *,
    chapter_id: UUID,
    principal: Principal,
    base_revision: int,
    save_id: UUID,
    text: str | None = None,
    title: str | None = None,
    stage: str | None = None,
    synopsis: str | None = None,
    kind: str = "autosave",
    tab_id: str = "",
    device: str = "",
    fence: int | None = None,
    typed: Typed | None = None,
    origin: dict[str, Any] | None = None,
) -> Saved:
    """Write what is given over `base_revision`; what is None stays.

    The same `save_id` again answers as the first time. Equal values write nothing. Raises Chapter.DoesNotExist
    for whoever may not write it, Stale, LockLost, InBin, TooLarge and InvalidText.
    """
    if kind not in KINDS:
        raise ValueError(kind)
    given = {"title": title, "stage": stage, "synopsis": synopsis}
    wishes = {name: clean(value) for name, value in given.items() if value is not None}
    if text is not None:
        text = clean(text)
        if len(text) > MAX_CHARACTERS:
            raise TooLarge(max_characters=MAX_CHARACTERS, characters=len(text))
    edit = Edit(
        principal,
        base_revision,
        save_id,
        kind,
        tab_id,
        device,
        fence,
        typed or Typed(),
        origin=origin or {},
    )
    with transaction.atomic():
        chapter = locked(chapter_id, principal)
        return _save(chapter, edit, text, wishes)


def begin(
    *,
    work_id: UUID,
    chapters: Sequence[Chapter],
    texts: Sequence[str],
    principal: Principal,
    kind: str,
) -> None:
    """Insert new chapters of a work with their first texts, which nobody can have seen yet.

    The rows are those that saving one by one would leave, in a few statements. Raises InvalidText.
    """
    versions, saves = list[ChapterVersion](), list[ChapterSave]()
    nothing, counts = Count(0, 0, 0), list[Count]()
    for chapter, given in zip(chapters, texts, strict=True):
        text = clean(given)
        if not text:
            continue
        edit = Edit(principal, chapter.revision, uuid7(), kind, "", "", None, Typed())
        count = counting.count(text)
        saves.append(_row(chapter, edit, "", text, nothing, count))
        facts = {**_columns(text, count), **_marks(edit), "revision": chapter.revision + 1}
        for name, value in {**facts, "version_seq": 1}.items():
            setattr(chapter, name, value)
        versions.append(
            version_of(chapter, kind=kind, text=text, number=1, by=principal, at=edit.now)
        )
        counts.append(count)
    Chapter.objects.bulk_create(chapters, batch_size=BATCH)
    ChapterVersion.objects.bulk_create(versions, batch_size=BATCH)
    ChapterSave.objects.bulk_create(saves, batch_size=BATCH)
    if counts:
        total = Count(*map(sum, zip(*map(astuple, counts), strict=True)))
        _move_totals(work_id, nothing, total, timezone.now())


def locked(chapter_id: UUID, principal: Principal) -> Chapter:
    """The chapter, held until the transaction ends. Raises Chapter.DoesNotExist, InBin."""
    rows = Chapter.objects.writable_by(principal).select_for_update(of=("self",))
    chapter = rows.get(pk=chapter_id)
    if chapter.deleted_at is not None:
        raise InBin
    return chapter


def clean(text: str) -> str:
    """Line ends as LF and nothing else changed. Raises InvalidText for what cannot be stored."""
    place = fault_of(text)
    if place is not None:
        raise InvalidText(offset=place)
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def fault_of(text: str) -> int | None:
    """Where a NUL or half a surrogate pair stands, in code points."""
    nul = text.find("\0")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return error.start if nul < 0 else min(nul, error.start)
    return None if nul < 0 else nul


def shown(chapter: Chapter) -> dict[str, Any]:
    """The chapter as a stale writer is told of it."""
    return {
        "id": str(chapter.pk),
        "revision": chapter.revision,
        "title": chapter.title,
        "content": chapter.content,
        "synopsis": chapter.synopsis,
        "stage": chapter.stage,
        "content_sha256": chapter.content_sha256,
        "saved_at": chapter.saved_at,
        "saved_by": chapter.saved_by.get_username() if chapter.saved_by else None,
        "device": chapter.saved_device,
    }


def _save(chapter: Chapter, edit: Edit, text: str | None, wishes: dict[str, Any]) -> Saved:
    if chapter.last_save_id == edit.save_id:
        return _as_it_is(chapter, changed=True)
    if edit.fence is not None and edit.fence != chapter.fence:
        raise LockLost(fence=chapter.fence)
    old = chapter.content
    changed = {name: value for name, value in wishes.items() if getattr(chapter, name) != value}
    is_new_text = text is not None and text != old
    if not is_new_text and not changed:
        return _unchanged(chapter, edit)
    new = text if text is not None else old
    versions = copies(chapter, edit, old, new, changed)
    before = counts_of(chapter)
    after = counting.count(new) if is_new_text else before
    if is_new_text:
        changed |= _columns(new, after)
    _write(chapter, edit, changed, len(versions))
    ChapterVersion.objects.bulk_create(versions)
    _row(chapter, edit, old, new, before, after).save(force_insert=True)
    _move_totals(chapter.work_id, before, after, edit.now)
    return Saved(
        revision=edit.base_revision + 1,
        content_sha256=changed.get("content_sha256", chapter.content_sha256),
        counts=after,
        changed=True,
        saved_at=edit.now,
        version_number=versions[-1].version_number if versions else None,
    )


def _write(chapter: Chapter, edit: Edit, changed: dict[str, Any], versions: int) -> None:
    """The only statement that names `content`. It changes nothing that its writer has not seen. Raises Stale."""
    held = Chapter.objects.filter(pk=chapter.pk, revision=edit.base_revision)
    written = held.update(
        **changed,
        revision=F("revision") + 1,
        version_seq=F("version_seq") + versions,
        **_marks(edit),
        **_ai_marks(edit),
    )
    if not written:
        raise Stale(chapter)


def _columns(text: str, count: Count) -> dict[str, Any]:
    return {
        "content": text,
        "content_sha256": sha256_of(text),
        "word_count": count.words,
        "words_plain": count.words_plain,
        "char_count": count.chars,
        "reading_time": counting.minutes(text, count),
    }


def _marks(edit: Edit) -> dict[str, Any]:
    """Who saved last, when and where."""
    return {
        "saved_at": edit.now,
        "saved_by": edit.principal.user,
        "saved_tab": edit.tab_id,
        "saved_device": edit.device,
        "last_save_id": edit.save_id,
        "updated_at": edit.now,
    }


def _ai_marks(edit: Edit) -> dict[str, Any]:
    if edit.kind != Kind.AI:
        return {}
    return {"ai_version_count": F("ai_version_count") + 1, "last_ai_generated_at": edit.now}


def _unchanged(chapter: Chapter, edit: Edit) -> Saved:
    """Nothing to write; who asks for a version by hand gets one of the text as it stands."""
    if edit.kind != Kind.MANUAL or edit.base_revision != chapter.revision:
        return _as_it_is(chapter, changed=False)
    newest = chapter.versions.newest().first()
    if newest is not None and newest.sha256 == chapter.content_sha256:
        return _as_it_is(chapter, changed=False, number=newest.version_number)
    made = version_of(
        chapter,
        kind=Kind.MANUAL,
        text=chapter.content,
        number=chapter.version_seq + 1,
        by=edit.principal,
        at=edit.now,
        tab_id=edit.tab_id,
        device=edit.device,
    )
    Chapter.objects.filter(pk=chapter.pk).update(version_seq=made.version_number)
    made.save(force_insert=True)
    return _as_it_is(chapter, changed=False, number=made.version_number)


def _as_it_is(chapter: Chapter, *, changed: bool, number: int | None = None) -> Saved:
    return Saved(
        revision=chapter.revision,
        content_sha256=chapter.content_sha256,
        counts=counts_of(chapter),
        changed=changed,
        saved_at=chapter.saved_at,
        version_number=number,
    )


# The ledger and the totals


def _row(
    chapter: Chapter, edit: Edit, old: str, new: str, before: Count, after: Count
) -> ChapterSave:
    """One accepted save."""
    removed, added = extent(old, new)
    return ChapterSave(
        workspace_id=chapter.workspace_id,
        chapter_id=chapter.pk,
        user=edit.principal.user,
        revision=edit.base_revision + 1,
        base_revision=edit.base_revision,
        save_id=edit.save_id,
        kind=edit.kind,
        tab_id=edit.tab_id,
        device=edit.device,
        fence=edit.fence,
        bytes=len(new.encode()),
        chars_added=added,
        chars_removed=removed,
        words_delta=after.words - before.words,
        typed_words=edit.typed.typed_words,
        pasted_words=edit.typed.pasted_words,
        ai_words=words_put(old, new) if edit.kind == Kind.AI else edit.typed.ai_words,
        active_seconds=edit.typed.active_seconds,
        sha256=sha256_of(new),
    )


def _move_totals(work_id: UUID, before: Count, after: Count, now: datetime) -> None:
    Work.objects.filter(pk=work_id).update(
        total_words=F("total_words") + after.words - before.words,
        words_plain=F("words_plain") + after.words_plain - before.words_plain,
        char_count=F("char_count") + after.chars - before.chars,
        last_edited_at=now,
        updated_at=now,
    )
