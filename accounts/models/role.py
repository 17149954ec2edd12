from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

# System roles that mean nothing inside a workspace, and those that a superuser may give on the whole platform.
PLATFORM_ONLY = ("ops_admin",)
SYSTEM_NAMES = {
    "admin": pgettext_lazy("role", "Administrator"),
    "editor": pgettext_lazy("role", "Editor"),
    "viewer": pgettext_lazy("role", "Viewer"),
    "plugin_admin": pgettext_lazy("role", "Plugin administrator"),
    "model_admin": pgettext_lazy("role", "Model administrator"),
    "data_engineer": pgettext_lazy("role", "Data engineer"),
    "analyst": pgettext_lazy("role", "Analyst"),
    "ops_admin": pgettext_lazy("role", "Operations administrator"),
}
PLATFORM_WIDE = ("plugin_admin", "model_admin", "data_engineer", "analyst", "ops_admin")


def shown_name(key: str, name: str) -> str:
    """What to call a role: those of the platform in the reader's language, others as they were named."""
    return str(SYSTEM_NAMES.get(key, name))


class Permission(models.Model):
    """A right, as the code declares it. Rows follow the registry after each migration."""

    class Risk(models.TextChoices):
        LOW = "low", _("low")
        HIGH = "high", _("high")

    class Scope(models.TextChoices):
        WORKSPACE = "workspace", _("workspace")
        PLATFORM = "platform", _("platform")

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=100)
    app = models.CharField(max_length=30)
    label_zh = models.CharField(max_length=100)
    label_en = models.CharField(max_length=100)
    description = models.CharField(max_length=500, blank=True)
    risk = models.CharField(max_length=4, choices=Risk.choices, default=Risk.LOW)
    scope = models.CharField(max_length=9, choices=Scope.choices, default=Scope.WORKSPACE)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        db_table = "accounts_permissions"
        verbose_name = _("permission")
        verbose_name_plural = _("permissions")
        constraints = [
            models.UniqueConstraint(fields=["key"], name="accounts_permissions_key_uniq"),
            models.CheckConstraint(
                condition=models.Q(key__regex=r"^[a-z_]+(\.[a-z_]+){1,3}$"),
                name="accounts_permissions_key_ck",
            ),
        ]

    def __str__(self) -> str:
        return self.key


class RoleQuerySet(models.QuerySet["Role"]):
    def grantable_in(self, workspace_id: int | None) -> RoleQuerySet:
        """The roles of a workspace, and those of the platform that may be held inside one."""
        system = models.Q(workspace__isnull=True) & ~models.Q(key__in=PLATFORM_ONLY)
        return self.filter(models.Q(workspace_id=workspace_id) | system)

    def grantable_platform_wide(self) -> RoleQuerySet:
        """The roles that open a part of the operators' console."""
        return self.filter(workspace__isnull=True, key__in=PLATFORM_WIDE)

    def with_permissions(self) -> RoleQuerySet:
        """Each row gets `permission_keys`, in the same statement."""
        grants = RolePermission.objects.filter(
            role=models.OuterRef("pk"), permission__retired_at__isnull=True
        )
        keys = grants.order_by("permission__key").values("permission__key")
        return self.annotate(permission_keys=ArraySubquery(keys))

    def system(self) -> RoleQuerySet:
        return self.filter(is_system=True)


class Role(models.Model):
    """A named set of permissions: of one workspace, or of the platform (`workspace` NULL) and then unchangeable."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="roles"
    )
    key = models.CharField(max_length=64)
    name = models.CharField(_("name"), max_length=100)
    name_key = models.CharField(max_length=200, editable=False)
    description = models.CharField(_("description"), max_length=500, blank=True)
    is_system = models.BooleanField(default=False)
    permissions = models.ManyToManyField(Permission, through="accounts.RolePermission")
    changed_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = RoleQuerySet.as_manager()

    class Meta:
        db_table = "accounts_roles"
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "name_key"],
                nulls_distinct=False,
                name="accounts_roles_name_uniq",
            ),
            models.UniqueConstraint(
                fields=["workspace", "key"], nulls_distinct=False, name="accounts_roles_key_uniq"
            ),
            models.CheckConstraint(
                condition=models.Q(is_system=True, workspace__isnull=True)
                | models.Q(is_system=False, workspace__isnull=False),
                name="accounts_roles_system_ck",
            ),
        ]

    def __str__(self) -> str:
        return self.shown_name

    @property
    def shown_name(self) -> str:
        return shown_name(self.key, self.name)


class RolePermission(models.Model):
    """A permission in a role. `workspace` is copied from the role, so that the row has a tenant of its own."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    role = models.ForeignKey(Role, on_delete=models.CASCADE, related_name="grants")
    permission = models.ForeignKey(Permission, on_delete=models.CASCADE, related_name="+")

    class Meta:
        db_table = "accounts_role_permissions"
        constraints = [
            models.UniqueConstraint(
                fields=["role", "permission"], name="accounts_role_permissions_pair_uniq"
            )
        ]

    def __str__(self) -> str:
        return f"{self.role_id}: {self.permission_id}"


class UserRoleQuerySet(models.QuerySet["UserRole"]):
    def live(self, now: datetime) -> UserRoleQuerySet:
        """Grants that have not expired."""
        return self.filter(models.Q(expires_at__isnull=True) | models.Q(expires_at__gt=now))

    def platform_wide(self) -> UserRoleQuerySet:
        return self.filter(workspace__isnull=True)


class UserRole(models.Model):
    """A role in somebody's hands, in one workspace or (`workspace` NULL) on the whole platform."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="roles")
    role = models.ForeignKey(Role, on_delete=models.PROTECT, related_name="holders")
    granted_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    granted_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    objects = UserRoleQuerySet.as_manager()

    class Meta:
        db_table = "accounts_user_roles"
        verbose_name = _("role of a user")
        verbose_name_plural = _("roles of users")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user", "role"],
                nulls_distinct=False,
                name="accounts_user_roles_grant_uniq",
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id}: {self.role_id}"
