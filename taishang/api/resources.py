"""What of this app clients keep a copy of."""

from typing import Any

from accounts import sync
from accounts.api.resources import IF_MATCH, SERVER_WINS
from accounts.authentication import Principal
from accounts.registry import SyncResource, sync_resources
from taishang.api.generation import JobOut, version_of
from taishang.api.projects import ProjectOut
from taishang.api.tasks import TaskOut
from taishang.api.vectors.collections import CollectionOut
from taishang.models import GenerationJob, Project, Task, VectorCollection
from taishang.vectors import standing


def declare() -> None:
    for resource in (
        SyncResource(
            "task",
            TaskOut,
            "/api/v1/tasks/{id}/",
            SERVER_WINS,
            **sync.of_queryset(Task.objects.visible_to),
        ),
        SyncResource(
            "generation_job",
            JobOut,
            "/api/v1/generation-jobs/{id}/",
            SERVER_WINS,
            **sync.of_queryset(_jobs, version=version_of),
        ),
        SyncResource(
            "project",
            ProjectOut,
            "/api/v1/projects/{id}/",
            IF_MATCH,
            **sync.of_queryset(_projects),
        ),
        SyncResource(
            "vector_collection",
            CollectionOut,
            "/api/v1/collections/{id}/",
            SERVER_WINS,
            **sync.of_queryset(_collections),
        ),
    ):
        sync_resources.add(resource.type, resource)


def _jobs(principal: Principal) -> Any:
    return GenerationJob.objects.visible_to(principal).with_task().with_applied()


def _collections(principal: Principal) -> Any:
    return standing.with_standing(VectorCollection.objects.visible_to(principal))


def _projects(principal: Principal) -> Any:
    return Project.objects.visible_to(principal).select_related("head_version")
