"""Publications: works open to readers, frozen chapters, what readers like."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.permissions import SIGNED_IN
from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun.models import File
from studio import reading
from studio.models import Chapter, Publication, PublishedChapter, Work
from studio.models.work import MAX_TITLE
from studio.publishing import chapters, opening, readers

IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif")


class PublicationOut(serializers.Serializer):
    """What readers are told of a work. `slug` is the secret part of `read/{slug}/`."""

    id = serializers.UUIDField()
    slug = serializers.CharField()
    visibility = serializers.ChoiceField(Publication.Visibility.choices)
    title = serializers.CharField()
    blurb = serializers.CharField()
    author_name = serializers.CharField()
    cover_file_id = serializers.UUIDField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)


class PublicationIn(Serializer):
    """Open the work, or change what readers are told. `new_link` makes the former address a 404."""

    visibility = serializers.ChoiceField(Publication.Visibility.choices, required=False)
    title = serializers.CharField(max_length=MAX_TITLE, required=False)
    blurb = serializers.CharField(max_length=opening.MAX_BLURB, required=False, allow_blank=True)
    author_name = serializers.CharField(max_length=150, required=False, allow_blank=True)
    cover_file_id = serializers.UUIDField(required=False, allow_null=True)
    new_link = serializers.BooleanField(required=False)


class PublishedChapterOut(serializers.Serializer):
    """A frozen chapter without its text. It lags when `source_revision` is older than the chapter's."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(PublishedChapter.State.choices)
    scheduled_for = serializers.DateTimeField(allow_null=True)
    title = serializers.CharField()
    word_count = serializers.IntegerField()
    source_revision = serializers.IntegerField(allow_null=True)
    published_at = serializers.DateTimeField(allow_null=True)


class PublishedOut(serializers.Serializer):
    """`shifted` chapters behind it have another public number now."""

    chapter = PublishedChapterOut()
    shifted = serializers.IntegerField()


class PublishIn(Serializer):
    """Without `scheduled_for` readers have it at once."""

    scheduled_for = serializers.DateTimeField(required=False, allow_null=True)


class LikeOut(serializers.Serializer):
    """Whether this reader likes the chapter, and how many do."""

    liked = serializers.BooleanField()
    likes = serializers.IntegerField()


class WorkPublication(ApiView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PUT": "work.publish",
        "DELETE": "work.publish",
    }

    @extend_schema(responses=PublicationOut)
    def get(self, request: Request, work_id: UUID) -> Response:
        """How a work is open to readers; 404 when it never was."""
        work = self.find(Work.objects.visible_to(self.principal), pk=work_id)
        return self.tagged(self.find(Publication.objects.all(), work=work), PublicationOut)

    @extend_schema(request=PublicationIn, responses=PublicationOut)
    def put(self, request: Request, work_id: UUID) -> Response:
        """Open a work to readers. Its chapters are published one by one."""
        work = self._work(work_id)
        told = self.read(PublicationIn, partial=True)
        found = Publication.objects.filter(work=work).first()
        if found is not None:
            etags.require(request, found, optional=True)
        self._check_cover(told.get("cover_file_id"))
        publication = opening.open_to_readers(principal=self.principal, work=work, **told)
        return self.tagged(publication, PublicationOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, work_id: UUID) -> Response:
        """Hide the work from readers, at once."""
        opening.close(principal=self.principal, work=self._work(work_id))
        return Response(status=HTTPStatus.NO_CONTENT)

    def _work(self, work_id: UUID) -> Work:
        work = self.find(Work.objects.visible_to(self.principal), pk=work_id)
        if not Work.objects.with_right(self.principal, "publish").filter(pk=work.pk).exists():
            raise Refused("permission_denied")
        return work

    def _check_cover(self, pk: UUID | None) -> None:
        if pk is None:
            return
        files = File.objects.visible_to(self.principal).filter(mime_type__in=IMAGES)
        if not files.filter(pk=pk).exists():
            message = _("There is no such picture.")
            raise Invalid([field_error("/cover_file_id", "not_found", message)])


class ChapterPublication(ApiView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PUT": "work.publish",
        "DELETE": "work.publish",
    }

    @extend_schema(responses=PublishedChapterOut)
    def get(self, request: Request, chapter_id: UUID) -> Response:
        """What readers have of a chapter; 404 when they never had anything."""
        chapter = self._chapter(chapter_id, "read")
        rows = PublishedChapter.objects.defer("content")
        return self.tagged(self.find(rows, chapter=chapter), PublishedChapterOut)

    @extend_schema(request=PublishIn, responses=PublishedOut)
    def put(self, request: Request, chapter_id: UUID) -> Response:
        """Freeze the chapter as it is now, for readers at once or at a set time."""
        chapter = self._chapter(chapter_id, "publish")
        asked = self.read(PublishIn)
        at: datetime | None = asked.get("scheduled_for")
        try:
            made = chapters.publish(principal=self.principal, chapter=chapter, at=at)
        except chapters.BadTime as error:
            message = _("The time lies ahead, within a year.")
            raise Invalid([field_error("/scheduled_for", "invalid", message)]) from error
        body = {"chapter": self.shown(made.row, PublishedChapterOut), "shifted": made.shifted}
        return Response(body)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, chapter_id: UUID) -> Response:
        """Take the chapter from readers, or off its schedule."""
        chapters.withdraw(principal=self.principal, chapter=self._chapter(chapter_id, "publish"))
        return Response(status=HTTPStatus.NO_CONTENT)

    def _chapter(self, chapter_id: UUID, right: str) -> Chapter:
        chapter = self.find(
            Chapter.objects.visible_to(self.principal).without_text(), pk=chapter_id
        )
        works = Work.objects.with_right(self.principal, right)
        if right != "read" and not works.filter(pk=chapter.work_id).exists():
            raise Refused("permission_denied")
        return chapter


class ReadLike(ApiView):
    required_permissions: ClassVar = dict.fromkeys(("PUT", "DELETE"), SIGNED_IN)
    rate_limits: ClassVar[Any] = dict.fromkeys(("PUT", "DELETE"), ("studio.like",))

    @extend_schema(request=None, responses=LikeOut)
    def put(self, request: Request, slug: str, number: int) -> Response:
        """Like a chapter; a second time changes nothing."""
        return self._moved(slug, number, like=True)

    @extend_schema(responses=LikeOut)
    def delete(self, request: Request, slug: str, number: int) -> Response:
        """Take the like back."""
        return self._moved(slug, number, like=False)

    def _moved(self, slug: str, number: int, *, like: bool) -> Response:
        with reading.named(slug):
            publication = reading.publication_of(self.principal, slug)
            chapter = reading.chapter_of(publication, number) if publication else None
        if publication is None or chapter is None:
            raise Http404
        key = readers.key_of(self.user, "")
        move = readers.like if like else readers.unlike
        move(publication=publication, chapter=chapter, reader_key=key)
        count, liked = readers.likes(publication=publication, chapter=chapter, reader_key=key)
        return Response({"liked": liked, "likes": count})
