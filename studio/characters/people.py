"""Characters: made, changed, binned, restored. Whatever changes their names has the work counted anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.authentication import Principal
from studio import recording
from studio.appearances import due
from studio.characters import merging
from studio.models import Character, Work
from studio.models.character import MAX_NAME, MAX_NAMES
from studio.prose.folding import fold
from studio.recording import FieldRefused
from studio.search import indexing

MOST_CHARACTERS = 2_000
MOST_OWN_ATTRIBUTES = 30
MAX_ATTRIBUTE = 2_000
# The attributes every card offers; up to thirty others are the author's own.
ATTRIBUTES = ("age", "gender", "occupation", "appearance", "personality", "background", "goals")
# What decides where somebody is found.
NAMING = frozenset({"name", "aliases", "exclusions", "case_sensitive", "is_tracked"})


def create(*, work: Work, given: Mapping[str, Any], by: Principal) -> Character:
    """Raises NameTaken, LimitReached, FieldRefused."""
    recording.require_room(Character.objects.filter(work=work).alive(), MOST_CHARACTERS)
    row = Character(workspace_id=work.workspace_id, work=work, **_clean(given))
    recording.insert(row, by=by)
    indexing.note(row)
    due.names_changed(work.pk)
    return row


def change(*, character: Character, given: Mapping[str, Any], by: Principal) -> Character:
    """The caller holds the row locked. Raises NameTaken, FieldRefused."""
    changed = recording.update(character, _clean(given), by=by)
    if changed:
        indexing.note(character)
    if changed & NAMING:
        due.names_changed(character.work_id)
    return character


def discard(*, character: Character, by: Principal) -> None:
    recording.discard(character, by=by)
    indexing.note(character)
    due.names_changed(character.work_id)


def restore(*, character: Character, by: Principal) -> Character:
    """Out of the bin, with everything that a merger took. Raises NameTaken."""
    recording.restore(character, by=by)
    merging.undo(character)
    indexing.note(character)
    due.names_changed(character.work_id)
    return character


def belongs_to(*, surface: str, character: Character, by: Principal) -> None:
    """Settle a name that several have: the others no longer mean it, in the whole work.

    Raises FieldRefused where the name is not this person's.
    """
    folded = fold(surface)
    people = Character.objects.filter(work=character.work_id).alive().select_for_update()
    sharing = [row for row in people if folded in {fold(name) for name in (row.name, *row.aliases)}]
    if character.pk not in {row.pk for row in sharing}:
        raise FieldRefused("character_id", _("This person does not have the name."))
    for row in sharing:
        kept = [words for words in row.exclusions if fold(words) != folded]
        wanted = kept if row.pk == character.pk else [*kept, surface]
        if len(wanted) > MAX_NAMES:
            raise FieldRefused("character_id", _("Somebody has too many exclusions already."))
        change(character=row, given={"exclusions": wanted}, by=by)


def warnings(character: Character) -> list[str]:
    """Names of one letter: they are found everywhere."""
    return [name for name in (character.name, *character.aliases) if len(name.strip()) == 1]


def _clean(given: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(given)
    if "name" in values:
        values["name"] = values["name"].strip()
        if not values["name"]:
            raise FieldRefused("name", _("Give a name."))
    for name in ("aliases", "exclusions"):
        if name in values:
            values[name] = _names(name, values[name])
    if "attributes" in values:
        _check(values["attributes"])
    return values


def _names(field: str, given: Iterable[str]) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in given if name.strip()))
    if len(names) > MAX_NAMES or any(len(name) > MAX_NAME for name in names):
        raise FieldRefused(
            field,
            _("At most %(most)s names of %(long)s characters.")
            % {"most": MAX_NAMES, "long": MAX_NAME},
        )
    return names


def _check(attributes: Mapping[str, Any]) -> None:
    own = [key for key in attributes if key not in ATTRIBUTES]
    if len(own) > MOST_OWN_ATTRIBUTES:
        raise FieldRefused(
            "attributes", _("At most %(most)s of your own.") % {"most": MOST_OWN_ATTRIBUTES}
        )
    for key, value in attributes.items():
        if not key.strip() or len(key) > 50 or not isinstance(value, str):
            raise FieldRefused("attributes", _("Each has a short name and a text."))
        if len(value) > MAX_ATTRIBUTE:
            raise FieldRefused(
                "attributes", _("At most %(most)s characters each.") % {"most": MAX_ATTRIBUTE}
            )
