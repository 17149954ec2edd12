"""Projects: where applied back ends live. The database is the truth for heads; git objects are content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from accounts.authentication import Principal


class ProjectQuerySet(models.QuerySet["Project"]):
    def visible_to(self, principal: Principal) -> ProjectQuerySet:
        if not principal.may("project.view"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id, deleted_at__isnull=True)


class Project(models.Model):
    """A server-side git repository that receives generated back ends, one commit each time."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(_("name"), max_length=120)
    slug = models.CharField(max_length=60)
    description = models.CharField(_("description"), max_length=500, blank=True)
    created_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    emitter = models.CharField(max_length=40, default="django_emitter")
    template_version = models.CharField(max_length=20, blank=True)
    head_version = models.ForeignKey(
        "taishang.ProjectVersion",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
    )
    head_commit = models.CharField(max_length=40, blank=True)
    head_tree_sha256 = models.CharField(max_length=64, blank=True)
    generated_tree_sha256 = models.CharField(max_length=64, blank=True)
    settings = models.JSONField(default=dict)
    size_bytes = models.BigIntegerField(default=0)
    version = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        db_table = "tai_projects"
        verbose_name = _("project")
        verbose_name_plural = _("projects")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "slug"],
                condition=models.Q(deleted_at__isnull=True),
                name="tai_projects_slug_uniq",
            )
        ]

    def __str__(self) -> str:
        return self.name


class ProjectVersion(models.Model):
    """One commit. `pack_file` holds its new objects; versions in order rebuild the whole repository."""

    class Kind(models.TextChoices):
        INITIAL = "initial", _("blank template")
        APPLICATION = "application", _("applied")
        MERGE = "merge", _("merged")
        REVERSAL = "reversal", _("undone")
        IMPORT = "import", _("imported")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="versions")
    number = models.IntegerField()
    kind = models.CharField(max_length=12, choices=Kind.choices)
    job = models.ForeignKey(
        "taishang.GenerationJob",
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="versions",
        db_constraint=False,
    )
    reverts = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    commit_sha = models.CharField(max_length=40)
    parent_commit = models.CharField(max_length=40, null=True)
    tree_sha256 = models.CharField(max_length=64)
    ir_file = models.ForeignKey(
        "laojun.File", on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    pack_file = models.ForeignKey(
        "laojun.File", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    selection = models.JSONField(default=dict)
    stats = models.JSONField(default=dict)
    message = models.TextField()
    author = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    author_name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "tai_project_versions"
        verbose_name = _("project version")
        verbose_name_plural = _("project versions")
        constraints = [
            models.UniqueConstraint(
                fields=["project", "number"], name="tai_project_versions_number_uniq"
            ),
            models.UniqueConstraint(
                fields=["project", "commit_sha"], name="tai_project_versions_commit_uniq"
            ),
            models.UniqueConstraint(
                fields=["reverts"],
                condition=models.Q(reverts__isnull=False),
                name="tai_project_versions_reverts_uniq",
            ),
            models.CheckConstraint(
                condition=models.Q(number__gte=1), name="tai_project_versions_number_ck"
            ),
            models.CheckConstraint(
                condition=models.Q(kind="reversal", reverts__isnull=False)
                | (~models.Q(kind="reversal") & models.Q(reverts__isnull=True)),
                name="tai_project_versions_reversal_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} v{self.number}"
