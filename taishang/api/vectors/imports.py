"""Rows from files: what was imported, and the next import."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.serializers import Serializer
from laojun.models import File
from taishang.api.tasks import TaskOut
from taishang.api.vectors.collections import CollectionView
from taishang.models import Task
from taishang.models.vectors import MAX_NAMESPACE
from taishang.vectors.collections import By
from taishang.vectors.importing import asking, listing
from taishang.vectors.importing.asking import Files, Wish
from taishang.vectors.importing.formats.base import FORMATS
from taishang.vectors.importing.mapping import MappingInvalid
from taishang.vectors.rows import RowFault


class ImportIn(Serializer):
    file_id = serializers.UUIDField()
    side_file_id = serializers.UUIDField(
        required=False, allow_null=True, help_text="JSON lines that go with the vectors of an NPY"
    )
    format = serializers.ChoiceField(list(FORMATS), required=False)
    mapping = serializers.DictField(
        required=False,
        help_text="columns as id, vector, document, namespace, payload; guessed without it",
    )
    namespace = serializers.CharField(
        max_length=MAX_NAMESPACE,
        required=False,
        allow_blank=True,
        default="",
        trim_whitespace=False,
    )
    write_mode = serializers.ChoiceField(asking.WRITE_MODES, default=asking.UPSERT)
    on_error = serializers.ChoiceField(asking.ON_ERROR, default=asking.STOP)


class ImportOut(serializers.Serializer):
    id = serializers.UUIDField(help_text="of its task")
    state = serializers.ChoiceField(Task.State.choices)
    progress = serializers.IntegerField(help_text="per cent")
    filename = serializers.SerializerMethodField()
    format = serializers.SerializerMethodField()
    write_mode = serializers.SerializerMethodField()
    rows = serializers.SerializerMethodField()
    counts = serializers.SerializerMethodField()
    rejected_file_id = serializers.SerializerMethodField()
    error_code = serializers.CharField()
    error_message = serializers.CharField()
    created_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.CharField())
    def get_filename(self, task: Task) -> Any:
        return task.payload.get("filename", "")

    @extend_schema_field(serializers.CharField())
    def get_format(self, task: Task) -> Any:
        return task.payload.get("format", "")

    @extend_schema_field(serializers.CharField())
    def get_write_mode(self, task: Task) -> Any:
        return task.payload.get("write_mode", "")

    @extend_schema_field(serializers.IntegerField(help_text="of the file, worked off so far"))
    def get_rows(self, task: Task) -> Any:
        return listing.outcome(task).rows

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_counts(self, task: Task) -> Any:
        return listing.outcome(task).counts

    @extend_schema_field(serializers.UUIDField(allow_null=True))
    def get_rejected_file_id(self, task: Task) -> Any:
        return listing.outcome(task).rejected_file


class Imports(CollectionView):
    required_permissions: ClassVar = {
        "GET": "vector.collection.view",
        "POST": "vector.rows.upsert",
    }
    rate_limits: ClassVar = {"GET": ("api.read",), "POST": ("vector.write",)}
    orderings = ("-created_at",)

    @extend_schema(responses=page_of(ImportOut))
    def get(self, request: Request, collection_id: int) -> Response:
        """The imports of a collection, newest first, with what became of their rows."""
        return self.page(listing.of(self.collection(collection_id)), ImportOut)

    @extend_schema(request=ImportIn, responses={202: TaskOut})
    def post(self, request: Request, collection_id: int) -> Response:
        """Import a file as a task. `replace_namespace` shows the new rows all at once, in place of the old ones."""
        collection = self.collection(collection_id)
        given = self.read(ImportIn)
        if given["write_mode"] == asking.REPLACE and not self.principal.may("vector.rows.delete"):
            raise PermissionDenied
        wish = Wish(
            files=Files(self.file(given, "file_id"), self.file(given, "side_file_id")),
            format=given.get("format", ""),
            mapping=given.get("mapping"),
            namespace=given["namespace"],
            write_mode=given["write_mode"],
            on_error=given["on_error"],
        )
        try:
            task = asking.ask(collection=collection, wish=wish, by=By.principal(self.principal))
        except MappingInvalid as error:
            raise Invalid([field_error(*fault) for fault in error.faults]) from error
        except RowFault as fault:
            raise Invalid([field_error("/namespace", fault.code, fault.detail)]) from fault
        return Response(self.shown(task, TaskOut), status=HTTPStatus.ACCEPTED)

    def file(self, given: dict[str, Any], name: str) -> Any:
        """A file this person may read. Raises Invalid."""
        number: UUID | None = given.get(name)
        if number is None:
            return None
        found = File.objects.visible_to(self.principal).filter(
            pk=number, workspace_id=self.workspace_id
        )
        file = found.first()
        if file is None:
            raise Invalid([field_error(f"/{name}", "does_not_exist", _("No such file."))])
        return file
