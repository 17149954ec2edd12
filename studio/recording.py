"""What is told about a story, row by row: made, changed, binned, restored, erased, each with its line of the audit log.

The audit log gets names and places, never what somebody wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from taishang.catalogue.refusals import constraint_of

# Model → its noun in the audit log, and the columns that are told there.
NOUNS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "character": ("character", ("name", "is_tracked", "ai_inclusion")),
    "characterrelation": ("relation", ("from_character_id", "to_character_id", "kind")),
    "scene": ("scene", ("title", "chapter_id", "start_position", "end_position")),
    "worldentry": ("world_entry", ("title", "category", "parent_id")),
    "tag": ("tag", ("name", "color")),
    "comment": ("comment", ("chapter_id", "parent_id")),
    "collaborator": ("collaborator", ("user_id", "role", "permissions")),
}
NAMES = frozenset(
    {"studio_characters_name_uniq", "studio_tags_name_uniq", "studio_character_relations_uniq"}
)


class StoryRefused(Exception):
    """The base of what is refused. `code` is a registered problem, `members` become members of the answer."""

    code = ""

    def __init__(self, **members: Any) -> None:
        super().__init__(self.code)
        self.members = members


class NameTaken(StoryRefused):
    """Another one of this work has the name."""

    code = "name_taken"


class LimitReached(StoryRefused):
    """A work holds no more of them; `limit` says how many."""

    code = "limit_reached"


class FieldRefused(StoryRefused):
    """A value that does not fit, named by its field; doors answer 400 with it."""

    code = "validation_error"

    def __init__(self, field: str, message: str) -> None:
        error = {"pointer": field, "code": "invalid", "message": message, "params": {}}
        super().__init__(errors=[error])
        self.field = field
        self.message = message


def insert(row: models.Model, *, by: Principal) -> None:
    """Raises NameTaken."""
    _saved(row, force_insert=True)
    _note(row, "created", by, after=facts(row))


def update(row: models.Model, values: Mapping[str, Any], *, by: Principal) -> set[str]:
    """Write what differs and say which columns did; the caller holds the row locked. Raises NameTaken."""
    before = facts(row)
    changed = {name for name, value in values.items() if getattr(row, name) != value}
    if not changed:
        return changed
    for name in changed:
        setattr(row, name, values[name])
    _saved(row, update_fields=[*changed, "updated_at"])
    _note(row, "updated", by, before=before, after=facts(row), fields=sorted(changed))
    return changed


def discard(row: Any, *, by: Principal) -> None:
    """Into the bin."""
    row.deleted_at = timezone.now()
    row.save(update_fields=["deleted_at", "updated_at"])
    _note(row, "binned", by, before=facts(row))


def restore(row: Any, *, by: Principal) -> None:
    """Out of the bin. Raises NameTaken where somebody took the name meanwhile."""
    row.deleted_at = None
    _saved(row, update_fields=["deleted_at", "updated_at"])
    _note(row, "restored", by, after=facts(row))


def erase(row: models.Model, *, by: Principal) -> None:
    _note(row, "deleted", by, before=facts(row))
    row.delete()


def require_room(rows: models.QuerySet[Any], limit: int) -> None:
    """Raises LimitReached where `rows` are as many as may be."""
    if rows.count() >= limit:
        raise LimitReached(limit=limit)


def facts(row: models.Model) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in NOUNS[_model(row)][1]}


def _saved(row: models.Model, **options: Any) -> None:
    try:
        with transaction.atomic():
            row.save(**options)
    except IntegrityError as error:
        if constraint_of(error) in NAMES:
            raise NameTaken from error
        raise
    if hasattr(row, "version"):
        row.refresh_from_db(fields=["version"])


def _note(
    row: models.Model,
    verb: str,
    by: Principal,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    fields: list[str] | None = None,
) -> None:
    noun = NOUNS[_model(row)][0]
    details: dict[str, Any] = {"work": str(getattr(row, "work_id", None) or "")}
    if fields:
        details["fields"] = fields
    audit.record(
        actor=by,
        action=f"{noun}.{verb}",
        target=(noun, row.pk),
        before=before,
        after=after,
        details=details,
    )


def _model(row: models.Model) -> str:
    return str(row._meta.model_name)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | bool | dict | None) else str(value)


def note_tags(chapter: Any, *, by: Principal) -> None:
    """Which tags a chapter carries now."""
    audit.record(
        actor=by,
        action="chapter.tagged",
        target=("chapter", chapter.pk),
        details={"tags": list(chapter.tags), "work": str(chapter.work_id)},
    )
