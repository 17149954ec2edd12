"""The outline of a work: volumes and chapters in their order."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio import bin as binned
from studio import naming, ordering, volumes
from studio.api.base import MAX_BODY, StudioView, TextParser
from studio.api.chapters import ChapterOut, also
from studio.models import Chapter, Volume
from studio.models.work import MAX_TITLE
from studio.ordering import Place

MOST_MOVED = 500


class VolumeChangeIn(Serializer):
    title = serializers.CharField(max_length=MAX_TITLE, required=False, allow_blank=True)
    synopsis = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    is_numbered = serializers.BooleanField(required=False)


class VolumeIn(VolumeChangeIn):
    after = serializers.UUIDField(required=False, allow_null=True)


class ChapterIn(Serializer):
    """Where: into a volume, before or after a chapter of it, else at its end."""

    volume = serializers.UUIDField(required=False, allow_null=True)
    before = serializers.UUIDField(required=False, allow_null=True)
    after = serializers.UUIDField(required=False, allow_null=True)
    title = serializers.CharField(max_length=MAX_TITLE, required=False, allow_blank=True)
    content = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    synopsis = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    stage = serializers.ChoiceField(Chapter.Stage.choices, required=False)
    is_numbered = serializers.BooleanField(required=False)


class ArrangementIn(Serializer):
    ids = serializers.ListField(child=serializers.UUIDField(), min_length=1, max_length=MOST_MOVED)
    volume = serializers.UUIDField(required=False, allow_null=True)
    before = serializers.UUIDField(required=False, allow_null=True)
    after = serializers.UUIDField(required=False, allow_null=True)


class VolumeOut(serializers.Serializer):
    id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    title = serializers.CharField()
    synopsis = serializers.CharField()
    is_numbered = serializers.BooleanField()
    order_index = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ChapterLineOut(serializers.Serializer):
    """A chapter without its text."""

    id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    volume_id = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    stage = serializers.ChoiceField(Chapter.Stage.choices)
    is_numbered = serializers.BooleanField()
    order_index = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    target_words = serializers.IntegerField(allow_null=True)
    word_count = serializers.IntegerField()
    revision = serializers.IntegerField()
    content_sha256 = serializers.CharField()
    saved_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class OutlineVolumeOut(serializers.Serializer):
    id = serializers.UUIDField()
    title = serializers.CharField()
    is_numbered = serializers.BooleanField()


class OutlineLineOut(serializers.Serializer):
    """A chapter at its place: `label` is what it is called, `number` null where it has none."""

    id = serializers.UUIDField(source="chapter.id")
    volume_id = serializers.UUIDField(source="chapter.volume_id", allow_null=True)
    label = serializers.CharField()  # type: ignore[assignment]
    number = serializers.IntegerField(allow_null=True)
    title = serializers.CharField(source="chapter.title")
    word_count = serializers.IntegerField(source="chapter.word_count")
    target_words = serializers.IntegerField(source="chapter.target_words", allow_null=True)
    stage = serializers.CharField(source="chapter.stage")
    tags = serializers.ListField(child=serializers.CharField(), source="chapter.tags")
    revision = serializers.IntegerField(source="chapter.revision")


class OutlineOut(serializers.Serializer):
    structure_revision = serializers.IntegerField(source="work.structure_revision")
    volumes = OutlineVolumeOut(many=True)
    chapters = OutlineLineOut(many=True, source="lines")


class StructureOut(serializers.Serializer):
    structure_revision = serializers.IntegerField()


class WorkOutline(StudioView):
    required_permissions: ClassVar = {"GET": "work.view"}

    @extend_schema(responses=OutlineOut)
    def get(self, request: Request, work_id: UUID) -> Response:
        """The whole skeleton in one reply. The tag is that of the order; counts move without it."""
        work = self.work(work_id)
        also_told = (work.last_edited_at, work.revision)
        tag = etags.of(request, work, version=work.structure_revision, also=also_told)
        if etags.matches(request, tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        found = naming.outline(work)
        return Response(lines(found), headers={"ETag": tag})


class WorkArrangement(StudioView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=ArrangementIn, responses=StructureOut)
    def post(self, request: Request, work_id: UUID) -> Response:
        """Put chapters, in the order given, into a volume before or after one of its chapters, else at its end.

        With `If-Match` nothing moves unless the order is still the one you saw.
        """
        work = self.work(work_id, "write")
        given = self.read(ArrangementIn)
        revision = ordering.move(
            work=work,
            principal=self.principal,
            ids=given["ids"],
            place=Place(given.get("volume"), given.get("before"), given.get("after")),
            seen=self.base_revision() if "If-Match" in request.headers else None,
        )
        return Response({"structure_revision": revision})


class WorkVolumes(StudioView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}
    orderings = ("order_index",)

    @extend_schema(responses=page_of(VolumeOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        rows = Volume.objects.alive().filter(work=self.work(work_id))
        return self.page(rows, VolumeOut)

    @extend_schema(request=VolumeIn, responses={201: VolumeOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Add a volume, after another one or at the end."""
        work = self.work(work_id, "write")
        given = self.read(VolumeIn)
        made = ordering.add_volume(work=work, principal=self.principal, **given)
        made.refresh_from_db()
        return self.tagged(made, VolumeOut, status=HTTPStatus.CREATED)


