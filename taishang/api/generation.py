"""Generation jobs: hand an export in, watch, list, correct, stop and erase."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, ClassVar
from uuid import UUID

from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.web import etags
from accounts.web.problems import Invalid, Refused, field_error
from accounts.web.schema import OBJECT_OR_NULL, page_of
from accounts.web.serializers import Serializer
from accounts.web.views import ApiView, UploadView
from laojun.audit import Actor
from laojun.models import File
from taishang import steering
from taishang.generation import correcting, receiving, submitting
from taishang.generation.options import Options
from taishang.generation.receiving import Offer, OptionsRefused
from taishang.models import GenerationJob, Project, Task

MAX_NAME = 120
MAX_EDITS = 40


class JobIn(Serializer):
    """Exactly one of `upload` and `upload_file_id`; at most one way to name a chat log and a project."""

    upload = serializers.FileField(required=False, allow_empty_file=True, max_length=1000)
    upload_file_id = serializers.UUIDField(required=False)
    chat = serializers.FileField(required=False, allow_empty_file=True, max_length=1000)
    chat_file_id = serializers.UUIDField(required=False)
    chat_text = serializers.CharField(
        required=False, allow_blank=True, trim_whitespace=False, max_length=receiving.MAX_CHAT_BYTES
    )
    project_id = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    project_name = serializers.CharField(required=False, max_length=MAX_NAME)
    name = serializers.CharField(required=False, max_length=MAX_NAME)
    options = serializers.JSONField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("upload" in attrs) == ("upload_file_id" in attrs):
            raise serializers.ValidationError(
                {"upload": _("Send either `upload` or `upload_file_id`.")}, code="required"
            )
        _at_most_one(attrs, "chat", "chat_file_id", "chat_text")
        _at_most_one(attrs, "project_id", "project_name")
        return attrs


class RevisionIn(Serializer):
    edits = serializers.ListField(
        child=serializers.DictField(), required=False, default=list, max_length=MAX_EDITS
    )
    options = serializers.DictField(required=False)


class JobOut(serializers.Serializer):
    """A job in a list. `status` is `state` in the word integrators know: completed for succeeded."""

    id = serializers.UUIDField(source="pk")
    name = serializers.CharField()
    state = serializers.ChoiceField(Task.State.choices, source="task.state")
    status = serializers.CharField()
    progress = serializers.IntegerField(source="task.progress")
    progress_message = serializers.CharField(source="task.progress_message")
    stage = serializers.ChoiceField(GenerationJob.Stage.choices)
    source = serializers.ChoiceField(GenerationJob.Source.choices)  # type: ignore[assignment]
    framework = serializers.CharField()
    summary = serializers.JSONField()
    applied = serializers.ChoiceField(["none", "partial", "full", "reverted"])
    project_id = serializers.IntegerField(allow_null=True)
    parent_id = serializers.UUIDField(allow_null=True)
    user_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(source="task.started_at", allow_null=True)
    finished_at = serializers.DateTimeField(source="task.finished_at", allow_null=True)
    error = serializers.SerializerMethodField()
    links = serializers.SerializerMethodField()

    @extend_schema_field(OBJECT_OR_NULL)
    def get_error(self, job: GenerationJob) -> dict[str, Any] | None:
        if not job.task.error_code:
            return None
        told = job.summary.get("error") or {}
        place = {name: told.get(name) or None for name in ("hint", "stage", "file", "line")}
        detail = told.get("detail") or job.task.error_message
        return {"code": job.task.error_code, "detail": detail, **place}

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_links(self, job: GenerationJob) -> dict[str, str]:
        base = f"/api/v1/generation-jobs/{job.pk}/"
        names = ("diff", "evidence", "verification", "application", "revisions", "cancellation")
        task = f"/api/v1/tasks/{job.pk}/"
        return {
            "self": base,
            **{name: f"{base}{name}/" for name in names},
            "task": task,
            "stream": f"{task}stream/",
            "page": f"/generation/{job.pk}/",
        }


class JobDetailOut(JobOut):
    """One job with everything it knows about itself."""

    source_score = serializers.IntegerField()
    languages = serializers.JSONField()
    kept_files = serializers.IntegerField()
    ignored_files = serializers.IntegerField()
    zip_bytes = serializers.IntegerField(help_text="bytes")
    zip_sha256 = serializers.CharField()
    chat_sha256 = serializers.CharField()
    tree_sha256 = serializers.CharField(allow_null=True)
    ir_sha256 = serializers.CharField(allow_null=True)
    diff_sha256 = serializers.CharField(allow_null=True)
    core_version = serializers.CharField()
    adapters = serializers.JSONField()
    options = serializers.JSONField()
    edits = serializers.JSONField()
    stage_timings = serializers.JSONField(help_text="ms and counts of each stage")
    usage = serializers.JSONField(help_text="seconds, cpu_seconds, peak_bytes, sandbox")
    verification = serializers.JSONField()
    warnings = serializers.JSONField()
    identical_to = serializers.SerializerMethodField()
    deduplicated = serializers.SerializerMethodField()

    def get_identical_to(self, job: GenerationJob) -> str | None:
        twin = submitting.identical_to(job)
        return str(twin.pk) if twin else None

    def get_deduplicated(self, job: GenerationJob) -> bool:
        return bool(self.context.get("deduplicated"))


class JobView:
    """What every view of jobs starts from."""

    def visible(self: Any) -> Any:
        return GenerationJob.objects.visible_to(self.principal).with_task().with_applied()

    def job(self: Any, job_id: UUID) -> GenerationJob:
        found: GenerationJob = self.find(self.visible(), pk=job_id)
        return found

    def answered(self: Any, job: GenerationJob, *, status: int, created: bool = True) -> Response:
        """A job as the answer to a write."""
        found = self.job(job.pk)
        context = {"principal": self.principal, "deduplicated": not created}
        answer = Response(JobDetailOut(found, context=context).data, status=status)
        answer["Location"] = f"/api/v1/generation-jobs/{job.pk}/"
        return answer


class Jobs(JobView, UploadView):
    required_permissions: ClassVar = {"GET": "generation.view", "POST": "generation.create"}
    query_parameters = frozenset(
        {"state", "status", "source", "project", "user", "created_after", "created_before"}
    )
    orderings = ("-created_at", "name")

    @extend_schema(responses=page_of(JobOut))
    def get(self, request: Request) -> Response:
        """The jobs of this workspace, newest first."""
        given = Filters(data=request.GET.dict())
        given.is_valid(raise_exception=True)
        return self.page(self.visible().filter(**given.conditions()), JobOut)

    @extend_schema(
        request={"multipart/form-data": JobIn, "application/json": JobIn},
        responses={202: JobDetailOut, 200: JobDetailOut},
    )
    def post(self, request: Request) -> Response:
        """Hand an export in. The same export, chat, options and base while one is at work is answered with it (200)."""
        given = self.read(JobIn)
        offer = Offer(
            upload=given.get("upload") or self._file(given, "upload_file_id"),
            chat=given.get("chat") or self._file(given, "chat_file_id"),
            chat_text=given.get("chat_text", ""),
            project=self._project(given.get("project_id")),
            project_name=self._project_name(given.get("project_name", "")),
            options=options_of(given.get("options", {})),
            name=given.get("name", ""),
        )
        found = receiving.receive(principal=self.principal, offer=offer)
        status = HTTPStatus.ACCEPTED if found.created else HTTPStatus.OK
        return self.answered(found.job, status=status, created=found.created)

    def _file(self, given: dict[str, Any], name: str) -> Any:
        """A stored file of the person's own: somebody else's upload is not a way to read it."""
        if name not in given:
            return None
        own = File.objects.visible_to(self.principal).filter(user=self.user)
        found = own.filter(pk=given[name]).first()
        if found is None:
            raise Invalid([field_error(f"/{name}", "does_not_exist", _("No such file."))])
        return found

    def _project(self, project_id: int | None) -> Project | None:
        if project_id is None:
            return None
        self._needs("project.update")
        found = Project.objects.visible_to(self.principal).filter(pk=project_id).first()
        if found is None:
            message = _("No such project.")
            raise Invalid([field_error("/project_id", "does_not_exist", message)])
        return found

    def _project_name(self, name: str) -> str:
        if name:
            self._needs("project.create")
        return name

    def _needs(self, key: str) -> None:
        if not self.principal.may(key):
            raise Refused("permission_denied", members={"permission": key})


class Filters(serializers.Serializer):
    """What a list of jobs can be narrowed by."""

    state = serializers.ChoiceField(Task.State.choices, required=False)
    status = serializers.ChoiceField(
        ["queued", "running", "completed", "failed", "cancelled"], required=False
    )
    source = serializers.ChoiceField(GenerationJob.Source.choices, required=False)  # type: ignore[assignment]
    project = serializers.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    user = serializers.UUIDField(required=False)
    created_after = serializers.DateTimeField(required=False)
    created_before = serializers.DateTimeField(required=False)

    def conditions(self) -> dict[str, Any]:
        names = {
            "state": "task__state",
            "source": "source",
            "project": "project_id",
            "user": "user_id",
            "created_after": "created_at__gte",
            "created_before": "created_at__lt",
        }
        given = self.validated_data
        found = {names[name]: value for name, value in given.items() if name in names}
        if "status" in given:
            found["task__state__in"] = [
                "succeeded" if given["status"] == "completed" else given["status"]
            ]
        return found


class JobDetail(JobView, ApiView):
    required_permissions: ClassVar = {"GET": "generation.view", "DELETE": "generation.create"}

    @extend_schema(responses=JobDetailOut)
    def get(self, request: Request, job_id: UUID) -> Response:
        """One job as it stands."""
        job = self.job(job_id)
        tag = etags.of(request, job, version=version_of(job))
        if etags.matches(request, tag):
            return Response(status=HTTPStatus.NOT_MODIFIED, headers={"ETag": tag})
        shown = JobDetailOut(job, context={"principal": self.principal}).data
        return Response(shown, headers={"ETag": tag})

    @extend_schema(responses={204: None})
    def delete(self, request: Request, job_id: UUID) -> Response:
        """Erase the sources and everything made from them. What was applied stays in its project."""
        job = self.job(job_id)
        if not GenerationJob.objects.erasable_by(self.principal).filter(pk=job.pk).exists():
            raise Refused("permission_denied", members={"permission": "generation.source.view"})
        if job.task.is_live:
            raise Refused("not_finished")
        submitting.erase(principal=self.principal, job=job)
        return Response(status=HTTPStatus.NO_CONTENT)


class JobRevisions(JobView, ApiView):
    required_permissions: ClassVar = {"POST": "generation.create"}

    @extend_schema(request=RevisionIn, responses={202: JobDetailOut})
    def post(self, request: Request, job_id: UUID) -> Response:
        """Correct a finished job: a child job starts from what this one has read."""
        given = self.read(RevisionIn)
        job = self.job(job_id)
        options = options_of({**job.options, **given["options"]}) if "options" in given else None
        found = correcting.revise(
            principal=self.principal, parent=job, edits=given["edits"], options=options
        )
        return self.answered(found.job, status=HTTPStatus.ACCEPTED, created=found.created)


class JobCancellation(JobView, ApiView):
    required_permissions: ClassVar = {"POST": "generation.cancel"}

    @extend_schema(request=None, responses={202: JobDetailOut, 200: JobDetailOut})
    def post(self, request: Request, job_id: UUID) -> Response:
        """Stop a job. 202 when it was asked just now; a job that has ended answers 200, unchanged."""
        job = self.job(job_id)
        try:
            asked = steering.cancel(task=job.task, by=Actor.of_principal(self.principal))
        except steering.TaskNotCancellable:
            asked = False
        return self.answered(job, status=HTTPStatus.ACCEPTED if asked else HTTPStatus.OK)


def options_of(values: Any) -> Options:
    """The options of a job. Raises Invalid that names every fault."""
    if not isinstance(values, dict):
        message = _("An object of options.")
        raise Invalid([field_error("/options", "invalid", message)])
    try:
        return receiving.read_options(values)
    except OptionsRefused as refusal:
        raise Invalid([field_error(*fault) for fault in refusal.faults]) from refusal


def version_of(job: GenerationJob) -> str:
    """Changes with the job, its task and what stands of it in a project."""
    return f"{job.task.row_version}-{int(job.updated_at.timestamp() * 1_000_000)}-{job.applied}"


def _at_most_one(attrs: dict[str, Any], *names: str) -> None:
    given = [name for name in names if name in attrs]
    if len(given) > 1:
        message = _("Send only one of: %(names)s") % {"names": ", ".join(names)}
        raise serializers.ValidationError({given[-1]: message}, code="ambiguous")
