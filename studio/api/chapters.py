"""One chapter: read, saved, locked, split, joined, brought back."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.serializers import Serializer
from studio import bin as binned
from studio import drafting, joining, locks, ordering, presence, works
from studio.api.base import MAX_BODY, StudioView, TextParser, save_id_of
from studio.keeping import Typed
from studio.models import Chapter
from studio.models.work import MAX_TITLE
from studio.prose import merging

MARKS = ("target_words", "is_numbered")
SAVED_BY_HAND = ("autosave", "manual", "merge")
MOST_WORDS = 1_000_000


class ChapterChangeIn(Serializer):
    """What is left out stays. `length` is that of the text in code points, to be checked."""

    content = serializers.CharField(required=False, allow_blank=True, trim_whitespace=False)
    title = serializers.CharField(max_length=MAX_TITLE, required=False, allow_blank=True)
    stage = serializers.ChoiceField(Chapter.Stage.choices, required=False)
    synopsis = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    target_words = serializers.IntegerField(
        min_value=1, max_value=MOST_WORDS, required=False, allow_null=True
    )
    is_numbered = serializers.BooleanField(required=False)
    kind = serializers.ChoiceField(SAVED_BY_HAND, required=False)
    fence = serializers.IntegerField(min_value=0, required=False, allow_null=True)
    tab_id = serializers.CharField(max_length=64, required=False, allow_blank=True)
    device = serializers.CharField(max_length=100, required=False, allow_blank=True)
    length = serializers.IntegerField(min_value=0, required=False)
    typed_words = serializers.IntegerField(min_value=0, max_value=MOST_WORDS, required=False)
    pasted_words = serializers.IntegerField(min_value=0, max_value=MOST_WORDS, required=False)
    ai_words = serializers.IntegerField(min_value=0, max_value=MOST_WORDS, required=False)
    active_seconds = serializers.IntegerField(min_value=0, max_value=86_400, required=False)


class SplitIn(Serializer):
    """`at` counts code points of the text."""

    at = serializers.IntegerField(min_value=0)
    title = serializers.CharField(max_length=MAX_TITLE, required=False, allow_blank=True)
    fence = serializers.IntegerField(min_value=0, required=False, allow_null=True)


class ChapterMergerIn(Serializer):
    fence = serializers.IntegerField(min_value=0, required=False, allow_null=True)


class MergesIn(Serializer):
    base = serializers.CharField(allow_blank=True, trim_whitespace=False)
    mine = serializers.CharField(allow_blank=True, trim_whitespace=False)
    theirs_revision = serializers.IntegerField(min_value=1)


class TabIn(Serializer):
    tab_id = serializers.CharField(max_length=64)
    device = serializers.CharField(max_length=100, required=False, allow_blank=True)


class TabOnlyIn(Serializer):
    tab_id = serializers.CharField(max_length=64)


class ChapterOut(serializers.Serializer):
    """A chapter with its text. `word_count` is 字数, `reading_time` minutes."""

    id = serializers.UUIDField()
    work_id = serializers.UUIDField()
    volume_id = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    content = serializers.CharField()
    synopsis = serializers.CharField()
    stage = serializers.ChoiceField(Chapter.Stage.choices)
    tags = serializers.ListField(child=serializers.CharField())
    target_words = serializers.IntegerField(allow_null=True)
    is_numbered = serializers.BooleanField()
    revision = serializers.IntegerField()
    content_sha256 = serializers.CharField()
    word_count = serializers.IntegerField()
    words_plain = serializers.IntegerField()
    char_count = serializers.IntegerField()
    reading_time = serializers.IntegerField()
    saved_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class SavedOut(serializers.Serializer):
    """The chapter after the save; `changed` is false where nothing was written."""

    revision = serializers.IntegerField()
    content_sha256 = serializers.CharField()
    word_count = serializers.IntegerField(source="counts.words")
    words_plain = serializers.IntegerField(source="counts.words_plain")
    char_count = serializers.IntegerField(source="counts.chars")
    changed = serializers.BooleanField()
    saved_at = serializers.DateTimeField(allow_null=True)
    version_number = serializers.IntegerField(allow_null=True)


class HolderOut(serializers.Serializer):
    """Who edits. `fence` is null where saves need to name none; `expires_in` seconds."""

    user_id = serializers.CharField()
    user_name = serializers.CharField()
    tab_id = serializers.CharField()
    device = serializers.CharField()
    since = serializers.DateTimeField()
    fence = serializers.IntegerField(allow_null=True)
    expires_in = serializers.IntegerField()


class PresenceOut(serializers.Serializer):
    """Names of the other people who have the chapter open."""

    people = serializers.ListField(child=serializers.CharField())


class MergesOut(serializers.Serializer):
    """`hunks` in the order of the text; clashes hold both sides."""

    clean = serializers.BooleanField()
    text = serializers.CharField()
    revision = serializers.IntegerField()
    hunks = serializers.ListField(child=serializers.DictField())


def also(chapter: Chapter) -> tuple[object, ...]:
    """What a chapter shows that leaves its revision alone."""
    return (chapter.volume_id, chapter.target_words, chapter.is_numbered, tuple(chapter.tags))


class ChapterView(StudioView):
    def saved(self, chapter: Chapter, saved: drafting.Saved) -> Response:
        tag = etags.of(self.request, chapter, version=saved.revision, also=also(chapter))
        return Response(self.shown(saved, SavedOut), headers={"ETag": tag})


class ChapterDetail(ChapterView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.update",
        "DELETE": "work.update",
    }
    rate_limits: ClassVar = {
        "GET": ("api.read",),
        "PATCH": ("studio.save",),
        "DELETE": ("api.write",),
    }
    parser_classes = [TextParser]
    max_json_bytes = MAX_BODY
    # A repeated save is known by its `save_id`, and answered from the chapter itself.
    keeps_replies = False

    @extend_schema(responses=ChapterOut)
    def get(self, request: Request, chapter_id: UUID) -> Response:
        """The chapter as the database has it now."""
        rows = Chapter.objects.visible_to(self.principal).select_related("work")
        chapter = self.find(rows, pk=chapter_id)
        works.note_opening(work=chapter.work, principal=self.principal)
        return self.versioned(chapter, ChapterOut, chapter.revision, also=also(chapter))

    @extend_schema(request=ChapterChangeIn, responses=SavedOut)
    def patch(self, request: Request, chapter_id: UUID) -> Response:
        """Save over the revision named by `If-Match`. The `Idempotency-Key` is the name (a UUID) of the save.

        Repeated, it answers as the first time. On 412 `current` is the chapter as it is now.
        """
        chapter = self._writable(chapter_id)
        given = self.read(ChapterChangeIn)
        base, save_id = self.base_revision(), save_id_of(request)
        _check_length(given)
        counted = {name: given[name] for name in Typed.__dataclass_fields__ if name in given}
        saved = drafting.save(
            chapter_id=chapter.pk,
            principal=self.principal,
            text=given.get("content"),
            title=given.get("title"),
            stage=given.get("stage"),
            synopsis=given.get("synopsis"),
            base_revision=base,
            save_id=save_id,
            kind=given.get("kind", "autosave"),
            tab_id=given.get("tab_id", ""),
            device=given.get("device", ""),
            fence=given.get("fence"),
            typed=Typed(**counted),
        )
        marks = {name: given[name] for name in MARKS if name in given}
        if marks:
            ordering.mark(chapter=chapter, principal=self.principal, **marks)
            chapter = self.chapter(chapter_id)
        return self.saved(chapter, saved)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, chapter_id: UUID) -> Response:
        """Put the chapter into the bin; it can be brought back for 30 days."""
        chapter = self.chapter(chapter_id, write=True)
        if "If-Match" in request.headers and self.base_revision() != chapter.revision:
            raise drafting.Stale(Chapter.objects.get(pk=chapter.pk))
        binned.bin_chapters(principal=self.principal, work_id=chapter.work_id, ids=[chapter.pk])
        return Response(status=HTTPStatus.NO_CONTENT)

    def _writable(self, chapter_id: UUID) -> Chapter:
        """A chapter that went to the bin while somebody wrote says so; it is not just gone."""
        rows = Chapter.objects.writable_by(self.principal).without_text()
        found = rows.filter(pk=chapter_id).first()
        return found if found is not None else self.chapter(chapter_id, write=True)


class ChapterRestoration(ChapterView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=None, responses=ChapterOut)
    def post(self, request: Request, chapter_id: UUID) -> Response:
        """Bring the chapter back from the bin, behind the neighbour it stood behind."""
        rows = Chapter.objects.writable_by(self.principal).without_text()
        chapter = self.find(rows, pk=chapter_id)
        binned.restore_chapter(chapter=chapter, principal=self.principal)
        chapter = self.find(Chapter.objects.visible_to(self.principal), pk=chapter_id)
        return self.versioned(chapter, ChapterOut, chapter.revision, also=also(chapter))


class ChapterSplit(ChapterView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=SplitIn, responses={201: ChapterOut})
    def post(self, request: Request, chapter_id: UUID) -> Response:
        """Move the text from `at` on into a new chapter right behind. Needs `If-Match`."""
        chapter = self.chapter(chapter_id, write=True)
        given = self.read(SplitIn)
        made = joining.split(
            chapter=chapter,
            principal=self.principal,
            base_revision=self.base_revision(),
            **given,
        )
        answer = self.versioned(
            made, ChapterOut, made.revision, also=also(made), status=HTTPStatus.CREATED
        )
        answer["Location"] = f"/api/v1/chapters/{made.pk}/"
        return answer


class ChapterMerger(ChapterView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=ChapterMergerIn, responses=SavedOut)
    def post(self, request: Request, chapter_id: UUID) -> Response:
        """Put the next chapter's text behind this one's; the emptied one goes to the bin. Needs `If-Match`."""
        chapter = self.chapter(chapter_id, write=True)
        given = self.read(ChapterMergerIn)
        saved = joining.merge_next(
            chapter=chapter,
            principal=self.principal,
            base_revision=self.base_revision(),
            **given,
        )
        return self.saved(chapter, saved)


class ChapterMerges(ChapterView):
    required_permissions: ClassVar = {"POST": "work.update"}
    parser_classes = [TextParser]
    max_json_bytes = 3 * MAX_BODY
    keeps_replies = False

    @extend_schema(request=MergesIn, responses=MergesOut)
    def post(self, request: Request, chapter_id: UUID) -> Response:
        """Merge your text with the chapter as it is, from the base you name. Stores nothing."""
        rows = Chapter.objects.editable_by(self.principal)
        self.chapter(chapter_id, write=True)
        given = self.read(MergesIn)
        theirs = self.find(rows, pk=chapter_id)
        if theirs.revision != given["theirs_revision"]:
            raise drafting.Stale(theirs)
        mine = drafting.clean(given["mine"])
        merged = merging.merge(drafting.clean(given["base"]), mine, theirs.content)
        return Response(
            {
                "clean": merged.clean,
                "text": merged.text,
                "revision": theirs.revision,
                "hunks": [asdict(hunk) for hunk in merged.hunks],
            }
        )


class ChapterLock(ChapterView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PUT": "work.update",
        "DELETE": "work.update",
    }
    keeps_replies = False

    @extend_schema(responses=HolderOut)
    def get(self, request: Request, chapter_id: UUID) -> Response:
        """Who edits the chapter; 404 where nobody does."""
        chapter = self.chapter(chapter_id)
        holder = locks.holder_of(chapter.pk)
        if holder is None:
            raise Refused("not_found")
        return Response(_told(holder))

    @extend_schema(request=TabIn, responses=HolderOut)
    def put(self, request: Request, chapter_id: UUID) -> Response:
        """Begin to edit in this tab, or go on: every 20 seconds. On 409 `holder` is who edits."""
        chapter = self.chapter(chapter_id, write=True)
        given = self.read(TabIn)
        return Response(_told(locks.acquire(chapter=chapter, principal=self.principal, **given)))

    @extend_schema(request=TabOnlyIn, responses={204: None})
    def delete(self, request: Request, chapter_id: UUID) -> Response:
        """Stop editing in this tab."""
        chapter = self.chapter(chapter_id, write=True)
        given = self.read(TabOnlyIn)
        locks.release(chapter_id=chapter.pk, principal=self.principal, **given)
        return Response(status=HTTPStatus.NO_CONTENT)


class ChapterPresence(ChapterView):
    required_permissions: ClassVar = {"PUT": "work.view"}
    keeps_replies = False

    @extend_schema(request=None, responses=PresenceOut)
    def put(self, request: Request, chapter_id: UUID) -> Response:
        """Say that you have the chapter open, every 25 seconds; the answer names who else has."""
        chapter = self.chapter(chapter_id)
        return Response({"people": presence.note(chapter_id=chapter.pk, user=self.user)})


class ChapterTakeover(ChapterView):
    required_permissions: ClassVar = {"POST": "work.update"}

    @extend_schema(request=TabIn, responses=HolderOut)
    def post(self, request: Request, chapter_id: UUID) -> Response:
        """Edit from now on, whoever did before; their next save is refused and their text kept."""
        chapter = self.chapter(chapter_id, write=True)
        given = self.read(TabIn)
        return Response(_told(locks.take_over(chapter=chapter, principal=self.principal, **given)))


def _told(holder: locks.Holder) -> dict[str, Any]:
    return {**asdict(holder), "expires_in": locks.LIFE_MS // 1000}


def _check_length(given: dict[str, Any]) -> None:
    """Raises Invalid where a client counted another length than arrived."""
    if "length" in given and given["length"] != len(given.get("content") or ""):
        message = _("The text has another length.")
        errors = [field_error("length", "digest_mismatch", message)]
        raise Invalid(errors, code="digest_mismatch")
