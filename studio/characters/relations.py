"""How characters stand to each other: made, changed, deleted; told as a list and as a graph of one chapter's time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.authentication import Principal
from studio import recording
from studio.models import Chapter, Character, CharacterRelation, Work
from studio.recording import FieldRefused

MOST_RELATIONS = 10_000


def create(*, work: Work, given: Mapping[str, Any], by: Principal) -> CharacterRelation:
    """`given` names rows of the work. Raises NameTaken for the same relation again, FieldRefused, LimitReached."""
    recording.require_room(CharacterRelation.objects.filter(work=work), MOST_RELATIONS)
    row = CharacterRelation(workspace_id=work.workspace_id, work=work, **_ordered(given))
    recording.insert(row, by=by)
    return row


def change(
    *, relation: CharacterRelation, given: Mapping[str, Any], by: Principal
) -> CharacterRelation:
    """The caller holds the row locked. Raises NameTaken, FieldRefused."""
    whole = {
        "from_character": relation.from_character,
        "to_character": relation.to_character,
        "is_directed": relation.is_directed,
        **given,
    }
    recording.update(relation, _ordered(whole), by=by)
    return relation


def remove(*, relation: CharacterRelation, by: Principal) -> None:
    recording.erase(relation, by=by)


def as_of(work_id: UUID, chapter: Chapter | None = None) -> list[CharacterRelation]:
    """The relations of people who are not in the bin; with a chapter those that hold when it is read. Two queries."""
    rows = CharacterRelation.objects.filter(
        work=work_id,
        from_character__deleted_at__isnull=True,
        to_character__deleted_at__isnull=True,
    ).select_related("from_character", "to_character", "since_chapter", "until_chapter")
    found = list(
        rows.defer("since_chapter__content", "until_chapter__content").order_by(
            "from_character__name", "to_character__name", "kind"
        )
    )
    if chapter is None:
        return found
    ordered = Chapter.objects.filter(work=work_id).alive().in_order().values_list("pk", flat=True)
    ranks = {number: rank for rank, number in enumerate(ordered)}
    now = ranks.get(chapter.pk, len(ranks))
    return [row for row in found if _holds(row, ranks, now)]


def of(character: Character) -> list[CharacterRelation]:
    """Those of one person, at either end."""
    rows = CharacterRelation.objects.filter(
        Q(from_character=character, to_character__deleted_at__isnull=True)
        | Q(to_character=character, from_character__deleted_at__isnull=True)
    )
    return list(rows.select_related("from_character", "to_character").order_by("kind", "pk"))


def _holds(row: CharacterRelation, ranks: Mapping[UUID, int], now: int) -> bool:
    since = ranks.get(row.since_chapter_id, 0) if row.since_chapter_id else 0
    until = ranks.get(row.until_chapter_id, now) if row.until_chapter_id else now
    return since <= now <= until


def _ordered(given: Mapping[str, Any]) -> dict[str, Any]:
    """An undirected pair is kept with the smaller id first."""
    values = dict(given)
    one, other = values["from_character"], values["to_character"]
    if one.pk == other.pk:
        raise FieldRefused("to_character_id", _("Choose two different people."))
    if not values.get("is_directed", False) and other.pk < one.pk:
        values["from_character"], values["to_character"] = other, one
    return values
