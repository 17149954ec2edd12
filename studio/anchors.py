"""Anchored rows: scenes, comments and tags that hold on to a passage, moved with the text after each save."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from studio.models import Chapter, ChapterTag, Comment, Scene
from studio.prose import anchoring
from studio.prose.anchoring import Anchor, NothingToHold
from studio.recording import FieldRefused

COLUMNS = ("anchor_quote", "anchor_prefix", "anchor_suffix", "anchor_revision", "anchor_state")


def placed(chapter: Chapter, start: int, end: int) -> dict[str, Any]:
    """The columns of a row that holds `start:end` of the chapter as it stands now. Raises FieldRefused."""
    try:
        anchor = anchoring.take(chapter.content, start, end)
    except NothingToHold as error:
        raise FieldRefused(
            "start_position", "The chapter is too short to hold on to a passage of it."
        ) from error
    except ValueError as error:
        raise FieldRefused("start_position", "The chapter has no such passage.") from error
    return _columns(anchor, "anchored", chapter.revision)


def unplaced() -> dict[str, Any]:
    """The columns of a row that holds nothing."""
    return {
        "anchor_quote": "",
        "anchor_prefix": "",
        "anchor_suffix": "",
        "anchor_revision": None,
        "anchor_state": "",
        "start_position": None,
        "end_position": None,
    }


def follow(chapter: Chapter) -> int:
    """Find every anchor of the chapter in its text of now; the chapter is locked by the caller. Answers how many moved."""
    changed = 0
    for row in _held(chapter):
        anchor = Anchor(
            start=_start(row),
            end=row.end_position,
            quote=row.anchor_quote,
            prefix=row.anchor_prefix,
            suffix=row.anchor_suffix,
        )
        found, state = anchoring.renew(anchor, chapter.content)
        changed += _write(row, _columns(found, state, chapter.revision))
    return changed


def _held(chapter: Chapter) -> Iterator[Any]:
    """Rows of the chapter that an older revision was the last to place."""
    kinds: Iterable[Any] = (Scene, Comment, ChapterTag)
    for model in kinds:
        rows = model.objects.filter(chapter=chapter, anchor_revision__lt=chapter.revision)
        yield from rows.exclude(anchor_quote="").filter(end_position__isnull=False)


def _write(row: Any, columns: dict[str, Any]) -> bool:
    """Only what differs; the revision alone moves nothing that anybody sees."""
    if isinstance(row, ChapterTag):
        columns["position"] = columns.pop("start_position")
    model = type(row)
    seen = {name: value for name, value in columns.items() if name != "anchor_revision"}
    is_moved = any(getattr(row, name) != value for name, value in seen.items())
    model.objects.filter(pk=row.pk).update(**columns)
    return is_moved


def _start(row: Any) -> int:
    place = row.position if isinstance(row, ChapterTag) else row.start_position
    return int(place or 0)


def _columns(anchor: Anchor, state: str, revision: int) -> dict[str, Any]:
    return {
        "anchor_quote": anchor.quote,
        "anchor_prefix": anchor.prefix,
        "anchor_suffix": anchor.suffix,
        "anchor_revision": revision,
        "anchor_state": state,
        "start_position": anchor.start,
        "end_position": anchor.end,
    }
