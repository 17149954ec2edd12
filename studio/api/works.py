"""Works: the shelf, one work, its bin, its people, its numbers."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import User
from accounts.web import etags
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from studio import bin as binned
from studio import works
from studio.api.base import StudioView
from studio.models import Work
from studio.models.work import MAX_TITLE


class NovelChangeIn(Serializer):
    title = serializers.CharField(max_length=MAX_TITLE, required=False)
    description = serializers.CharField(max_length=20_000, required=False, allow_blank=True)
    cover_url = serializers.CharField(max_length=500, required=False, allow_blank=True)
    genre = serializers.CharField(max_length=50, required=False, allow_blank=True)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=50), max_length=works.MAX_TAGS, required=False
    )
    status = serializers.ChoiceField(Work.Status.choices, required=False)
    language = serializers.ChoiceField(Work.Language.choices, required=False)
    settings = serializers.DictField(required=False)


class NovelIn(NovelChangeIn):
    title = serializers.CharField(max_length=MAX_TITLE)


class WorkTransferIn(Serializer):
    user_id = serializers.UUIDField()


class WorkErasureIn(Serializer):
    title = serializers.CharField(max_length=MAX_TITLE, trim_whitespace=False)


class NovelOut(serializers.Serializer):
    """What is told of a work; what is counted of it stands in `stats/`."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    description = serializers.CharField()
    cover_url = serializers.CharField()
    genre = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    status = serializers.ChoiceField(Work.Status.choices)
    language = serializers.ChoiceField(Work.Language.choices)
    settings = serializers.JSONField()
    is_published = serializers.BooleanField()
    published_at = serializers.DateTimeField(allow_null=True)
    owner_id = serializers.UUIDField(source="user_id")
    revision = serializers.IntegerField()
    structure_revision = serializers.IntegerField()
    deleted_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class NovelLineOut(NovelOut):
    """A work of the shelf, with what is counted of it."""

    chapters_count = serializers.IntegerField()
    total_words = serializers.IntegerField()
    last_edited_at = serializers.DateTimeField(allow_null=True)
    updated_at = serializers.DateTimeField()


class WorkStatsOut(serializers.Serializer):
    """`total_words` is 字数, `words_plain` without punctuation, `char_count` code points that can be seen."""

    chapters_count = serializers.IntegerField()
    total_words = serializers.IntegerField()
    words_plain = serializers.IntegerField()
    char_count = serializers.IntegerField()
    reading_count = serializers.IntegerField()
    like_count = serializers.IntegerField()
    last_edited_at = serializers.DateTimeField(allow_null=True)


SHELF = page_of(NovelLineOut)


class WorkView(StudioView):
    def answer(self, work: Work, *, status: int = HTTPStatus.OK) -> Response:
        also = (work.structure_revision, work.user_id)
        return self.versioned(work, NovelOut, work.revision, also=also, status=status)

    def wishes(self, shape: type[serializers.Serializer]) -> dict[str, Any]:
        given = self.read(shape)
        if "settings" in given:
            try:
                works.check_settings(given["settings"])
            except works.BadSettings as error:
                pointer = f"settings/{error.path}".rstrip("/")
                raise Invalid([field_error(pointer, "invalid", str(error))]) from error
        return given


class Works(WorkView):
    required_permissions: ClassVar = {"GET": "work.view", "POST": "work.create"}
    query_parameters = frozenset({"status"})
    orderings = ("-updated_at", "title", "-created_at")

    @extend_schema(responses=SHELF)
    def get(self, request: Request) -> Response:
        """The works you own or take part in, the latest first."""
        rows = Work.objects.visible_to(self.principal)
        status = request.GET.get("status")
        if status is not None:
            if status not in Work.Status.values:
                message = _("One of: %(names)s") % {"names": ", ".join(Work.Status.values)}
                raise Invalid([field_error("status", "invalid_choice", message)])
            rows = rows.filter(status=status)
        return self.page(rows, NovelLineOut)

    @extend_schema(request=NovelIn, responses={201: NovelOut})
    def post(self, request: Request) -> Response:
        """Begin a work."""
        work = works.create(principal=self.principal, **self.wishes(NovelIn))
        answer = self.answer(work, status=HTTPStatus.CREATED)
        answer["Location"] = f"{request.path}{work.pk}/"
        return answer


