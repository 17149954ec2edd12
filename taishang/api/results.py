"""What a job has found and made: the difference, the evidence, the verdicts, the files, and its application."""

from __future__ import annotations

from dataclasses import asdict
from hashlib import sha256
from http import HTTPStatus
from typing import ClassVar
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.permissions import SIGNED_IN, denied
from accounts.web.problems import Invalid, field_error
from accounts.web.schema import content
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView
from laojun import delivery
from taishang.api.generation import JobView
from taishang.api.projects import VersionOut, VersionPage
from taishang.api.tasks import TaskOut
from taishang.generation import applying, disclosing, reading
from taishang.generation.diff_schema import SCHEMA
from taishang.generation.selecting import Selection
from taishang.models import GenerationJob, ProjectVersion, Task

OPERATIONS = ("add", "modify", "delete")
MAX_FACTS = 2_000
MAX_KEY = 600
DEFAULT_CONTEXT_LINES = 20


class ApplicationIn(Serializer):
    """What is taken over. Nothing named means everything."""

    mode = serializers.ChoiceField([applying.APPLY, applying.MERGE], default=applying.APPLY)
    endpoints = serializers.ListField(
        child=serializers.CharField(max_length=MAX_KEY), default=list, max_length=1000
    )
    models = serializers.ListField(
        child=serializers.CharField(max_length=MAX_KEY), default=list, max_length=200
    )
    files = serializers.ListField(
        child=serializers.CharField(max_length=1024), default=list, max_length=5000
    )
    resolutions = serializers.DictField(
        child=serializers.ListField(child=serializers.ChoiceField(["ours", "theirs"])),
        required=False,
        help_text="path → a side for each conflict, in order",
    )
    dry_run = serializers.BooleanField(default=False)
    message = serializers.CharField(max_length=500, default="", allow_blank=True)


class PlanOut(serializers.Serializer):
    endpoints = serializers.ListField(child=serializers.CharField())
    models = serializers.ListField(child=serializers.CharField())
    files = serializers.ListField(child=serializers.CharField())
    added = serializers.ListField(child=serializers.CharField())
    is_whole = serializers.BooleanField()
    base_moved = serializers.ListField(child=serializers.CharField())


class LineOut(serializers.Serializer):
    number = serializers.IntegerField()
    text = serializers.CharField()


class SourceOut(serializers.Serializer):
    file = serializers.CharField()
    line = serializers.IntegerField()
    lines = LineOut(many=True)


class JobDiff(JobView, ApiView):
    required_permissions: ClassVar = {"GET": "generation.view"}
    query_parameters = frozenset({"include", "path", "kind"})

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, job_id: UUID) -> Response:
        """The difference (`gen.diff/1`). `include=hunks` adds the text of each change."""
        job = self.job(job_id)
        include, kind = request.GET.get("include", ""), request.GET.get("kind")
        _check_choice("include", include, ("", "hunks"))
        _check_choice("kind", kind or "", ("", *OPERATIONS))
        may_read = disclosing.may_read_sources(self.principal, job)
        tag = _diff_tag(request, job, may_read=may_read)
        if job.diff_sha256 and etags.matches(request, tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        found = reading.diff(
            job=job, hunks=include == "hunks", path=request.GET.get("path"), kind=kind
        )
        shown = found if may_read else disclosing.without_excerpts(found)
        return Response(shown, headers={"ETag": tag})


class DiffSchema(ApiView):
    required_permissions: ClassVar = {"GET": SIGNED_IN}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request) -> Response:
        """The JSON Schema of the difference."""
        return Response(SCHEMA)


class JobEvidence(JobView, ApiView):
    required_permissions: ClassVar = {"GET": "generation.view"}
    query_parameters = frozenset({"item", "file", "kind"})

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, job_id: UUID) -> Response:
        """The facts that were read, narrowed to an item of the result, a file, a kind. At most 2,000."""
        job = self.job(job_id)
        chosen = {name: request.GET.get(name) for name in ("item", "file", "kind")}
        facts = reading.evidence(job=job, **chosen)
        shown = facts[:MAX_FACTS]
        if not disclosing.may_read_sources(self.principal, job):
            shown = disclosing.without_excerpts(shown)
        return Response({"count": len(facts), "results": shown})


