"""What the clock takes from generation: old sources and artifacts, deleted projects, folders of dead processes."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.utils import timezone

from accounts import tenancy
from laojun import configs, files
from taishang import projects
from taishang.models import GenerationArtifact, Project

SOURCES = ("redacted_upload", "chat")
PROJECT_DAYS = 30
FOLDER_HOURS = 1
BATCH = 500


def sweep() -> None:
    """Run by the hour; a second run finds nothing."""
    now = timezone.now()
    sweep_folders(now)
    expire_artifacts(now)
    purge_projects(now)


def sweep_folders(now: datetime) -> int:
    """Remove job folders whose process is long gone. Returns how many."""
    oldest = (now - timedelta(hours=FOLDER_HOURS)).timestamp()
    folder = settings.DATA_DIR / "jobs"
    dead = [one for one in folder.glob("*") if one.stat().st_mtime < oldest]
    for one in dead:
        shutil.rmtree(one, ignore_errors=True)
    return len(dead)


def artifacts_due(now: datetime) -> models.QuerySet[GenerationArtifact]:
    """Sources and artifacts past their days; those of a job that a version refers to stay."""
    sources = now - timedelta(days=configs.value("generation.source_days"))
    results = now - timedelta(days=configs.value("generation.artifact_days"))
    due = models.Q(kind__in=SOURCES, job__task__finished_at__lt=sources) | models.Q(
        job__task__finished_at__lt=results, job__versions__isnull=True
    )
    return GenerationArtifact.objects.filter(due).distinct()


def expire_artifacts(now: datetime) -> int:
    """Erase a batch of the artifacts that are due. Returns how many."""
    with tenancy.platform_scope(reason="generation sweep"):
        rows = artifacts_due(now).order_by("pk")
        found = list(rows.values_list("workspace_id", "pk")[:BATCH])
    for workspace_id, pk in found:
        with tenancy.workspace(workspace_id):
            artifact = GenerationArtifact.objects.select_related("file").get(pk=pk)
            artifact.delete()
            files.delete(artifact.file)
    return len(found)


def projects_due(now: datetime) -> models.QuerySet[Project]:
    """Projects that were deleted thirty days ago."""
    return Project.objects.filter(deleted_at__lt=now - timedelta(days=PROJECT_DAYS))


def purge_projects(now: datetime) -> int:
    """Remove a batch of deleted projects for good. Returns how many."""
    with tenancy.platform_scope(reason="generation sweep"):
        rows = projects_due(now).order_by("pk")
        found = list(rows.values_list("workspace_id", "pk")[:BATCH])
    for workspace_id, pk in found:
        with tenancy.workspace(workspace_id):
            projects.purge(project=Project.objects.get(pk=pk))
    return len(found)
