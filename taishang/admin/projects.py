"""Projects in the console: heads and sizes, whether their stored content is whole, and their caches."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from accounts import tenancy
from accounts.admin.base import Rows, with_reason
from accounts.tenancy import Context
from laojun import audit
from taishang import projects
from taishang.admin.console import OperatorAdmin, actor, ask
from taishang.models import Project, ProjectVersion


class VersionRows(Rows):
    model = ProjectVersion
    fk_name = "project"
    verbose_name_plural = gettext_lazy("versions")
    fields = ("number", "kind", "author_name", "commit_sha", "tree_sha256", "created_at")
    readonly_fields = fields
    ordering = ("-number",)
    show_change_link = False


@admin.register(Project)
class ProjectAdmin(OperatorAdmin):
    icon = "account_tree"
    list_display = (
        "name",
        "workspace",
        "head",
        "shown_size",
        "created_by",
        "updated_at",
        "is_deleted",
    )
    list_filter = (("deleted_at", admin.EmptyFieldListFilter), "emitter")
    list_select_related = ("workspace", "head_version", "created_by")
    search_fields = ("name", "slug", "head_commit__startswith")
    ordering = ("-updated_at",)
    actions = ("check_content", "rebuild", "purge")
    inlines = (VersionRows,)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    ("name", "slug", "workspace"),
                    ("created_by", "emitter", "template_version"),
                    ("head", "head_commit", "head_tree_sha256"),
                    ("shown_size", "created_at", "updated_at", "deleted_at"),
                )
            },
        ),
    )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(obj is None and super().has_change_permission(request, obj))

    @admin.action(description=gettext_lazy("Check the stored content"))
    def check_content(self, request: HttpRequest, rows: models.QuerySet[Project]) -> None:
        """Packs, heads and hashes of each: what is damaged is named."""
        for project in rows[:50]:
            damaged = projects.check(project=project)
            if damaged:
                numbers = ", ".join(map(str, damaged))
                text = _("%(name)s: versions %(numbers)s are damaged.")
                messages.error(request, text % {"name": project.name, "numbers": numbers})
            else:
                messages.success(request, _("%(name)s is whole.") % {"name": project.name})

    @admin.action(description=gettext_lazy("Rebuild the cache"))
    def rebuild(self, request: HttpRequest, rows: models.QuerySet[Project]) -> HttpResponse | None:
        effect = _("The working copies are thrown away; the next reads fill them from the packs.")
        question = ask(request, self, action="rebuild", effect=effect, rows=rows)
        if question is not None:
            return question
        for project in rows:
            projects.rebuild(project=project)
        messages.success(request, _("Done."))
        return None

    @admin.action(description=gettext_lazy("Remove for good"))
    def purge(self, request: HttpRequest, rows: models.QuerySet[Project]) -> HttpResponse | None:
        """Only of projects that somebody deleted before."""
        effect = _(
            "Deleted projects lose all their versions. Projects still in use stay as they are. This"
            " cannot be undone."
        )
        return with_reason(
            self,
            request,
            rows.filter(deleted_at__isnull=False),
            effect=effect,
            run=lambda project, reason: self._purge(request, project, reason),  # type: ignore[arg-type]
        )

    @display(description=gettext_lazy("head"), ordering="head_version__number")
    def head(self, project: Project) -> str:
        return f"v{project.head_version.number}" if project.head_version else "–"

    @display(description=gettext_lazy("size"), ordering="size_bytes")
    def shown_size(self, project: Project) -> str:
        return _("%(count)d KB") % {"count": -(-project.size_bytes // 1024)}

    @display(description=gettext_lazy("deleted"), boolean=True)
    def is_deleted(self, project: Project) -> bool:
        return project.deleted_at is not None

    def _purge(self, request: HttpRequest, project: Project, reason: str) -> None:
        context = Context(user_id=request.user.pk, workspace_id=project.workspace_id)
        with tenancy.entered(context):
            audit.record(
                actor=actor(request),
                action="project.purge",
                target=("project", project.pk),
                details={"reason": reason, "name": project.name},
            )
            projects.purge(project=project)
