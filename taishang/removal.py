"""What a deleted workspace leaves in this app: projects with their versions, generation jobs, tasks, lanes, models."""

from __future__ import annotations

from accounts import tenancy
from taishang import projects
from taishang.models import (
    GenerationArtifact,
    GenerationJob,
    Lane,
    Model,
    ModelAlias,
    ModelPrice,
    Project,
    Task,
)

BATCH = 100
REASON = "purge of deleted workspaces"


def remove_projects(*, workspace_id: int) -> int:
    """A batch of projects, each with its history."""
    found = list(Project.objects.filter(workspace_id=workspace_id)[:BATCH])
    for project in found:
        projects.purge(project=project)
    return len(found)


def remove_work(*, workspace_id: int) -> int:
    """A batch of jobs with their artifacts, then of tasks with their histories, then the lanes."""
    jobs = GenerationJob.objects.filter(workspace_id=workspace_id)
    batch = list(jobs.values_list("pk", flat=True)[:BATCH])
    if batch:
        GenerationArtifact.objects.filter(job__in=batch).delete()
        jobs.filter(parent__in=batch).update(parent=None)
        return jobs.filter(pk__in=batch).delete()[0]
    tasks = Task.objects.filter(workspace_id=workspace_id)
    batch = list(tasks.values_list("pk", flat=True)[:BATCH])
    if batch:
        # The database takes the histories along.
        return int(tasks.filter(pk__in=batch)._raw_delete(tasks.db))
    with tenancy.platform_scope(reason=REASON):
        return Lane.objects.filter(workspace_id=workspace_id).delete()[0]


def remove_models(*, workspace_id: int) -> int:
    """Everybody's models in the workspace with their names and prices, at once: a default and its alias are one."""
    with tenancy.platform_scope(reason=REASON):
        return sum(
            table.objects.filter(workspace_id=workspace_id).delete()[0]
            for table in (ModelAlias, ModelPrice, Model)
        )
