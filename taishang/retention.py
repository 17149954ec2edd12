"""How long the task engine and generation keep their rows."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import RetentionPolicy
from taishang.generation import sweeping
from taishang.models import GenerationJob, Task

FINISHED_DAYS = 90
WITH_THE_WORKSPACE = _("until the workspace is deleted")


def finished_long_ago(now: datetime) -> QuerySet[Task]:
    """Tasks that ended 90 days ago, but for those a generation job shows its history by."""
    limit = now - timedelta(days=FINISHED_DAYS)
    jobs = GenerationJob.objects.filter(task_id=OuterRef("pk"))
    return Task.objects.finished().filter(finished_at__lt=limit).exclude(Exists(jobs))


POLICIES = (
    RetentionPolicy(
        "tai_tasks",
        "delete",
        _("90 days after their end, then archived; those of generation jobs stay"),
        due=finished_long_ago,
        archived=True,
        along=(("tai_task_events", "task_id"),),
    ),
    RetentionPolicy("tai_task_events", "keep", _("as long as their task, and archived with it")),
    RetentionPolicy("tai_generation_jobs", "keep", WITH_THE_WORKSPACE),
    RetentionPolicy(
        "tai_generation_artifacts",
        "expire",
        _("sources 30 days, results 90 days after the job; those of versions stay"),
        due=sweeping.artifacts_due,
        sweep=sweeping.expire_artifacts,
    ),
    RetentionPolicy(
        "tai_projects",
        "expire",
        _("30 days after they were deleted"),
        due=sweeping.projects_due,
        sweep=sweeping.purge_projects,
    ),
    RetentionPolicy("tai_project_versions", "keep", _("as long as their project")),
    RetentionPolicy("tai_models", "keep", _("for ever: calls and vectors name them")),
    RetentionPolicy("tai_model_prices", "keep", _("for ever: they prove what calls cost")),
)


def declare() -> None:
    for policy in POLICIES:
        registry.retention_policies.add(policy.table, policy)
