"""Two characters who are one: the names, relations, scenes and world entries of the second become the first's.

What moved is kept with the second one in the bin, so that bringing it back undoes the merger.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.authentication import Principal
from studio import recording
from studio.appearances import due
from studio.models import (
    Character,
    CharacterRelation,
    Scene,
    SceneCharacter,
    WorldEntryCharacter,
)
from studio.models.character import MAX_NAMES
from studio.recording import FieldRefused
from studio.search import indexing

# Where a merged character keeps what moved; no attribute of an author's can have this name.
KEPT = "\u2192merged"
CASTS: tuple[tuple[str, Any, str], ...] = (
    ("scenes", SceneCharacter, "scene_id"),
    ("worldview", WorldEntryCharacter, "entry_id"),
)


def merge(*, character: Character, other: Character, by: Principal) -> Character:
    """Take `other` into `character`; both are locked by the caller and of one work. Raises FieldRefused."""
    if character.pk == other.pk or character.work_id != other.work_id:
        raise FieldRefused("character_id", _("Choose another character of this work."))
    added = [
        name
        for name in dict.fromkeys((other.name, *other.aliases))
        if name not in (character.name, *character.aliases)
    ]
    if len(character.aliases) + len(added) > MAX_NAMES:
        raise FieldRefused("character_id", _("Together they have too many names."))
    kept: dict[str, Any] = {"into": str(character.pk), "aliases": added}
    kept["relations"] = [str(number) for number in _move_relations(other, character)]
    for name, model, column in CASTS:
        kept[name] = [str(number) for number in _move_cast(model, column, other, character)]
    kept["pov"] = [str(number) for number in _move_views(other, character)]
    other.attributes = {**other.attributes, KEPT: kept}
    other.save(update_fields=["attributes", "updated_at"])
    recording.discard(other, by=by)
    indexing.note(other)
    recording.update(character, {"aliases": [*character.aliases, *added]}, by=by)
    indexing.note(character)
    due.names_changed(character.work_id)
    return character


def undo(other: Character) -> None:
    """Give back what a merger took from a character that is out of the bin again; nothing for others."""
    kept = other.attributes.pop(KEPT, None)
    if kept is None:
        return
    other.save(update_fields=["attributes", "updated_at"])
    rows = Character.objects.select_for_update().filter(pk=kept["into"], work=other.work_id)
    into = rows.first()
    if into is None:
        return
    into.aliases = [name for name in into.aliases if name not in kept["aliases"]]
    into.save(update_fields=["aliases", "updated_at"])
    indexing.note(into)
    for row in CharacterRelation.objects.filter(pk__in=kept["relations"], work=other.work_id):
        _turn(row, into.pk, other.pk)
    for name, model, _column in CASTS:
        model.objects.filter(pk__in=kept[name], character=into).update(character=other)
    Scene.objects.filter(pk__in=kept["pov"], pov_character=into).update(pov_character=other)


def _move_relations(source: Character, target: Character) -> list[UUID]:
    """Those that the target does not have already; the rest stays with the binned one."""
    moved = []
    mine = Q(from_character=source) | Q(to_character=source)
    for row in CharacterRelation.objects.filter(mine, work=source.work_id):
        if target.pk in (row.from_character_id, row.to_character_id):
            continue
        if _turn(row, source.pk, target.pk):
            moved.append(row.pk)
    return moved


def _turn(row: CharacterRelation, old: UUID, new: UUID) -> bool:
    """Let a relation name another person; not where the same relation is there already."""
    ends = [new if end == old else end for end in (row.from_character_id, row.to_character_id)]
    if not row.is_directed:
        ends.sort()
    same = CharacterRelation.objects.filter(
        from_character=ends[0], to_character=ends[1], kind=row.kind
    )
    if same.exists():
        return False
    row.from_character_id, row.to_character_id = ends
    row.save(update_fields=["from_character", "to_character", "updated_at"])
    return True


def _move_cast(model: Any, column: str, source: Character, target: Character) -> list[UUID]:
    taken = model.objects.filter(character=target).values(column)
    rows = model.objects.filter(character=source).exclude(**{f"{column}__in": taken})
    numbers = list(rows.values_list("pk", flat=True))
    model.objects.filter(pk__in=numbers).update(character=target)
    return numbers


def _move_views(source: Character, target: Character) -> list[UUID]:
    numbers = list(Scene.objects.filter(pov_character=source).values_list("pk", flat=True))
    Scene.objects.filter(pk__in=numbers).update(pov_character=target)
    return numbers
