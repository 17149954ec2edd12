from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from accounts.models.role import RolePermission, UserRole
from accounts.registry import console_rights


class UserQuerySet(models.QuerySet["User"]):
    def able_to_sign_in(self) -> UserQuerySet:
        return self.filter(is_active=True)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    """`normalize_email` and friends are Django's; accounts are opened by `accounts.signup`."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(username_key=username)


class User(AbstractBaseUser):
    """One person. Names and addresses are compared by their keys, never as typed."""

    class Status(models.TextChoices):
        PENDING = "pending", _("address not confirmed")
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        DEACTIVATED = "deactivated", _("deactivated")
        DELETED = "deleted", _("deleted")

    class Plan(models.TextChoices):
        FREE = "free", _("Free")
        PRO = "pro", _("Pro")
        ENTERPRISE = "enterprise", _("Enterprise")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(_("e-mail"), max_length=254)
    email_key = models.CharField(max_length=254, editable=False)
    username = models.CharField(_("user name"), max_length=32)
    username_key = models.CharField(max_length=64, editable=False)

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.ACTIVE)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    is_superuser = models.BooleanField(default=False)
    plan = models.CharField(max_length=12, choices=Plan.choices, default=Plan.FREE)
    subscription_expires_at = models.DateTimeField(null=True, blank=True)
    token_version = models.IntegerField(default=0)
    authz_version = models.IntegerField(default=0)
    password_changed_at = models.DateTimeField(null=True, blank=True)
    deletion_due_at = models.DateTimeField(null=True, blank=True)
    # From then on a second factor is needed: set for staff and for whom an operator asks it of.
    mfa_due_at = models.DateTimeField(_("second factor needed from"), null=True, blank=True)
    version = models.BigIntegerField(default=0)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["email"]

    class Meta:
        db_table = "accounts_users"
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(fields=["email_key"], name="accounts_users_email_key_uniq"),
            models.UniqueConstraint(
                fields=["username_key"], name="accounts_users_username_key_uniq"
            ),
            models.CheckConstraint(
                condition=models.Q(
                    status__in=["pending", "active", "suspended", "deactivated", "deleted"]
                ),
                name="accounts_users_status_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(is_active=True, status__in=["pending", "active"])
                | (models.Q(is_active=False) & ~models.Q(status__in=["pending", "active"])),
                name="accounts_users_active_is_status_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(plan__in=["free", "pro", "enterprise"]),
                name="accounts_users_plan_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(is_staff=False) | ~models.Q(status="pending"),
                name="accounts_users_staff_confirmed_ck",
            ),
        ]
        # The operator's list of users: by state, newest first.
        indexes = [models.Index(fields=["status", "created_at"], name="accounts_users_status_ix")]

    def __str__(self) -> str:
        return self.username

    # Queries

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether the console opens `app.action_model` to this operator: superusers all, others by platform role."""
        if not (self.is_active and self.is_staff):
            return False
        app, _dot, deed = perm.partition(".")
        action, _line, model = deed.partition("_")
        right = console_rights.get(f"{app}.{model}")
        if self.is_superuser or right is None:
            return self.is_superuser
        return (right.view if action == "view" else right.change) in self.platform_keys

    def has_module_perms(self, app_label: str) -> bool:
        models_of = [name for name in console_rights if name.startswith(f"{app_label}.")]
        return self.is_active and (
            self.is_superuser
            or any(self.has_perm(name.replace(".", ".view_", 1)) for name in models_of)
        )

    def may_on_platform(self, key: str) -> bool:
        """Whether an operator holds a permission everywhere, outside any workspace."""
        return self.is_active and self.is_staff and (self.is_superuser or key in self.platform_keys)

    @cached_property
    def platform_keys(self) -> frozenset[str]:
        """The permissions of the roles held on the whole platform. One query, once for each loaded row."""
        roles = UserRole.objects.platform_wide().live(timezone.now()).filter(user=self)
        grants = RolePermission.objects.filter(
            role__in=roles.values("role"), permission__retired_at__isnull=True
        )
        return frozenset(grants.values_list("permission__key", flat=True))

    def effective_plan(self, now: datetime) -> str:
        """The plan in force: a lapsed subscription is free from its second of expiry."""
        lapsed = self.subscription_expires_at is not None and self.subscription_expires_at <= now
        return self.Plan.FREE if lapsed else self.plan