class JobSource(JobView, ApiView):
    required_permissions: ClassVar = {"GET": "generation.view"}
    query_parameters = frozenset({"file", "line", "context"})

    @extend_schema(responses=SourceOut)
    def get(self, request: Request, job_id: UUID) -> Response:
        """Lines of the cleaned export around one line."""
        job = self.job(job_id)
        if not disclosing.may_read_sources(self.principal, job):
            raise denied("generation.source.view")
        file, line = request.GET.get("file", ""), _number(request, "line", 1)
        context = _number(request, "context", DEFAULT_CONTEXT_LINES, low=0)
        rows = reading.source(job=job, file=file, line=line, context=context)
        lines = [{"number": number, "text": text} for number, text in rows]
        return Response({"file": file, "line": line, "lines": lines})


class JobVerification(JobView, ApiView):
    required_permissions: ClassVar = {"GET": "generation.view"}

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, job_id: UUID) -> Response:
        """Every check, every replayed call, and how strong the sandbox was."""
        return Response(reading.verification(job=self.job(job_id)))


class JobDownload(JobView, ApiView):
    required_permissions: ClassVar = {"GET": "generation.view"}
    query_parameters = frozenset({"what"})

    @extend_schema(responses=content("application/zip", 200, 206))
    def get(self, request: Request, job_id: UUID) -> HttpResponseBase:
        """One file of the job, whole or by `Range`."""
        job = self.job(job_id)
        what = request.GET.get("what", "project")
        _check_choice("what", what, tuple(reading.DOWNLOADS))
        if what in disclosing.SOURCES and not disclosing.may_read_sources(self.principal, job):
            raise denied("generation.source.view")
        file = reading.download(job=job, what=what, principal=self.principal)
        return delivery.serve(request._request, file)


class JobApplication(JobView, ApiView):
    required_permissions: ClassVar = {
        "GET": "generation.view",
        "POST": "generation.apply",
        "DELETE": "generation.apply",
    }
    orderings = ("-created_at",)

    @extend_schema(responses=VersionPage)
    def get(self, request: Request, job_id: UUID) -> Response:
        """The versions that this job has written."""
        versions = ProjectVersion.objects.filter(job=self.job(job_id))
        return self.page(versions.select_related("project"), VersionOut)

    @extend_schema(request=ApplicationIn, responses={200: PlanOut, 201: VersionOut, 202: TaskOut})
    def post(self, request: Request, job_id: UUID) -> Response:
        """Take the result into the project: whole at once, a part or a merge as a task. `dry_run` only tells."""
        given = self.read(ApplicationIn)
        job = self.job(job_id)
        selection = Selection(**{name: given[name] for name in Selection.model_fields})
        if given["dry_run"]:
            return Response(PlanOut(asdict(applying.plan(job=job, selection=selection))).data)
        made = applying.apply(
            principal=self.principal,
            job=job,
            selection=selection,
            mode=given["mode"],
            resolutions=given.get("resolutions"),
            message=given["message"],
        )
        return made_or_queued(self, made)

    @extend_schema(responses={201: VersionOut, 202: TaskOut})
    def delete(self, request: Request, job_id: UUID) -> Response:
        """Undo what this job wrote and nobody has undone."""
        return made_or_queued(
            self, applying.revert_job(principal=self.principal, job=self.job(job_id))
        )


def made_or_queued(view: ApiView, made: ProjectVersion | Task) -> Response:
    """201 with the new version, or 202 with the task that will write it."""
    if isinstance(made, Task):
        shown = TaskOut(made, context={"principal": view.principal}).data
        answer = Response(shown, status=HTTPStatus.ACCEPTED)
        answer["Location"] = f"/api/v1/tasks/{made.pk}/"
        return answer
    answer = Response(VersionOut(made).data, status=HTTPStatus.CREATED)
    answer["Location"] = f"/api/v1/projects/{made.project_id}/versions/{made.number}/"
    return answer


def _diff_tag(request: Request, job: GenerationJob, *, may_read: bool) -> str:
    """The difference's own hash; narrowed or shortened forms add what they are."""
    form = request.META.get("QUERY_STRING", "") + ("" if may_read else "#no-excerpts")
    suffix = f".{sha256(form.encode()).hexdigest()[:8]}" if form else ""
    return f'"{job.diff_sha256}{suffix}"'


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        names = ", ".join(one for one in allowed if one)
        message = _("One of: %(names)s") % {"names": names}
        raise Invalid([field_error(name, "invalid_choice", message)])


def _number(request: Request, name: str, default: int, *, low: int = 1) -> int:
    text = request.GET.get(name, str(default))
    if text.isascii() and text.isdigit() and len(text) <= 8 and int(text) >= low:
        return int(text)
    message = _("A whole number from %(low)d.") % {"low": low}
    raise Invalid([field_error(name, "invalid", message)])
