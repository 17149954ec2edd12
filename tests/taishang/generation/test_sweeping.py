"""Nothing is kept longer than its days, and nothing goes that a version needs."""

import os
from datetime import timedelta

import pytest
from django.utils import timezone

from laojun.retention import sweeping as retention
from taishang import projects
from taishang.generation import applying, sweeping
from taishang.models import Project, ProjectVersion, Task

pytestmark = pytest.mark.django_db


def kinds(workshop, job):
    with workshop.inside():
        return set(job.artifacts.values_list("kind", flat=True))


def test_sources_go_after_thirty_days_and_not_before(workshop, finished):
    ended = finished.task.finished_at

    assert sweeping.expire_artifacts(ended + timedelta(days=30, seconds=-1)) == 0
    assert sweeping.expire_artifacts(ended + timedelta(days=30, seconds=1)) >= 1

    assert "redacted_upload" not in kinds(workshop, finished)
    assert "tree" in kinds(workshop, finished)


def test_artifacts_go_after_ninety_days(workshop, finished):
    sweeping.expire_artifacts(finished.task.finished_at + timedelta(days=90, seconds=1))

    assert kinds(workshop, finished) == set()


def test_artifacts_of_an_applied_job_stay(workshop, finished):
    with workshop.inside():
        applying.apply(principal=workshop.principal, job=finished)

    sweeping.expire_artifacts(finished.task.finished_at + timedelta(days=91))

    assert "tree" in kinds(workshop, finished)


def test_a_deleted_project_goes_with_its_versions_after_thirty_days(workshop):
    with workshop.inside():
        project = projects.create(principal=workshop.principal, name="Old")
        projects.delete(principal=workshop.principal, project=project)
    now = timezone.now()

    assert sweeping.purge_projects(now + timedelta(days=29)) == 0
    assert sweeping.purge_projects(now + timedelta(days=31)) == 1

    with workshop.inside():
        assert not Project.objects.filter(pk=project.pk).exists()
        assert not ProjectVersion.objects.filter(project_id=project.pk).exists()


def test_the_task_of_a_job_stays_however_old(workshop, finished):
    ended = finished.task.finished_at

    retention.run(now=ended + timedelta(days=4000), only=lambda one: one.table == "tai_tasks")

    with workshop.inside():
        assert Task.objects.filter(pk=finished.task_id).exists()


def test_folders_of_dead_processes_go(settings, tmp_path):
    settings.DATA_DIR = tmp_path
    old, new = tmp_path / "jobs" / "old", tmp_path / "jobs" / "new"
    for folder in (old, new):
        folder.mkdir(parents=True)
    long_ago = (timezone.now() - timedelta(hours=2)).timestamp()
    os.utime(old, (long_ago, long_ago))

    assert sweeping.sweep_folders(timezone.now()) == 1
    assert new.exists()
