"""The sample export of the demo workspace: generated and applied, so that a newcomer can look at a result."""

import os

from accounts import tenancy
from accounts.authentication import Principal
from accounts.models import User, Workspace
from accounts.tenancy import Context
from laojun import files
from laojun.files import Owner
from taishang import runner
from taishang.claiming import Claimant
from taishang.generation import applying, sample, submitting
from taishang.generation.options import Options
from taishang.models import GenerationJob

NAME = "Reading club"


def seed_generation(*, user: User, workspace: Workspace) -> None:
    """One finished job, applied to a project. Runs the job here, which takes about ten seconds the first time."""
    principal = Principal(
        kind="system",
        user=user,
        workspace_id=workspace.pk,
        is_owner=True,
        context=Context(user_id=user.pk, workspace_id=workspace.pk),
    )
    with tenancy.entered(principal.context):
        job = GenerationJob.objects.with_task().filter(name=NAME).order_by("created_at").first()
    if job is None:
        job = _submit(principal, user)
    if job.task.is_live:
        runner.drain(Claimant(f"demo:{os.getpid()}", ["generation"]), limit=1)
    with tenancy.entered(principal.context):
        job = GenerationJob.objects.with_task().get(pk=job.pk)
        if job.task.state == "succeeded" and not job.versions.exists():
            applying.apply(principal=principal, job=job)


def _submit(principal: Principal, user: User) -> GenerationJob:
    owner = Owner(user.pk, principal.workspace_id)
    upload = files.store(
        content=sample.archive(), name="reading-club.zip", purpose="generation.upload", owner=owner
    )
    chat = files.store(
        content=sample.chat(), name="chat.json", purpose="generation.chat", owner=owner
    )
    with tenancy.entered(principal.context):
        submitted = submitting.submit(
            principal=principal, upload=upload, chat=chat, options=Options(), name=NAME
        )
    return submitted.job
