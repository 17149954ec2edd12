"""What the person who opened a page may see there: one job, one project, one page of a list."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db import models
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


def cursor_page(
    request: HttpRequest, rows: models.QuerySet[Any], size: int
) -> tuple[list[Any], str | None]:
    """A page of `rows`, newest first by key, and the cursor of the next one. Keys must grow with time."""
    cursor = request.GET.get("cursor", "")
    if cursor:
        field = rows.model._meta.pk
        try:
            rows = rows.filter(pk__lt=field.to_python(cursor))
        except (ValueError, models.ObjectDoesNotExist) as error:
            raise Http404 from error
    found = list(rows.order_by("-pk")[: size + 1])
    return found[:size], str(found[size - 1].pk) if len(found) > size else None
