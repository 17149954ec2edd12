"""The pages of projects: their versions as a timeline, their files, and the way back."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from accounts.web.access import needs, principal_of
from accounts.web.lists import cursor_page
from taishang import projects
from taishang.forms import ProjectForm
from taishang.generation import applying
from taishang.models import Project, ProjectVersion
from taishang.views import failures, findings, highlighting
from taishang.views.access import project_of, version_of
from taishang.views.application import commands_of, undo_commands

PAGE_SIZE = 20
MAX_SHOWN_BYTES = 512 * 1024
ICONS = {
    "initial": "plus",
    "application": "check",
    "merge": "branch",
    "reversal": "undo",
    "import": "upload",
}


@require_GET
@needs("project.view")
def index(request: HttpRequest) -> HttpResponse:
    rows = Project.objects.visible_to(principal_of(request)).select_related("head_version")
    found, following = cursor_page(request, rows, PAGE_SIZE)
    return render(request, "projects/projects.html", {"projects": found, "next": following})


@needs("project.view")
def project(request: HttpRequest, slug: str) -> HttpResponse:
    """A project: its history, newest first, what to do with the head, and its name."""
    found = project_of(request, slug)
    form = ProjectForm(initial={"name": found.name, "description": found.description})
    if request.method == "POST":
        if not principal_of(request).may("project.update"):
            return render(request, "403.html", status=403)
        form = ProjectForm(request.POST)
        if form.is_valid():
            projects.rename(principal=principal_of(request), project=found, **form.cleaned_data)
            messages.success(request, _("Saved."))
            return redirect("project", slug=slug)
    versions, following = cursor_page(request, _versions(found), PAGE_SIZE)
    undone = set(found.versions.filter(reverts__isnull=False).values_list("reverts_id", flat=True))
    head = found.head_version
    context = {
        "project": found,
        "head": head,
        "rows": [(one, ICONS.get(one.kind, "info"), one.pk in undone) for one in versions],
        "next": following,
        "form": form,
        "commands": commands_of(head) if head else "",
        "fresh": request.GET.get("version", ""),
        "may_update": principal_of(request).may("generation.apply"),
        "may_delete": principal_of(request).may("project.delete"),
    }
    return render(request, "projects/project.html", context)


@require_POST
@needs("project.delete")
def delete(request: HttpRequest, slug: str) -> HttpResponse:
    found = project_of(request, slug)
    projects.delete(principal=principal_of(request), project=found)
    messages.success(request, _("%(name)s is deleted.") % {"name": found.name})
    return redirect("projects")


@require_GET
@needs("project.view")
def files(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The files of a version; the one named by `path` is shown with colours."""
    version = version_of(request, slug, number)
    tree = _tree(version)
    path = request.GET.get("path", "") or ("README.md" if "README.md" in tree else "")
    if path and path not in tree:
        raise Http404
    context: dict[str, Any] = {
        "project": version.project,
        "version": version,
        "nodes": findings.tree_of([{"path": name} for name in sorted(tree)]),
        "path": path,
        **(_shown(tree[path], path) if path else {}),
    }
    partial = bool(request.htmx)  # type: ignore[attr-defined]
    return render(request, "projects/_file.html" if partial else "projects/files.html", context)


@require_GET
@needs("project.view")
def archive(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """The version as a ZIP, the same bytes every time."""
    version = version_of(request, slug, number)
    content = projects.archive(version=version)
    return _attachment(content, "application/zip", f"{slug}-v{number}.zip")


@require_GET
@needs("project.view")
def patch(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """What the version changed, for `git apply`."""
    version = version_of(request, slug, number)
    content = projects.patch(version=version)
    return _attachment(content, "text/x-diff; charset=utf-8", f"{slug}-v{number}.patch")


@needs("generation.apply")
def reversal(request: HttpRequest, slug: str, number: int) -> HttpResponse:
    """GET says what undoing means, the commands for deployed databases included; POST does it."""
    version = version_of(request, slug, number)
    if request.method != "POST":
        context = {"version": version, "commands": undo_commands(version)}
        return render(request, "projects/reversal.html", {"project": version.project, **context})
    try:
        with transaction.atomic():
            found = applying.revert(principal=principal_of(request), version=version)
    except (applying.ReversalBlocked, projects.ProjectBusy, projects.VersionDamaged) as refusal:
        members = dict(getattr(refusal, "members", {}))
        things = members.get("versions") or members.get("files") or []
        named = ", ".join(str(one) for one in things)
        messages.error(request, f"{failures.refusal(refusal)} {named}".strip())
        return redirect("project", slug=slug)
    if isinstance(found, ProjectVersion):
        messages.success(request, _("Undone. Undoing can be undone too."))
    else:
        messages.info(request, _("Undoing this takes a moment: it is checked first."))
    return redirect("project", slug=slug)


def _versions(found: Project) -> Any:
    return found.versions.select_related("job", "job__task", "reverts")


def _tree(version: ProjectVersion) -> dict[str, bytes]:
    return projects.tree(version=version)


def _shown(content: bytes, path: str) -> dict[str, Any]:
    """The text of a file by coloured lines, or that it is none."""
    if len(content) > MAX_SHOWN_BYTES:
        return {"too_large": True}
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"binary": True}
    return {"lines": list(enumerate(highlighting.lines(text.removesuffix("\n"), path), 1))}


def _attachment(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    return response
