"""Comments on a work's passages: list, write, answer, change, place again, resolve, delete."""

from __future__ import annotations

from http import HTTPStatus
from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio import comments
from studio.api.story import StoryView, unknown
from studio.models import Chapter, Comment
from studio.models.comment import MAX_BODY


class PassageIn(Serializer):
    start_position = serializers.IntegerField(min_value=0, required=False)
    end_position = serializers.IntegerField(min_value=0, required=False)


class CommentIn(PassageIn):
    chapter_id = serializers.UUIDField()
    body = serializers.CharField(max_length=MAX_BODY)
    parent_id = serializers.UUIDField(required=False, allow_null=True)


class CommentChangeIn(PassageIn):
    body = serializers.CharField(max_length=MAX_BODY, required=False)


class CommentOut(serializers.Serializer):
    """A comment; an answer names its `parent_id` and has no passage of its own."""

    id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    chapter_id = serializers.UUIDField()
    parent_id = serializers.UUIDField(allow_null=True)
    author_id = serializers.UUIDField(allow_null=True)
    author_name = serializers.CharField()
    body = serializers.CharField()
    revision = serializers.IntegerField(allow_null=True)
    start_position = serializers.IntegerField(allow_null=True)
    end_position = serializers.IntegerField(allow_null=True)
    anchor_quote = serializers.CharField()
    anchor_state = serializers.CharField()
    resolved_at = serializers.DateTimeField(allow_null=True)
    resolved_by_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


def passage_of(given: dict[str, object]) -> tuple[int, int] | None:
    start, end = given.get("start_position"), given.get("end_position")
    if (start is None) != (end is None):
        message = "A passage has a beginning and an end."
        raise Invalid([field_error("end_position", "required", message)])
    return (start, end) if isinstance(start, int) and isinstance(end, int) else None


class CommentView(StoryView):
    def comment(self, comment_id: UUID, right: str = "read") -> Comment:
        rows = Comment.objects.visible_to(self.principal)
        return self.row(rows.select_related("chapter", "work"), comment_id, right)


class Comments(CommentView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.view"}
    query_parameters = frozenset({"chapter", "resolved"})
    orderings = ("-created_at", "updated_at")

    @extend_schema(responses=page_of(CommentOut))
    def get(self, request: Request, work_id: UUID) -> Response:
        rows = Comment.objects.visible_to(self.principal).filter(work=self.work(work_id))
        if (chapter := request.GET.get("chapter")) is not None:
            try:
                rows = rows.filter(chapter=UUID(chapter))
            except ValueError as error:
                raise Invalid([field_error("chapter", "invalid", "This is no id.")]) from error
        if request.GET.get("resolved") in {"true", "false"}:
            rows = rows.filter(resolved_at__isnull=request.GET["resolved"] == "false")
        return self.page(rows, CommentOut)

    @extend_schema(request=CommentIn, responses={201: CommentOut})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Comment on a passage or on the whole chapter, or answer; `@name` tells somebody of it."""
        work = self.work(work_id, "comment")
        given = self.read(CommentIn)
        chapters = Chapter.objects.visible_to(self.principal).select_related("work")
        chapter = self.named(chapters, given, work.pk, "chapter_id")
        parent = None
        if given.get("parent_id") is not None:
            rows = Comment.objects.visible_to(self.principal)
            parent = self.named(rows, given, work.pk, "parent_id")
        if chapter is None:
            raise unknown("chapter_id")
        made = comments.create(
            chapter=chapter,
            body=given["body"],
            passage=passage_of(given),
            parent=parent,
            by=self.principal,
        )
        return self.tagged(made, CommentOut, status=HTTPStatus.CREATED)


class CommentDetail(CommentView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.view",
        "DELETE": "work.view",
    }

    @extend_schema(responses=CommentOut)
    def get(self, request: Request, comment_id: UUID) -> Response:
        return self.tagged(self.comment(comment_id), CommentOut)

    @extend_schema(request=CommentChangeIn, responses=CommentOut)
    def patch(self, request: Request, comment_id: UUID) -> Response:
        """Change one's own words, or place a comment whose passage is gone."""
        row = self.comment(comment_id, "comment")
        given = self.read(CommentChangeIn)
        if "body" in given:
            comments.change(comment=row, body=given["body"], by=self.principal)
        if (passage := passage_of(given)) is not None:
            comments.place(comment=row, chapter=row.chapter, passage=passage, by=self.principal)
        return self.tagged(row, CommentOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, comment_id: UUID) -> Response:
        """Take it away with its answers."""
        comments.remove(comment=self.comment(comment_id, "comment"), by=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)


class CommentResolution(CommentView):
    required_permissions: ClassVar = {"POST": "work.view", "DELETE": "work.view"}

    @extend_schema(request=None, responses=CommentOut)
    def post(self, request: Request, comment_id: UUID) -> Response:
        """Settle a thread."""
        return self._resolve(comment_id, is_resolved=True)

    @extend_schema(responses=CommentOut)
    def delete(self, request: Request, comment_id: UUID) -> Response:
        """Open it again."""
        return self._resolve(comment_id, is_resolved=False)

    def _resolve(self, comment_id: UUID, *, is_resolved: bool) -> Response:
        row = self.comment(comment_id, "comment")
        comments.resolve(comment=row, is_resolved=is_resolved, by=self.principal)
        return self.tagged(row, CommentOut)
