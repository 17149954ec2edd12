"""Taking a job in: the upload becomes a job row and its task, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models

from accounts.authentication import Principal
from laojun import audit, configs, files
from laojun.models import File
from taishang import queue
from taishang.generation import CORE_VERSION, ir, plugging
from taishang.generation.options import Options
from taishang.models import GenerationJob, Project, Task

KIND = "generation"
RETRY_AFTER_SECONDS = 60


class TooManyJobs(Exception):
    """The workspace has as many waiting jobs as it may have."""

    code = "too_many_jobs"

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.members = {"limit": limit}
        self.headers = {"Retry-After": str(RETRY_AFTER_SECONDS)}


class AdapterDisabled(Exception):
    """Every source adapter, or the emitter, is switched off here."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotRevisable(Exception):
    """A correction needs the finished reading of its parent."""

    code = "not_ready"


@dataclass(frozen=True)
class Submission:
    """The job that will answer; `created` is False when an equal one was already waiting or running."""

    job: GenerationJob
    created: bool


def submit(
    *,
    principal: Principal,
    upload: File,
    chat: File | None,
    options: Options,
    project: Project | None = None,
    name: str = "",
) -> Submission:
    """Queue a job for a stored export. The same export, chat, options and base while one is live returns that one.

    Raises TooManyJobs, AdapterDisabled.
    """
    check_adapters(principal.workspace_id)
    _check_waiting(principal)
    job = GenerationJob(
        workspace_id=principal.workspace_id,
        user=principal.user,
        project=project,
        name=(name or _name_from(upload))[:120],
        upload_path=upload.storage_path,
        upload_file=upload,
        chat_path=chat.storage_path if chat else None,
        chat_file=chat,
        zip_sha256=upload.sha256,
        chat_sha256=chat.sha256 if chat else "",
        options_sha256=ir.digest(options),
        zip_bytes=upload.file_size,
        options=options.model_dump(mode="json"),
        core_version=CORE_VERSION,
    )
    return _enqueue(principal, job)


def revise(
    *,
    principal: Principal,
    parent: GenerationJob,
    edits: list[dict[str, Any]],
    options: Options | None = None,
) -> Submission:
    """Queue a corrected run: it starts at the blueprint, from the parent's evidence. Raises NotRevisable."""
    if parent.artifact("evidence") is None:
        raise NotRevisable
    check_adapters(principal.workspace_id)
    _check_waiting(principal)
    chosen = options or Options.model_validate(parent.options)
    combined = [*parent.edits, *edits]
    job = GenerationJob(
        workspace_id=parent.workspace_id,
        user=principal.user,
        project=parent.project,
        parent=parent,
        name=parent.name,
        upload_path=parent.upload_path,
        upload_file_id=parent.upload_file_id,
        chat_path=parent.chat_path,
        chat_file_id=parent.chat_file_id,
        zip_sha256=parent.zip_sha256,
        chat_sha256=parent.chat_sha256,
        options_sha256=ir.digest({"options": chosen.model_dump(mode="json"), "edits": combined}),
        zip_bytes=parent.zip_bytes,
        options=chosen.model_dump(mode="json"),
        edits=combined,
        core_version=CORE_VERSION,
    )
    audit.record(
        actor=principal, action="generation_job.revise", target=("generation_job", parent.pk)
    )
    return _enqueue(principal, job)


def identical_to(job: GenerationJob) -> GenerationJob | None:
    """The finished job that had exactly this input, if there is one."""
    return (
        GenerationJob.objects.filter(workspace_id=job.workspace_id)
        .same_input(job)
        .order_by("-created_at")
        .first()
    )


def disabled_adapters(workspace_id: int | None) -> set[str]:
    """The platform's own adapters and emitters that are switched off, blocked or damaged here."""
    return plugging.switched_off(workspace_id)


def check_adapters(workspace_id: int | None) -> None:
    """Raises AdapterDisabled when nothing may read, or nothing may write."""
    off = disabled_adapters(workspace_id)
    if "django_emitter" in off:
        raise AdapterDisabled("emitter_disabled")
    if off >= {
        "bolt_adapter",
        "v0_adapter",
        "lovable_adapter",
        "retool_adapter",
        "generic_adapter",
    }:
        raise AdapterDisabled("adapter_disabled")


def waiting(workspace_id: int) -> tuple[int, int]:
    """How many generations of a workspace wait, and how many may."""
    queued = Task.objects.filter(workspace_id=workspace_id, type=KIND, state=Task.State.QUEUED)
    return queued.count(), configs.value("generation.max_waiting", workspace_id)


def _check_waiting(principal: Principal) -> None:
    number, limit = waiting(principal.workspace_id or 0)
    if number >= limit:
        raise TooManyJobs(limit)


def _enqueue(principal: Principal, job: GenerationJob) -> Submission:
    project = job.project
    base = project.head_commit if project else ""
    key = ir.digest(
        [job.zip_sha256, job.chat_sha256, job.options_sha256, project and project.pk, base]
    )
    task = queue.enqueue(
        kind=KIND,
        payload={},
        workspace=job.workspace_id,
        user=principal.user,
        dedup_key=f"generation:{key}",
        subject_type="generation_job",
    )
    if task.deduplicated:
        return Submission(GenerationJob.objects.with_task().get(pk=task.pk), created=False)
    most = configs.value("generation.max_running", job.workspace_id)
    queue.hold_to(queue=task.queue, workspace_id=job.workspace_id, most=most)
    job.task = task
    job.save(force_insert=True)
    audit.record(actor=principal, action="generation_job.create", target=("generation_job", job.pk))
    return Submission(job, created=True)


def _name_from(upload: File) -> str:
    return upload.original_filename.removesuffix(".zip") or "export"


def erase(*, principal: Principal, job: GenerationJob) -> None:
    """Erase the sources and artifacts of a finished job; the row and its hashes stay while a version refers to it."""
    for file in File.objects.filter(pk__in=_files_of(job)):
        files.delete(file)
    job.artifacts.all().delete()
    audit.record(actor=principal, action="generation_job.delete", target=("generation_job", job.pk))
    if not job.versions.exists() and not job.children.exists():
        job.delete()
        return
    job.upload_file = job.chat_file = None
    job.save(update_fields=["upload_file", "chat_file", "updated_at"])


def _files_of(job: GenerationJob) -> set[Any]:
    shared = GenerationJob.objects.filter(
        models.Q(upload_file_id=job.upload_file_id) | models.Q(chat_file_id=job.chat_file_id)
    ).exclude(pk=job.pk)
    own: set[Any] = set(job.artifacts.values_list("file_id", flat=True))
    if not shared.exists():
        own |= {job.upload_file_id, job.chat_file_id}
    return own - {None}
