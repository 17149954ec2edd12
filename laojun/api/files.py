"""Files of the workspace: upload, read in parts, share by links that die."""

from typing import Any, ClassVar
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.schema import content, page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView, UploadView
from laojun import delivery, files, links
from laojun.files import Owner
from laojun.models import File


class FileIn(Serializer):
    file = serializers.FileField(allow_empty_file=True, max_length=1000)
    purpose = serializers.CharField(max_length=60, default="attachment")
    entity_type = serializers.RegexField(r"^[a-z_]{0,40}$", default="", allow_blank=True)
    entity_id = serializers.RegexField(r"^[A-Za-z0-9-]{0,64}$", default="", allow_blank=True)
    is_public = serializers.BooleanField(default=False)
    temporary = serializers.BooleanField(default=False)

    def validate_purpose(self, value: str) -> str:
        kind = files.purposes.get(value)
        if kind is None or (kind.types is None and not kind.is_open):
            raise serializers.ValidationError(_("No such purpose."), code="purpose_unknown")
        return value


class FileChangeIn(Serializer):
    is_public = serializers.BooleanField()


class LinkIn(Serializer):
    seconds = serializers.IntegerField(
        min_value=links.MIN_SECONDS, max_value=links.MAX_SECONDS, required=False
    )
    disposition = serializers.ChoiceField(["attachment", "inline"], default="attachment")


class FileOut(serializers.Serializer):
    id = serializers.UUIDField()
    purpose = serializers.CharField()
    original_filename = serializers.CharField()
    mime_type = serializers.CharField()
    file_size = serializers.IntegerField(help_text="bytes")
    sha256 = serializers.CharField()
    entity_type = serializers.CharField()
    entity_id = serializers.CharField()
    is_public = serializers.BooleanField()
    url = serializers.CharField(allow_null=True)
    user_id = serializers.UUIDField()
    expires_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class LinkOut(serializers.Serializer):
    url = serializers.CharField(source="path")
    expires_at = serializers.DateTimeField(allow_null=True)


class Files(UploadView):
    required_permissions: ClassVar = {"GET": "file.view", "POST": "file.upload"}
    query_parameters = frozenset({"purpose", "entity_type", "entity_id", "mime_type"})
    orderings = ("-created_at", "original_filename", "file_size")

    @extend_schema(responses=page_of(FileOut))
    def get(self, request: Request) -> Response:
        """The files of this workspace, and your own."""
        chosen = {name: request.GET[name] for name in self.query_parameters if name in request.GET}
        return self.page(File.objects.visible_to(self.principal).filter(**chosen), FileOut)

    @extend_schema(request={"multipart/form-data": FileIn}, responses={201: FileOut})
    def post(self, request: Request) -> Response:
        """Upload one file. Its type comes from its content; a name that says otherwise is refused."""
        given = self.read(FileIn)
        upload = given["file"]
        personal = files.purposes[given["purpose"]].personal
        file = files.store(
            content=upload,
            name=upload.name or "",
            purpose=given["purpose"],
            owner=Owner(self.user.id, None if personal else self.principal.workspace_id),
            declared_type=upload.content_type or "",
            entity=(given["entity_type"], given["entity_id"]),
            temporary=given["temporary"],
        )
        if given["is_public"]:
            file = links.publish(file=file, is_public=True)
        return self.tagged(file, FileOut, status=201)


class FileDetail(ApiView):
    required_permissions: ClassVar = {
        "GET": "file.view",
        "PATCH": "file.upload",
        "DELETE": "file.upload",
    }

    @extend_schema(responses=FileOut)
    def get(self, request: Request, file_id: UUID) -> Response:
        """One file's facts."""
        return self.tagged(_visible(self, file_id), FileOut)

    @extend_schema(request=FileChangeIn, responses=FileOut)
    def patch(self, request: Request, file_id: UUID) -> Response:
        """Make a file public, or take that back."""
        mine = File.objects.deletable_by(self.principal).select_for_update(of=("self",))
        file = self.find(mine, pk=file_id)
        etags.require(request, file, optional=True)
        changed = links.publish(file=file, is_public=self.read(FileChangeIn)["is_public"])
        return self.tagged(changed, FileOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, file_id: UUID) -> Response:
        """Delete a file. Its quota is free at once, its bytes go after two days."""
        files.delete(self.find(File.objects.deletable_by(self.principal), pk=file_id))
        return Response(status=204)


class FileContent(ApiView):
    required_permissions: ClassVar = {"GET": "file.view"}
    query_parameters = frozenset({"disposition"})

    @extend_schema(responses=content("*/*", 200, 206))
    def get(self, request: Request, file_id: UUID) -> HttpResponseBase:
        """The bytes, whole or by `Range`."""
        file = _visible(self, file_id)
        inline = request.GET.get("disposition") == "inline"
        return delivery.serve(request._request, file, inline=inline)


class FileLinks(ApiView):
    required_permissions: ClassVar = {"POST": "file.view"}
    reply_holds_secret = True

    @extend_schema(request=LinkIn, responses={201: LinkOut})
    def post(self, request: Request, file_id: UUID) -> Response:
        """Make a link that works without signing in, for so many seconds."""
        file = _visible(self, file_id)
        given = self.read(LinkIn)
        link = links.make(
            file=file, seconds=given.get("seconds"), inline=given["disposition"] == "inline"
        )
        return Response(LinkOut(link).data, status=201)


def _visible(view: ApiView, file_id: UUID) -> Any:
    return view.find(File.objects.visible_to(view.principal), pk=file_id)