class VolumeDetail(StudioView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.update",
        "DELETE": "work.update",
    }

    @extend_schema(responses=VolumeOut)
    def get(self, request: Request, volume_id: UUID) -> Response:
        return self.tagged(self.volume(volume_id), VolumeOut)

    @extend_schema(request=VolumeChangeIn, responses=VolumeOut)
    def patch(self, request: Request, volume_id: UUID) -> Response:
        """Rename it, tell what happens in it, say whether it is numbered."""
        volume = self.volume(volume_id, write=True)
        given = self.read(VolumeChangeIn)
        etags.require(request, volume, optional=True)
        volumes.change(volume=volume, principal=self.principal, wishes=given)
        return self.tagged(self.volume(volume_id), VolumeOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, volume_id: UUID) -> Response:
        """Put the volume with its chapters into the bin."""
        volume = self.volume(volume_id, write=True)
        binned.bin_volume(volume=volume, principal=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)


class VolumeRestoration(StudioView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=None, responses=VolumeOut)
    def post(self, request: Request, volume_id: UUID) -> Response:
        """Bring the volume back with the chapters that left with it."""
        rows = Volume.objects.with_right(self.principal, "write")
        binned.restore_volume(volume=self.find(rows, pk=volume_id), principal=self.principal)
        return self.tagged(self.volume(volume_id), VolumeOut)


class WorkChapters(StudioView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}
    orderings = ("-created_at", "created_at")
    parser_classes = [TextParser]
    max_json_bytes = MAX_BODY

    @extend_schema(responses=page_of(ChapterLineOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        """The chapters, without their texts; their order stands in `outline/`."""
        rows = Chapter.objects.alive().filter(work=self.work(work_id)).without_text()
        return self.page(rows, ChapterLineOut)

    @extend_schema(request=ChapterIn, responses={201: ChapterOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Add a chapter, with or without a text."""
        work = self.work(work_id, "write")
        given = self.read(ChapterIn)
        place = Place(*(given.pop(name, None) for name in ("volume", "before", "after")))
        text = given.pop("content", "")
        made = ordering.add_chapter(
            work=work, principal=self.principal, text=text, place=place, **given
        )
        answer = self.versioned(
            made, ChapterOut, made.revision, also=also(made), status=HTTPStatus.CREATED
        )
        answer["Location"] = f"/api/v1/chapters/{made.pk}/"
        return answer


def lines(found: naming.Outline) -> dict[str, object]:
    """The reply by hand: a serializer takes a second for five thousand chapters. The shape is `OutlineOut`."""
    return {
        "structure_revision": found.work.structure_revision,
        "volumes": [
            {"id": one.pk, "title": one.title, "is_numbered": one.is_numbered}
            for one in found.volumes
        ],
        "chapters": [
            {
                "id": line.chapter.pk,
                "volume_id": line.chapter.volume_id,
                "label": line.label,
                "number": line.number,
                "title": line.chapter.title,
                "word_count": line.chapter.word_count,
                "target_words": line.chapter.target_words,
                "stage": line.chapter.stage,
                "tags": line.chapter.tags,
                "revision": line.chapter.revision,
            }
            for line in found.lines
        ],
    }
