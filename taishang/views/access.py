"""Who may open a page: signed in, in a workspace, with the right it names."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404

from accounts.authentication import Principal
from accounts.models import User, Workspace
from taishang.models import GenerationJob, Project, ProjectVersion

View = Callable[..., HttpResponseBase]


def needs(key: str) -> Callable[[View], View]:
    """Let in whoever holds the permission `key` in the workspace at hand; others see the page for 403."""

    def guard(view: View) -> View:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            principal = principal_of(request)
            if not principal.may(key) or _is_frozen(request, principal):
                raise PermissionDenied(key)
            return view(request, *args, **kwargs)

        return guarded

    return guard


def principal_of(request: HttpRequest) -> Principal:
    return cast(Principal, request.principal)  # type: ignore[attr-defined]


def person_of(request: HttpRequest) -> User:
    """Behind `needs` there always is one."""
    return cast(User, request.user)


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


def _is_frozen(request: HttpRequest, principal: Principal) -> bool:
    writes = request.method not in {"GET", "HEAD", "OPTIONS"}
    return writes and principal.workspace_status != Workspace.Status.ACTIVE
