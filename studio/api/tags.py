"""Tags of a work's chapters, one's own among them."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Refused
from accounts.web.serializers import Serializer
from studio import tags
from studio.api.story import StoryView, unknown
from studio.models import Chapter, Tag


class TagFieldsIn(Serializer):
    name = serializers.CharField(max_length=50, required=False)
    color = serializers.RegexField(r"^#[0-9A-Fa-f]{6}$", required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class TagIn(TagFieldsIn):
    name = serializers.CharField(max_length=50)
    is_own = serializers.BooleanField(
        required=False, default=False, help_text="One's own tag, in all of one's works."
    )


class TagMergerIn(Serializer):
    tag_id = serializers.UUIDField(help_text="Which tag becomes part of this one.")


class ChapterTagsIn(Serializer):
    tag_ids = serializers.ListField(
        child=serializers.UUIDField(), max_length=tags.MOST_ON_A_CHAPTER
    )


class TagOut(serializers.Serializer):
    id = serializers.UUIDField()
    work_id = serializers.UUIDField(allow_null=True)
    user_id = serializers.UUIDField(allow_null=True)
    name = serializers.CharField()
    color = serializers.CharField()
    description = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class TagCountOut(TagOut):
    """`chapters`: how many chapters of the work carry it."""

    chapters = serializers.IntegerField()


class ChapterTagsOut(serializers.Serializer):
    tags = serializers.ListField(child=serializers.CharField())


class WorkTags(StoryView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}

    @extend_schema(responses=TagCountOut(many=True))
    def get(self, request: Request, work_id: UUID) -> Response:
        """The work's tags and one's own."""
        rows = tags.of_work(self.principal, self.work(work_id))
        return Response(self.shown(rows.order_by("name", "pk"), TagCountOut, many=True))

    @extend_schema(request=TagIn, responses={201: TagOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        work = self.work(work_id, "write")
        given = self.read(TagIn)
        is_own = given.pop("is_own")
        made = tags.create(work=work, given=given, is_own=is_own, by=self.principal)
        return self.tagged(made, TagOut, status=HTTPStatus.CREATED)


class TagView(StoryView):
    def tag(self, tag_id: UUID) -> Tag:
        """One to be changed, locked."""
        visible = Tag.objects.visible_to(self.principal)
        row = self.find(visible.select_for_update(of=("self",)), pk=tag_id)
        if not Tag.objects.editable_by(self.principal).filter(pk=tag_id).exists():
            raise Refused("permission_denied")
        return row


class TagDetail(TagView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.update",
        "DELETE": "work.update",
    }

    @extend_schema(responses=TagOut)
    def get(self, request: Request, tag_id: UUID) -> Response:
        return self.tagged(self.find(Tag.objects.visible_to(self.principal), pk=tag_id), TagOut)

    @extend_schema(request=TagFieldsIn, responses=TagOut)
    def patch(self, request: Request, tag_id: UUID) -> Response:
        """Rename or colour it, on every chapter at once."""
        row = self.fresh(self.tag(tag_id))
        tags.change(tag=row, given=self.read(TagFieldsIn), by=self.principal)
        return self.tagged(row, TagOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, tag_id: UUID) -> Response:
        """Take it off every chapter."""
        tags.remove(tag=self.fresh(self.tag(tag_id)), by=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)


class TagMerger(TagView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=TagMergerIn, responses=TagOut)
    def post(self, request: Request, tag_id: UUID) -> Response:
        """Two tags become one, on every chapter at once."""
        row = self.tag(tag_id)
        number = self.read(TagMergerIn)["tag_id"]
        other = Tag.objects.editable_by(self.principal).filter(pk=number).first()
        if other is None:
            raise unknown("tag_id")
        return self.tagged(tags.merge(tag=row, other=other, by=self.principal), TagOut)


class ChapterTags(StoryView):
    required_permissions: ClassVar = {"PUT": "work.update"}

    @extend_schema(request=ChapterTagsIn, responses=ChapterTagsOut)
    def put(self, request: Request, chapter_id: UUID) -> Response:
        """The chapter carries exactly these of the tags you see."""
        visible = Chapter.objects.visible_to(self.principal).without_text()
        chapter = self.find(visible.select_for_update(of=("self",)), pk=chapter_id)
        if not Chapter.objects.editable_by(self.principal).filter(pk=chapter_id).exists():
            raise Refused("permission_denied")
        wanted = set(self.read(ChapterTagsIn)["tag_ids"])
        found = [tag for tag in tags.of_work(self.principal, chapter.work) if tag.pk in wanted]
        if len(found) != len(wanted):
            raise unknown("tag_ids")
        tags.put_on(chapter=chapter, tags=found, by=self.principal)
        return Response({"tags": chapter.tags})
