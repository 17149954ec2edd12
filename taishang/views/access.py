"""What the person who opened a page may see there: one job, one project, one page of a list."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from accounts.web.access import principal_of
from taishang.models import GenerationJob, Project, ProjectVersion


def job_of(request: HttpRequest, pk: UUID) -> GenerationJob:
    """The job this person may see, with its task; anything else is a 404."""
    jobs = GenerationJob.objects.visible_to(principal_of(request)).with_task().with_applied()
    return get_object_or_404(jobs, pk=pk)


def project_of(request: HttpRequest, slug: str) -> Project:
    projects = Project.objects.visible_to(principal_of(request))
    return get_object_or_404(projects.select_related("head_version"), slug=slug)


def version_of(request: HttpRequest, slug: str, number: int) -> ProjectVersion:
    project = project_of(request, slug)
    found = project.versions.select_related("project").filter(number=number).first()
    if found is None:
        raise Http404
    return found
