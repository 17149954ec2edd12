"""Imports: a file brought, its plan looked at and adjusted, chapters written when that is confirmed."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView, UploadView
from studio.importing import plans, uploads
from studio.importing.encodings import ENCODINGS
from studio.importing.patterns import MAX_LENGTH
from studio.models import Chapter, Import, Work
from studio.models.work import MAX_TITLE
from taishang.models import Task


class WarningOut(serializers.Serializer):
    """Something to know: `code` is a stable word, `places` the first of `count`."""

    code = serializers.CharField()
    count = serializers.IntegerField()
    places = serializers.ListField(child=serializers.JSONField())


class PieceOut(serializers.Serializer):
    """A part of the book. Offsets are code points; `flags` are gap, repeat, order, short, long."""

    kind = serializers.ChoiceField(["volume", "chapter", "front", "frame"])
    start = serializers.IntegerField()
    body = serializers.IntegerField()
    end = serializers.IntegerField()
    title = serializers.CharField()
    ordinal = serializers.IntegerField(allow_null=True)
    is_numbered = serializers.BooleanField()
    is_skipped = serializers.BooleanField()
    flags = serializers.ListField(child=serializers.CharField())
    words = serializers.IntegerField()
    first_line = serializers.CharField()


class ImportPlanOut(serializers.Serializer):
    """What is known of the book, and its pieces in reading order."""

    title = serializers.CharField()
    author = serializers.CharField()
    language = serializers.CharField()
    is_exact = serializers.BooleanField()
    candidates = serializers.ListField(child=serializers.JSONField())
    pieces = PieceOut(many=True)


class WorkImportOut(serializers.Serializer):
    """An import without its plan. `error_code` says why it failed."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(Import.State.choices)
    format = serializers.CharField()
    encoding = serializers.CharField()
    encoding_confidence = serializers.FloatField(allow_null=True)
    error_code = serializers.CharField()
    work = serializers.UUIDField(source="work_id", allow_null=True)
    task_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class WorkImportDetailOut(WorkImportOut):
    """An import with its plan; `plan` is null until the file was read."""

    plan = serializers.SerializerMethodField()
    warnings = WarningOut(many=True)

    @extend_schema_field(ImportPlanOut(allow_null=True))
    def get_plan(self, row: Import) -> dict[str, Any] | None:
        return ImportPlanOut(row.plan).data if row.plan else None


class PieceChangeIn(Serializer):
    """One change of a piece, named by its place from 0. `split` cuts before the line that begins with `before`."""

    op = serializers.ChoiceField(plans.CHANGES)
    piece = serializers.IntegerField(min_value=0, max_value=plans.MAX_PIECES)
    title = serializers.CharField(max_length=MAX_TITLE, required=False, allow_blank=True)
    before = serializers.CharField(max_length=200, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        needed = {"retitle": "title", "split": "before"}.get(attrs["op"])
        if needed and needed not in attrs:
            raise serializers.ValidationError({needed: _("This change needs it.")})
        return attrs


class WorkImportIn(Serializer):
    """How the book is read (`encoding`, `rejoin`, `pattern`: the changes made so far are forgotten), how its text is
    kept, and changes of single pieces in their order."""

    encoding = serializers.ChoiceField([*ENCODINGS, ""], required=False)
    rejoin = serializers.BooleanField(required=False)
    pattern = serializers.CharField(
        max_length=MAX_LENGTH, required=False, allow_blank=True, trim_whitespace=False
    )
    keep_indents = serializers.BooleanField(required=False)
    keep_blanks = serializers.BooleanField(required=False)
    changes = PieceChangeIn(many=True, required=False)


class ConfirmationIn(Serializer):
    """Into a new work of this title and language, or into `work`, behind `after` or at its end."""

    title = serializers.CharField(max_length=MAX_TITLE, required=False, allow_blank=True)
    language = serializers.ChoiceField(Work.Language.choices, required=False)
    work = serializers.UUIDField(required=False, allow_null=True)
    after = serializers.UUIDField(required=False, allow_null=True)


class WorkImportTakenOut(serializers.Serializer):
    """The import, and the task that goes on with it (null: nothing had to be read)."""

    work_import = WorkImportOut()
    task_id = serializers.UUIDField(allow_null=True)


class WorkImportView(ApiView):
    """What the views of one import start from."""

    def row(self, import_id: UUID) -> Import:
        return self.find(Import.objects.visible_to(self.principal), pk=import_id)

    def taken(self, row: Import, task: Task | None) -> Response:
        row.refresh_from_db()
        body = {
            "work_import": self.shown(row, WorkImportOut),
            "task_id": str(task.pk) if task else None,
        }
        return Response(body, status=HTTPStatus.ACCEPTED)


class WorkImports(UploadView, WorkImportView):
    required_permissions: ClassVar = {"GET": "work.create", "POST": "work.create"}
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(WorkImportOut))
    def get(self, request: Request) -> Response:
        """One's own imports, the newest first."""
        rows = Import.objects.visible_to(self.principal).defer("plan", "warnings", "options")
        return self.page(rows, WorkImportOut)

    @extend_schema(
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
        responses={202: WorkImportTakenOut},
    )
    def post(self, request: Request) -> Response:
        """Bring a book as txt, md, docx or epub. It is read into a plan; nothing else is made."""
        upload: Any = request.FILES.get("file")
        if upload is None:
            raise Invalid([field_error("/file", "required", _("A file is needed."))])
        head = upload.read(uploads.HEAD_BYTES)
        upload.seek(0)
        row, task = uploads.begin(
            principal=self.principal, content=upload.chunks(), name=upload.name, head=head
        )
        return self.taken(row, task)


