"""What of this app clients keep a copy of. Chapters come without their texts, with the hash of them."""

from typing import Any

from accounts import sync
from accounts.api.resources import IF_MATCH
from accounts.authentication import Principal
from accounts.registry import SyncResource, sync_resources
from studio.api.characters import CharacterOut
from studio.api.outline import ChapterLineOut, VolumeOut
from studio.api.relations import RelationOut
from studio.api.scenes import SceneOut
from studio.api.tags import TagOut
from studio.api.works import NovelOut
from studio.api.worldview import EntryOut
from studio.models import (
    Chapter,
    Character,
    CharacterRelation,
    Scene,
    Tag,
    Volume,
    Work,
    WorldEntry,
)


def _story(kind: str, shape: Any, address: str, rows: Any) -> SyncResource:
    """Rows with a version of their own, which their changes name by `If-Match`."""
    found = sync.of_queryset(rows, version=lambda row: row.version)
    return SyncResource(kind, shape, f"/api/v1/{address}/{{id}}/", IF_MATCH, **found)


def _with_cast(model: Any) -> Any:
    return lambda principal: model.objects.visible_to(principal).prefetch_related("cast")


STORY = (
    _story("character", CharacterOut, "characters", Character.objects.visible_to),
    _story("relation", RelationOut, "relations", CharacterRelation.objects.visible_to),
    _story("scene", SceneOut, "scenes", _with_cast(Scene)),
    _story("world_entry", EntryOut, "worldview", _with_cast(WorldEntry)),
    _story("tag", TagOut, "tags", Tag.objects.visible_to),
)


def declare() -> None:
    for resource in (
        SyncResource(
            "work",
            NovelOut,
            "/api/v1/works/{id}/",
            IF_MATCH,
            **sync.of_queryset(Work.objects.visible_to, version=lambda row: row.revision),
        ),
        SyncResource(
            "volume",
            VolumeOut,
            "/api/v1/volumes/{id}/",
            IF_MATCH,
            **sync.of_queryset(Volume.objects.visible_to),
        ),
        SyncResource(
            "chapter",
            ChapterLineOut,
            "/api/v1/chapters/{id}/",
            IF_MATCH,
            **sync.of_queryset(_chapters, version=lambda row: row.revision),
        ),
        *STORY,
    ):
        sync_resources.add(resource.type, resource)


def _chapters(principal: Principal) -> Any:
    return Chapter.objects.visible_to(principal).without_text()
