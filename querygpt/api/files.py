"""Database files of connections: brought, listed, taken away."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web.permissions import denied
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import page_of
from accounts.web.views import UploadView
from laojun.audit import Actor
from querygpt import uploads
from querygpt.models import Connection, ConnectionFile

HEAD_BYTES = 16


class ConnectionFileOut(serializers.Serializer):
    """A file of a connection. `state` is pending until a worker has looked at it."""

    id = serializers.UUIDField()
    table_name = serializers.CharField()
    state = serializers.ChoiceField(ConnectionFile.State.choices)
    error_code = serializers.CharField()
    sha256 = serializers.CharField()
    created_at = serializers.DateTimeField()


class ConnectionFileTakenOut(serializers.Serializer):
    file = ConnectionFileOut()
    task_id = serializers.UUIDField()


class ConnectionFileView(UploadView):
    def connection(self, connection_id: UUID, *, to_change: bool = False) -> Connection:
        found = self.find(Connection.objects.visible_to(self.principal), pk=connection_id)
        if to_change and not Connection.objects.editable_by(self.principal).filter(pk=found.pk):
            raise denied("connection.manage")
        return found


class ConnectionFiles(ConnectionFileView):
    required_permissions: ClassVar = {"GET": "connection.view", "POST": "connection.update"}
    orderings = ("created_at",)

    @extend_schema(responses=page_of(ConnectionFileOut))
    def get(self, request: Request, connection_id: UUID) -> Response:
        """The files a connection reads."""
        rows = ConnectionFile.objects.filter(connection=self.connection(connection_id))
        return self.page(rows, ConnectionFileOut)

    @extend_schema(
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
        responses={202: ConnectionFileTakenOut},
    )
    def post(self, request: Request, connection_id: UUID) -> Response:
        """Bring the SQLite file of a connection. A worker looks at it whole before anybody may ask it."""
        connection = self.connection(connection_id, to_change=True)
        upload: Any = request.FILES.get("file")
        if upload is None:
            raise Invalid([field_error("/file", "required", "A file is needed.")])
        first = upload.read(HEAD_BYTES)
        upload.seek(0)
        row, task = uploads.add(
            connection=connection,
            content=upload.chunks(),
            name=upload.name,
            head=first,
            user=self.user,
            actor=Actor.of_principal(self.principal),
        )
        body = {"file": self.shown(row, ConnectionFileOut), "task_id": str(task.pk)}
        return Response(body, status=HTTPStatus.ACCEPTED)


class ConnectionFileDetail(ConnectionFileView):
    required_permissions: ClassVar = {"GET": "connection.view", "DELETE": "connection.update"}

    @extend_schema(responses=ConnectionFileOut)
    def get(self, request: Request, connection_id: UUID, file_id: UUID) -> Response:
        return Response(self.shown(self._file(connection_id, file_id), ConnectionFileOut))

    @extend_schema(responses={204: None})
    def delete(self, request: Request, connection_id: UUID, file_id: UUID) -> Response:
        """Take the file away; the connection answers nothing until it has another one."""
        row = self._file(connection_id, file_id, to_change=True)
        uploads.remove(row=row, actor=Actor.of_principal(self.principal))
        return Response(status=HTTPStatus.NO_CONTENT)

    def _file(
        self, connection_id: UUID, file_id: UUID, *, to_change: bool = False
    ) -> ConnectionFile:
        connection = self.connection(connection_id, to_change=to_change)
        return self.find(ConnectionFile.objects.filter(connection=connection), pk=file_id)
