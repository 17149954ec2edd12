"""What a save leaves of the text before it: a copy wherever somebody could want it back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from accounts.authentication import Principal
from laojun import configs
from studio.models import Chapter, ChapterVersion
from studio.models.base import moment_of, uuid7_at
from studio.prose import counting, differences
from studio.prose.counting import Count

BUCKET_SECONDS = 180
REMOVED_CHARACTERS = 200
REMOVED_PART = 10
RETENTION_DAYS = "studio.versions.retention_days"
Kind = ChapterVersion.Kind
# What is copied before a deed that the writer may want undone, instead of a plain copy.
BEFORE = {Kind.AI: Kind.PRE_AI, Kind.RESTORE: Kind.PRE_RESTORE, Kind.REPLACE: Kind.PRE_REPLACE}
FOR_EVER = (Kind.PRE_RESTORE, Kind.PUBLISHED)


@dataclass(frozen=True)
class Typed:
    """What the editor counted since the save before: words, and seconds of activity."""

    typed_words: int = 0
    pasted_words: int = 0
    ai_words: int = 0
    active_seconds: int = 0


@dataclass(frozen=True)
class Edit:
    """Who saves, from where, with what in hand."""

    principal: Principal
    base_revision: int
    save_id: UUID
    kind: str
    tab_id: str
    device: str
    fence: int | None
    typed: Typed
    now: datetime = field(default_factory=timezone.now)
    # What the version of the new text remembers: label, agent_id, ai_request_id, model_id, source_version.
    origin: dict[str, Any] = field(default_factory=dict)


def copies(
    chapter: Chapter, edit: Edit, old: str, new: str, changed: dict[str, Any]
) -> list[ChapterVersion]:
    """The copies that this save leaves: of the text before it where somebody could miss it, of its own by name."""
    newest = chapter.versions.newest().first()
    found: list[ChapterVersion] = []
    why = _why_copy(chapter, edit, newest, old, new)
    kind = BEFORE.get(Kind(edit.kind), Kind.AUTOSAVE)
    if why and old and newest is not None and newest.sha256 == chapter.content_sha256:
        _keep_longer(newest, kind)
    elif why and old:
        found.append(_copy(chapter, edit, kind, old, why))
    if edit.kind != Kind.AUTOSAVE:
        found.append(
            version_of(
                chapter,
                kind=edit.kind,
                text=new,
                number=chapter.version_seq + len(found) + 1,
                by=edit.principal,
                at=edit.now,
                tab_id=edit.tab_id,
                device=edit.device,
                revision=edit.base_revision + 1,
                title=changed.get("title", chapter.title),
                **edit.origin,
            )
        )
    return found


def _why_copy(
    chapter: Chapter, edit: Edit, newest: ChapterVersion | None, old: str, new: str
) -> str:
    """Why the text before is copied: the deed is no autosave, another bucket began, or much of it goes at once."""
    if edit.kind != Kind.AUTOSAVE:
        return "deed"
    user = edit.principal.user
    here = _bucket(user.pk if user is not None else None, edit.tab_id, edit.now)
    if chapter.saved_at is None:
        return "bucket"
    if _bucket(chapter.saved_by_id, chapter.saved_tab, chapter.saved_at) != here:
        return "bucket"
    removed = extent(old, new)[0]
    if removed <= max(REMOVED_CHARACTERS, len(old) // REMOVED_PART):
        return ""
    if newest is not None and newest.diff_summary.get("why") == "removal":
        already = _bucket(newest.author_id, newest.tab_id, newest.created_at) == here
        return "" if already else "removal"
    return "removal"


def _bucket(person: UUID | None, tab: str, at: datetime) -> tuple[UUID | None, str, int]:
    return person, tab, int(at.timestamp()) // BUCKET_SECONDS


def extent(old: str, new: str) -> tuple[int, int]:
    """How many code points were removed and added between the common beginning and end."""
    start, end = differences.common(old, new)
    return len(old) - start - end, len(new) - start - end


def words_put(old: str, new: str) -> int:
    """The words of what was put into a text, paragraph by paragraph; what it replaced is not subtracted. Units: 字."""
    pairs = (("\n".join(hunk.old), "\n".join(hunk.new)) for hunk in differences.compare(old, new))
    return sum(counting.count(_middle(*pair)).words for pair in pairs)


def _middle(old: str, new: str) -> str:
    start, end = differences.common(old, new)
    return new[start : len(new) - end]


def _copy(chapter: Chapter, edit: Edit, kind: str, old: str, why: str) -> ChapterVersion:
    """The stored text, under the name of whoever saved it, at the time when they did."""
    author = chapter.saved_by
    return version_of(
        chapter,
        kind=kind,
        text=old,
        number=chapter.version_seq + 1,
        at=chapter.saved_at or chapter.created_at,
        stored_at=edit.now,
        author_id=chapter.saved_by_id,
        author_name=author.get_username() if author else "",
        tab_id=chapter.saved_tab,
        device=chapter.saved_device,
        diff_summary={"why": why},
    )


def _keep_longer(version: ChapterVersion, kind: str) -> None:
    """The text stands as a version already; a restore point of it stays for ever."""
    if kind in FOR_EVER and version.valid_until is not None:
        same = ChapterVersion.objects.filter(pk=version.pk, created_at=version.created_at)
        same.update(valid_until=None, updated_at=timezone.now())


def version_of(  # noqa: PLR0913 - a row has as many columns
    chapter: Chapter,
    *,
    kind: str,
    text: str,
    number: int,
    at: datetime,
    by: Principal | None = None,
    stored_at: datetime | None = None,
    label: str = "",
    **facts: Any,
) -> ChapterVersion:
    """A version that is not stored yet. `at` is the time of its text, which also names its month."""
    if by is not None and by.user is not None:
        facts |= {"author_id": by.user.pk, "author_name": by.user.get_username()}
    sha256 = sha256_of(text)
    same = sha256 == chapter.content_sha256
    count = counts_of(chapter) if same else counting.count(text)
    pk = uuid7_at(at)
    facts.setdefault("revision", chapter.revision)
    facts.setdefault("title", chapter.title)
    return ChapterVersion(
        id=pk,
        created_at=moment_of(pk),
        workspace_id=chapter.workspace_id,
        chapter_id=chapter.pk,
        version_number=number,
        change_type=kind,
        content=text,
        sha256=sha256,
        word_count=count.words,
        char_count=count.chars,
        bytes=len(text.encode()),
        label=label,
        is_kept=bool(label),
        valid_until=expiry(kind, label, stored_at or at, chapter.workspace_id),
        **facts,
    )


def expiry(kind: str, label: str, stored_at: datetime, workspace_id: int) -> datetime | None:
    """When a version goes; None is never."""
    if label or kind in FOR_EVER:
        return None
    return stored_at + timedelta(days=configs.value(RETENTION_DAYS, workspace_id))


def sha256_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def counts_of(chapter: Chapter) -> Count:
    return Count(chapter.word_count, chapter.words_plain, chapter.char_count)
