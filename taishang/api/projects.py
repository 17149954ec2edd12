"""Projects: where applied back ends live, version by version."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar

from django.db import models
from django.http import Http404, HttpResponse
from django.utils.text import get_valid_filename
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.schema import content, page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from taishang import projects
from taishang.generation import CORE_VERSION, adapters, submitting
from taishang.models import Project, ProjectVersion
from taishang.models.generation import MAX_UPLOAD_BYTES

EMITTER = "django_emitter"
MAX_TEXT_BYTES = 1024 * 1024


class ProjectIn(Serializer):
    name = serializers.CharField(max_length=120)
    description = serializers.CharField(max_length=500, default="", allow_blank=True)


class ProjectChangeIn(Serializer):
    name = serializers.CharField(max_length=120, required=False)
    description = serializers.CharField(max_length=500, required=False, allow_blank=True)


class ProjectOut(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField()
    slug = serializers.CharField()
    description = serializers.CharField()
    emitter = serializers.CharField()
    version = serializers.IntegerField(source="head_version.number", allow_null=True, default=None)
    head_commit = serializers.CharField()
    head_tree_sha256 = serializers.CharField()
    size_bytes = serializers.IntegerField(help_text="bytes")
    created_by_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class VersionOut(serializers.Serializer):
    project_id = serializers.IntegerField()
    number = serializers.IntegerField()
    kind = serializers.ChoiceField(ProjectVersion.Kind.choices)
    job_id = serializers.UUIDField(allow_null=True)
    reverts = serializers.IntegerField(source="reverts.number", allow_null=True, default=None)
    commit_sha = serializers.CharField()
    parent_commit = serializers.CharField(allow_null=True)
    tree_sha256 = serializers.CharField()
    selection = serializers.JSONField()
    stats = serializers.JSONField()
    message = serializers.CharField()
    author_name = serializers.CharField()
    created_at = serializers.DateTimeField()


# Named once: two lists answer it.
VersionPage = page_of(VersionOut)


class FileEntryOut(serializers.Serializer):
    path = serializers.CharField()
    size = serializers.IntegerField(help_text="bytes")


class TreeOut(serializers.Serializer):
    """The names of all files, or one file with its text (null when it is none or above 1 MB)."""

    version = serializers.IntegerField()
    files = FileEntryOut(many=True)
    text = serializers.CharField(allow_null=True)


class ReversalOut(VersionOut):
    """`migrate_commands` run on deployed databases before the undone state is deployed there."""

    migrate_commands = serializers.ListField(child=serializers.CharField())


class AdapterOut(serializers.Serializer):
    slug = serializers.CharField()
    version = serializers.CharField()
    kind = serializers.CharField(help_text="source or emitter")
    enabled = serializers.BooleanField()
    formats = serializers.ListField(child=serializers.CharField())
    max_bytes = serializers.IntegerField(help_text="bytes")


class ProjectView(ApiView):
    """What every view of projects starts from."""

    def visible(self) -> models.QuerySet[Project]:
        return Project.objects.visible_to(self.principal).select_related("head_version")

    def project(self, project_id: int, *, lock: bool = False) -> Project:
        rows = self.visible()
        return self.find(rows.select_for_update(of=("self",)) if lock else rows, pk=project_id)

    def version(self, project_id: int, number: int) -> ProjectVersion:
        project = self.project(project_id)
        return self.find(
            project.versions.select_related("project", "reverts", "ir_file"), number=number
        )


class Projects(ProjectView):
    required_permissions: ClassVar = {"GET": "project.view", "POST": "project.create"}
    orderings = ("-created_at", "name", "size_bytes")

    @extend_schema(responses=page_of(ProjectOut))
    def get(self, request: Request) -> Response:
        """The projects of this workspace."""
        return self.page(self.visible(), ProjectOut)

    @extend_schema(request=ProjectIn, responses={201: ProjectOut})
    def post(self, request: Request) -> Response:
        """Make a project: the blank template is its first version."""
        made = projects.create(principal=self.principal, **self.read(ProjectIn))
        answer = self.tagged(self.project(made.pk), ProjectOut, status=HTTPStatus.CREATED)
        answer["Location"] = f"{request.path}{made.pk}/"
        return answer


class ProjectDetail(ProjectView):
    required_permissions: ClassVar = {
        "GET": "project.view",
        "PATCH": "project.update",
        "DELETE": "project.delete",
    }

    @extend_schema(responses=ProjectOut)
    def get(self, request: Request, project_id: int) -> Response:
        return self.tagged(self.project(project_id), ProjectOut)

    @extend_schema(request=ProjectChangeIn, responses=ProjectOut)
    def patch(self, request: Request, project_id: int) -> Response:
        """Rename or describe a project; `If-Match` says which version of it was seen."""
        given = self.read(ProjectChangeIn)
        project = self.project(project_id, lock=True)
        etags.require(request, project)
        projects.rename(
            principal=self.principal,
            project=project,
            name=given.get("name", project.name),
            description=given.get("description", project.description),
        )
        return self.tagged(self.project(project_id), ProjectOut)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, project_id: int) -> Response:
        """Delete a project; its versions are kept for 30 days."""
        projects.delete(principal=self.principal, project=self.project(project_id))
        return Response(status=HTTPStatus.NO_CONTENT)


class Versions(ProjectView):
    required_permissions: ClassVar = {"GET": "project.view"}
    orderings = ("-number",)

    @extend_schema(responses=VersionPage)
    def get(self, request: Request, project_id: int) -> Response:
        """The history of a project, newest first."""
        return self.page(self.project(project_id).versions.select_related("reverts"), VersionOut)


class VersionDetail(ProjectView):
    required_permissions: ClassVar = {"GET": "project.view"}

    @extend_schema(responses=VersionOut)
    def get(self, request: Request, project_id: int, number: int) -> Response:
        return Response(VersionOut(self.version(project_id, number)).data)


class VersionFiles(ProjectView):
    required_permissions: ClassVar = {"GET": "project.view"}
    query_parameters = frozenset({"path"})

    @extend_schema(responses=TreeOut)
    def get(self, request: Request, project_id: int, number: int | None = None) -> Response:
        """The files of a version (of the head without a number); with `path` the text of one."""
        version = self._version(project_id, number)
        tree = projects.tree(version=version)
        path = request.GET.get("path")
        if path is not None and path not in tree:
            raise Http404
        names = [path] if path is not None else sorted(tree)
        entries = [{"path": name, "size": len(tree[name])} for name in names]
        text = _text(tree[path]) if path is not None else None
        return Response({"version": version.number, "files": entries, "text": text})

    def _version(self, project_id: int, number: int | None) -> ProjectVersion:
        if number is not None:
            return self.version(project_id, number)
        head = self.project(project_id).head_version
        if head is None:
            raise Http404
        return head


class VersionArchive(ProjectView):
    required_permissions: ClassVar = {"GET": "project.view"}

    @extend_schema(responses=content("application/zip"))
    def get(self, request: Request, project_id: int, number: int) -> HttpResponse:
        """The version as a ZIP, the same bytes every time."""
        version = self.version(project_id, number)
        return _sent(projects.archive(version=version), "application/zip", version, "zip")


class VersionPatch(ProjectView):
    required_permissions: ClassVar = {"GET": "project.view"}

    @extend_schema(responses=content("text/x-diff"))
    def get(self, request: Request, project_id: int, number: int) -> HttpResponse:
        """What the version changed, for `git apply`."""
        version = self.version(project_id, number)
        return _sent(projects.patch(version=version), "text/x-diff", version, "patch")


class Adapters(ApiView):
    required_permissions: ClassVar = {"GET": "generation.view"}

    @extend_schema(responses=AdapterOut(many=True))
    def get(self, request: Request) -> Response:
        """What reads exports and what writes back ends here, and whether it is switched on."""
        off = submitting.disabled_adapters(self.principal.workspace_id)
        rows = [
            _adapter(one.slug, one.version, kind="source", off=off, formats=[one.source])
            for one in adapters.ADAPTERS
        ]
        version = CORE_VERSION
        emitter = _adapter(EMITTER, version, kind="emitter", off=off, formats=["django"])
        return Response([*rows, emitter])


def _adapter(
    slug: str, version: str, *, kind: str, off: set[str], formats: list[str]
) -> dict[str, Any]:
    return {
        "slug": slug,
        "version": version,
        "kind": kind,
        "enabled": slug not in off,
        "formats": formats,
        "max_bytes": MAX_UPLOAD_BYTES,
    }


def _text(content: bytes) -> str | None:
    if len(content) > MAX_TEXT_BYTES:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _sent(content: bytes, content_type: str, version: ProjectVersion, suffix: str) -> HttpResponse:
    name = get_valid_filename(f"{version.project.slug}-v{version.number}.{suffix}")
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["ETag"] = f'"{version.tree_sha256}"'
    return response
