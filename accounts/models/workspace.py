from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models.functions import JSONObject
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.role import UserRole

if TYPE_CHECKING:
    from accounts.models.user import User


class WorkspaceQuerySet(models.QuerySet["Workspace"]):
    def visible_to(self, user: User) -> WorkspaceQuerySet:
        """The workspaces this person is a member of; a workspace being deleted shows to its owner only."""
        return self.filter(
            models.Exists(
                Membership.objects.filter(
                    workspace=models.OuterRef("pk"), user=user, status=Membership.Status.ACTIVE
                )
            )
        ).filter(
            models.Q(status__in=[Workspace.Status.ACTIVE, Workspace.Status.SUSPENDED])
            | models.Q(status=Workspace.Status.DELETING, owner=user)
        )


class Workspace(models.Model):
    """A tenant: everything that people make belongs to exactly one."""

    class Kind(models.TextChoices):
        PERSONAL = "personal", _("personal")
        TEAM = "team", _("team")

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        DELETING = "deleting", _("being deleted")
        DELETED = "deleted", _("deleted")

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(_("name"), max_length=100)
    name_key = models.CharField(max_length=200, editable=False)
    slug = models.CharField(max_length=40)
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TEAM)
    owner = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="+")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    suspended_reason = models.CharField(max_length=500, blank=True)
    deletion_due_at = models.DateTimeField(null=True, blank=True)
    # The member who may take the workspace over, until the hour; who leaves is offered it no longer.
    offered_to = models.ForeignKey(
        "accounts.User",
        on_delete=models.DO_NOTHING,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
    )
    offer_expires_at = models.DateTimeField(null=True, blank=True)
    changed_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    authz_version = models.IntegerField(default=0)
    settings_version = models.IntegerField(default=0)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        db_table = "accounts_workspaces"
        verbose_name = _("workspace")
        verbose_name_plural = _("workspaces")
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="accounts_workspaces_slug_uniq"),
            models.UniqueConstraint(
                fields=["owner", "name_key"],
                condition=~models.Q(status="deleted"),
                name="accounts_workspaces_name_uniq",
            ),
            models.UniqueConstraint(
                fields=["owner"],
                condition=models.Q(kind="personal"),
                name="accounts_workspaces_personal_uniq",
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "suspended", "deleting", "deleted"]),
                name="accounts_workspaces_status_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["personal", "team"]),
                name="accounts_workspaces_kind_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(slug__regex=r"^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$"),
                name="accounts_workspaces_slug_ck",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def is_offered_to(self, user: User, now: datetime) -> bool:
        expires = self.offer_expires_at
        return self.offered_to_id == user.pk and expires is not None and expires > now


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, user: User) -> MembershipQuerySet:
        """The members of the workspaces this person is in; the workspace in force narrows them further."""
        return self.filter(workspace__in=Workspace.objects.visible_to(user))

    def with_roles(self) -> MembershipQuerySet:
        """Each row gets `role_list`: dicts of id, key and name, in the same statement."""
        held = UserRole.objects.live(timezone.now()).filter(
            workspace=models.OuterRef("workspace"), user=models.OuterRef("user")
        )
        shape = JSONObject(
            id="role_id", key="role__key", name="role__name", expires_at="expires_at"
        )
        return self.annotate(role_list=ArraySubquery(held.order_by("role_id").values(json=shape)))

    def active(self) -> MembershipQuerySet:
        return self.filter(status=Membership.Status.ACTIVE)

    def named(self, text: str) -> MembershipQuerySet:
        """Members whose name or address holds the text."""
        wanted = text.strip().casefold()
        return self.filter(
            models.Q(user__username_key__contains=wanted)
            | models.Q(user__email_key__contains=wanted)
            | models.Q(user__profile__display_name__icontains=text.strip())
        )

    def holding(self, role_id: int) -> MembershipQuerySet:
        """Members in whose hands the role is now."""
        held = UserRole.objects.live(timezone.now()).filter(
            workspace=models.OuterRef("workspace"), user=models.OuterRef("user"), role=role_id
        )
        return self.filter(models.Exists(held))


class Membership(models.Model):
    """A person in a workspace. Leaving deletes the row; the audit log keeps the history."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="memberships")
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    invited_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    joined_at = models.DateTimeField(auto_now_add=True)
    last_seen_at = models.DateTimeField(null=True)
    changed_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)
    version = models.BigIntegerField(default=0)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        db_table = "accounts_memberships"
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user"], name="accounts_memberships_pair_uniq"
            ),
            models.CheckConstraint(
                condition=models.Q(status__in=["active", "suspended"]),
                name="accounts_memberships_status_ck",
            ),
        ]
        # The switcher: this person's workspaces.
        indexes = [models.Index(fields=["user", "status"], name="accounts_memberships_user_ix")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.workspace_id}"
