"""The versions of a chapter: list, read, keep, name, bring back, compare."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from django.http import Http404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from laojun import audit
from studio import versions
from studio.api.base import MAX_BODY, TextParser
from studio.api.chapters import ChapterView, SavedOut
from studio.models import Chapter, ChapterVersion
from studio.prose import differences

BY_HAND = ("manual", "conflict")


class ChapterVersionIn(Serializer):
    """Without `content` the text as it stands."""

    kind = serializers.ChoiceField(BY_HAND)
    content = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    label = serializers.CharField(max_length=versions.MAX_LABEL, required=False, allow_blank=True)  # type: ignore[assignment]
    tab_id = serializers.CharField(max_length=64, required=False, allow_blank=True)
    device = serializers.CharField(max_length=100, required=False, allow_blank=True)


class ChapterVersionChangeIn(Serializer):
    """A name keeps a version for ever; an empty one lets its time run again."""

    label = serializers.CharField(max_length=versions.MAX_LABEL, allow_blank=True)  # type: ignore[assignment]


class VersionRestorationIn(Serializer):
    fence = serializers.IntegerField(min_value=0, required=False, allow_null=True)
    tab_id = serializers.CharField(max_length=64, required=False, allow_blank=True)
    device = serializers.CharField(max_length=100, required=False, allow_blank=True)


class ChapterVersionLineOut(serializers.Serializer):
    """A version without its text. `valid_until` null stays for ever."""

    number = serializers.IntegerField(source="version_number")
    kind = serializers.ChoiceField(ChapterVersion.Kind.choices, source="change_type")
    label = serializers.CharField()  # type: ignore[assignment]
    is_kept = serializers.BooleanField()
    title = serializers.CharField()
    revision = serializers.IntegerField()
    author_name = serializers.CharField()
    device = serializers.CharField()
    word_count = serializers.IntegerField()
    char_count = serializers.IntegerField()
    sha256 = serializers.CharField()
    source_version = serializers.IntegerField(allow_null=True)
    model_id = serializers.CharField()
    valid_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class ChapterVersionOut(ChapterVersionLineOut):
    content = serializers.CharField()


class ComparisonOut(serializers.Serializer):
    """Hunks of paragraphs; `moved` are those that stand elsewhere in the other text."""

    hunks = serializers.ListField(child=serializers.DictField())


class VersionsView(ChapterView):
    def rows(self, chapter_id: UUID) -> models.QuerySet[ChapterVersion]:
        """The history of a chapter this person may see; commenters see none."""
        self.chapter(chapter_id)
        return ChapterVersion.objects.visible_to(self.principal).filter(chapter_id=chapter_id)

    def version(self, chapter_id: UUID, number: int) -> ChapterVersion:
        return self.find(self.rows(chapter_id), version_number=number)


class ChapterVersions(VersionsView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.update"}
    query_parameters = frozenset({"kind"})
    orderings = ("-version_number",)
    parser_classes = [TextParser]
    max_json_bytes = MAX_BODY

    @extend_schema(responses=page_of(ChapterVersionLineOut))
    def get(self, request: Request, chapter_id: UUID) -> Response:
        """The versions, the newest first, without their texts."""
        rows = self.rows(chapter_id).without_text()  # type: ignore[attr-defined]
        kind = request.GET.get("kind")
        if kind is not None:
            if kind not in ChapterVersion.Kind.values:
                message = _("One of: %(names)s") % {"names": ", ".join(ChapterVersion.Kind.values)}
                raise Invalid([field_error("kind", "invalid_choice", message)])
            rows = rows.filter(change_type=kind)
        return self.page(rows, ChapterVersionLineOut)

    @extend_schema(request=ChapterVersionIn, responses={201: ChapterVersionLineOut})
    def post(self, request: Request, chapter_id: UUID) -> Response:
        """Keep a text beside the chapter: a version by hand, or the one that lost a conflict."""
        chapter = self.find(self._keepable(), pk=chapter_id)
        given = self.read(ChapterVersionIn)
        text = given.pop("content", None)
        made = versions.keep(
            chapter=chapter,
            principal=self.principal,
            text=chapter.content if text is None else text,
            **given,
        )
        audit.record(
            actor=self.principal,
            action="version.kept",
            target=("chapter", chapter.pk),
            after={"version": made.version_number, "kind": made.change_type},
        )
        return Response(self.shown(made, ChapterVersionLineOut), status=HTTPStatus.CREATED)

    def _keepable(self) -> models.QuerySet[Chapter]:
        """Chapters of the bin too: a text that lost its chapter must be safe somewhere."""
        return Chapter.objects.writable_by(self.principal)


class VersionDetail(VersionsView):
    required_permissions: ClassVar = {"GET": "work.view", "PATCH": "work.update"}

    @extend_schema(responses=ChapterVersionOut)
    def get(self, request: Request, chapter_id: UUID, number: int) -> Response:
        """A version with its text."""
        return Response(self.shown(self.version(chapter_id, number), ChapterVersionOut))

    @extend_schema(request=ChapterVersionChangeIn, responses=ChapterVersionLineOut)
    def patch(self, request: Request, chapter_id: UUID, number: int) -> Response:
        """Name the version, and so keep it for ever."""
        self.chapter(chapter_id, write=True)
        version = self.version(chapter_id, number)
        label = self.read(ChapterVersionChangeIn)["label"]
        versions.name(version=version, principal=self.principal, label=label)
        return Response(self.shown(version, ChapterVersionLineOut))


class VersionRestoration(VersionsView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=VersionRestorationIn, responses=SavedOut)
    def post(self, request: Request, chapter_id: UUID, number: int) -> Response:
        """Write the version's text as a new revision over the one of `If-Match`."""
        chapter = self.chapter(chapter_id, write=True)
        version = self.version(chapter_id, number)
        given = self.read(VersionRestorationIn)
        saved = versions.restore(
            version=version,
            principal=self.principal,
            base_revision=self.base_revision(),
            **given,
        )
        return self.saved(chapter, saved)


class ChapterComparison(VersionsView):
    required_permissions: ClassVar = {"GET": "work.view"}
    query_parameters = frozenset({"from", "to"})

    @extend_schema(responses=ComparisonOut)
    def get(self, request: Request, chapter_id: UUID) -> Response:
        """What changed between two versions (`from`, `to`: numbers, or `now` for the chapter as it is)."""
        old, new = (self._text(chapter_id, request.GET.get(end, "now")) for end in ("from", "to"))
        hunks: list[dict[str, Any]] = []
        for hunk in differences.compare(old, new):
            hunks.append({**asdict(hunk), "moved": sorted(hunk.moved)})
        return Response({"hunks": hunks})

    def _text(self, chapter_id: UUID, which: str) -> str:
        rows = self.rows(chapter_id)
        if which == "now":
            return self.find(Chapter.objects.visible_to(self.principal), pk=chapter_id).content
        if not which.isdecimal() or len(which) > 9:
            raise Http404
        return self.find(rows, version_number=int(which)).content
