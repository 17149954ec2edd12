"""Scenes: made, placed in a chapter's text, changed, binned, restored, with those who take part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from accounts.authentication import Principal
from studio import anchors, recording
from studio.models import Chapter, Character, Scene, SceneCharacter, Work
from studio.recording import FieldRefused
from studio.search import indexing

MOST_SCENES = 5_000
MAX_TEXT = 20_000


def create(*, work: Work, given: Mapping[str, Any], by: Principal) -> Scene:
    """`given` names rows of the work; `characters` take part. Raises LimitReached, FieldRefused."""
    recording.require_room(Scene.objects.filter(work=work).alive(), MOST_SCENES)
    values, cast = _split(given)
    scene = Scene(workspace_id=work.workspace_id, work=work)
    for name, value in _placed(scene, values).items():
        setattr(scene, name, value)
    recording.insert(scene, by=by)
    if cast is not None:
        _cast(scene, cast)
    indexing.note(scene)
    return scene


def change(*, scene: Scene, given: Mapping[str, Any], by: Principal) -> Scene:
    """The caller holds the row locked. Another chapter without a passage places the scene nowhere in it."""
    values, cast = _split(given)
    changed = recording.update(scene, _placed(scene, values), by=by)
    if cast is not None:
        _cast(scene, cast)
    if changed:
        indexing.note(scene)
    return scene


def discard(*, scene: Scene, by: Principal) -> None:
    recording.discard(scene, by=by)
    indexing.note(scene)


def restore(*, scene: Scene, by: Principal) -> Scene:
    recording.restore(scene, by=by)
    indexing.note(scene)
    return scene


def _split(given: Mapping[str, Any]) -> tuple[dict[str, Any], Iterable[Character] | None]:
    values = dict(given)
    if "title" in values and not values["title"].strip():
        raise FieldRefused("title", _("Give a title."))
    return values, values.pop("characters", None)


def _placed(scene: Scene, values: dict[str, Any]) -> dict[str, Any]:
    """The columns with the anchor of the passage that they name."""
    start, end = values.pop("start_position", None), values.pop("end_position", None)
    chapter: Chapter | None = values.get("chapter", scene.chapter)
    if start is not None and end is not None:
        if chapter is None:
            raise FieldRefused("start_position", _("Name the chapter of the passage."))
        return {**values, **anchors.placed(chapter, start, end)}
    moves = "chapter" in values and (chapter and chapter.pk) != scene.chapter_id
    return {**values, **anchors.unplaced()} if moves else values


def _cast(scene: Scene, wanted: Iterable[Character]) -> None:
    """Exactly these take part."""
    people = {row.pk for row in wanted}
    rows = SceneCharacter.objects.filter(scene=scene)
    rows.exclude(character__in=people).delete()
    there = set(rows.values_list("character_id", flat=True))
    SceneCharacter.objects.bulk_create(
        SceneCharacter(
            workspace_id=scene.workspace_id,
            work_id=scene.work_id,
            scene=scene,
            character_id=number,
        )
        for number in sorted(people - there)
    )