class WorkDetail(WorkView):
    required_permissions: ClassVar = {
        "GET": "work.view",
        "PATCH": "work.update",
        "DELETE": "work.delete",
    }

    @extend_schema(responses=NovelOut)
    def get(self, request: Request, work_id: UUID) -> Response:
        work = self.work(work_id)
        works.note_opening(work=work, principal=self.principal)
        return self.answer(work)

    @extend_schema(request=NovelChangeIn, responses=NovelOut)
    def patch(self, request: Request, work_id: UUID) -> Response:
        """Change what is told of the work."""
        wishes = self.wishes(NovelChangeIn)
        work = self.work(work_id, "write", lock=True)
        etags.require(request, work, version=work.revision)
        return self.answer(works.change(work=work, principal=self.principal, wishes=wishes))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, work_id: UUID) -> Response:
        """Put the work into the bin; it can be brought back for 30 days."""
        work = self.work(work_id, "own", lock=True)
        etags.require(request, work, version=work.revision)
        binned.bin_work(work=work, principal=self.principal)
        return Response(status=HTTPStatus.NO_CONTENT)


class WorkRestoration(WorkView):
    required_permissions: ClassVar = {"POST": "work.delete"}

    @extend_schema(request=None, responses=NovelOut)
    def post(self, request: Request, work_id: UUID) -> Response:
        """Bring the work back from the bin as it was."""
        rows = Work.objects.binned_by(self.principal).select_for_update(of=("self",))
        binned.restore_work(work=self.find(rows, pk=work_id), principal=self.principal)
        return self.answer(self.work(work_id))


class WorkErasure(WorkView):
    required_permissions: ClassVar = {"POST": "work.delete"}

    @extend_schema(request=WorkErasureIn, responses={204: None})
    def post(self, request: Request, work_id: UUID) -> Response:
        """Delete a work of the bin at once and for good, named versions too. Needs its title, typed."""
        rows = Work.objects.binned_by(self.principal).select_for_update(of=("self",))
        work = self.find(rows, pk=work_id)
        title = self.read(WorkErasureIn)["title"]
        binned.purge_work(work=work, principal=self.principal, title=title)
        return Response(status=HTTPStatus.NO_CONTENT)


class WorkTransfer(WorkView):
    required_permissions: ClassVar = {"POST": "work.delete"}

    @extend_schema(request=WorkTransferIn, responses=NovelOut)
    def post(self, request: Request, work_id: UUID) -> Response:
        """Hand the work to another member of the workspace; you stay as an editor."""
        work = self.work(work_id, "own", lock=True)
        number = self.read(WorkTransferIn)["user_id"]
        person = User.objects.filter(pk=number).first()
        try:
            if person is None:
                raise works.NotAMember(_("This person does not belong to the workspace."))
            works.transfer(work=work, principal=self.principal, to=person)
        except works.NotAMember as error:
            raise Invalid([field_error("user_id", "does_not_exist", str(error))]) from error
        return self.answer(self.work(work_id))


class WorkStats(WorkView):
    required_permissions: ClassVar = {"GET": "work.view"}

    @extend_schema(responses=WorkStatsOut)
    def get(self, request: Request, work_id: UUID) -> Response:
        """What is counted of the work."""
        return Response(self.shown(self.work(work_id), WorkStatsOut))


class Bin(WorkView):
    required_permissions: ClassVar = {"GET": "work.view"}
    orderings = ("-updated_at",)

    @extend_schema(responses=SHELF)
    def get(self, request: Request) -> Response:
        """Your works in the bin; each is deleted for good 30 days after it was put there."""
        return self.page(Work.objects.binned_by(self.principal), NovelLineOut)
