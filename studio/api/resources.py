"""What of this app clients keep a copy of. Chapters come without their texts, with the hash of them."""

from typing import Any

from accounts import sync
from accounts.api.resources import IF_MATCH
from accounts.authentication import Principal
from accounts.registry import SyncResource, sync_resources
from studio.api.outline import ChapterLineOut, VolumeOut
from studio.api.works import NovelOut
from studio.models import Chapter, Volume, Work


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
    ):
        sync_resources.add(resource.type, resource)


def _chapters(principal: Principal) -> Any:
    return Chapter.objects.visible_to(principal).without_text()