class WorkImportDetail(WorkImportView):
    required_permissions: ClassVar = dict.fromkeys(("GET", "PATCH", "DELETE"), "work.create")

    @extend_schema(responses=WorkImportDetailOut)
    def get(self, request: Request, import_id: UUID) -> Response:
        """An import with its plan and what should be known of it."""
        return self.tagged(self.row(import_id), WorkImportDetailOut)

    @extend_schema(request=WorkImportIn, responses={202: WorkImportTakenOut})
    def patch(self, request: Request, import_id: UUID) -> Response:
        """Adjust the plan before it is confirmed."""
        wishes = self.read(WorkImportIn, partial=True)
        row = self.row(import_id)
        etags.require(request, row, optional=True)
        changes = wishes.pop("changes", [])
        task = uploads.adjust(principal=self.principal, row=row, options=wishes, changes=changes)
        return self.taken(row, task)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, import_id: UUID) -> Response:
        """Before it wrote: let it go with its file. Afterwards: put what it wrote into the bin."""
        row = self.row(import_id)
        if row.state == Import.State.DONE:
            uploads.undo(principal=self.principal, row=row)
        else:
            uploads.cancel(principal=self.principal, row=row)
        return Response(status=HTTPStatus.NO_CONTENT)


class WorkImportConfirmation(WorkImportView):
    required_permissions: ClassVar = {"POST": "work.create"}

    @extend_schema(request=ConfirmationIn, responses={202: WorkImportTakenOut})
    def post(self, request: Request, import_id: UUID) -> Response:
        """Have the chapters written. They appear together when all are done."""
        asked = self.read(ConfirmationIn)
        row = self.row(import_id)
        work, after = self._place(asked.get("work"), asked.get("after"))
        task = uploads.confirm(
            principal=self.principal,
            row=row,
            title=asked.get("title", ""),
            language=asked.get("language", ""),
            work=work,
            after=after,
        )
        return self.taken(row, task)

    def _place(
        self, work_id: UUID | None, after_id: UUID | None
    ) -> tuple[Work | None, Chapter | None]:
        """Ids of a body are judged as those of an address: what is not to be written is not there."""
        if work_id is None:
            return None, None
        work = Work.objects.editable_by(self.principal).filter(pk=work_id).first()
        if work is None:
            raise Invalid([field_error("/work", "not_found", _("There is no such work."))])
        if after_id is None:
            return work, None
        rows = Chapter.objects.editable_by(self.principal).without_text().filter(work=work)
        after = rows.filter(pk=after_id).first()
        if after is None:
            raise Invalid([field_error("/after", "not_found", _("There is no such chapter."))])
        return work, after
