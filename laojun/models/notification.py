from __future__ import annotations

from datetime import datetime, timedelta

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.authentication import Principal
from accounts.ids import uuid7
from accounts.models import Workspace

# Nothing, or a path of this site: never a scheme, another host, or what a browser takes for one.
LOCAL_PATH = r"^(/([^/\\[:space:]][^\\[:space:]]*)?)?$"


class NotificationQuerySet(models.QuerySet["Notification"]):
    def visible_to(self, principal: Principal) -> NotificationQuerySet:
        """A person's own, but for those of workspaces they are no longer in."""
        if principal.user is None:
            return self.none()
        places = Workspace.objects.visible_to(principal.user)
        return self.filter(Q(workspace=None) | Q(workspace__in=places), user=principal.user)

    def unread(self) -> NotificationQuerySet:
        return self.filter(is_read=False)

    def newest_first(self) -> NotificationQuerySet:
        return self.order_by("-created_at", "-id")

    def expired(self, now: datetime, days: int) -> NotificationQuerySet:
        """Read so many days ago."""
        return self.filter(read_at__lte=now - timedelta(days=days))


class Notification(models.Model):
    """Something one person was told, in the words they read, until some days after they read it.

    `params` fill the places of `letter`, so that the words follow the person's language.
    """

    class Type(models.TextChoices):
        SYSTEM = "system", _("system")
        UPDATE = "update", _("update")
        REMINDER = "reminder", _("reminder")
        TASK = "task", _("task")
        SECURITY = "security", _("security")
        INVITE = "invite", _("invitation")

    class Level(models.TextChoices):
        INFO = "info", _("information")
        SUCCESS = "success", _("done")
        WARNING = "warning", _("warning")
        ERROR = "error", _("failure")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    type = models.CharField(_("kind"), max_length=10, choices=Type.choices)
    level = models.CharField(max_length=8, choices=Level.choices, default=Level.INFO)
    letter = models.CharField(max_length=60)
    params = models.JSONField(default=dict)
    title = models.CharField(_("title"), max_length=255)
    content = models.TextField(_("text"), blank=True)
    link = models.CharField(max_length=500, blank=True)
    link_type = models.CharField(max_length=40, blank=True)
    link_id = models.CharField(max_length=100, blank=True)
    dedup_key = models.CharField(max_length=200, blank=True)
    repeat_count = models.IntegerField(default=1)
    is_read = models.BooleanField(default=False)
    read_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(_("time"))

    objects = NotificationQuerySet.as_manager()

    class Meta:
        db_table = "lao_notifications"
        verbose_name = _("notice")
        verbose_name_plural = _("notices and mail")
        constraints = [
            models.CheckConstraint(
                condition=Q(is_read=True, read_at__isnull=False)
                | Q(is_read=False, read_at__isnull=True),
                name="lao_notifications_read_ck",
            ),
            models.CheckConstraint(
                condition=Q(
                    type__in=["system", "update", "reminder", "task", "security", "invite"]
                ),
                name="lao_notifications_type_ck",
            ),
            models.CheckConstraint(
                condition=Q(level__in=["info", "success", "warning", "error"]),
                name="lao_notifications_level_ck",
            ),
            models.CheckConstraint(
                condition=Q(link__regex=LOCAL_PATH), name="lao_notifications_link_ck"
            ),
            models.UniqueConstraint(
                fields=["user", "dedup_key"],
                condition=Q(is_read=False) & ~Q(dedup_key=""),
                name="lao_notifications_dedup_uniq",
            ),
        ]
        indexes = [
            # A person's list.
            models.Index(fields=["user", "-created_at", "id"], name="lao_notifications_list_ix"),
            # The badge.
            models.Index(
                fields=["user"], condition=Q(is_read=False), name="lao_notifications_unread_ix"
            ),
            # The sweep of what was read long ago.
            models.Index(
                fields=["read_at"], condition=Q(is_read=True), name="lao_notifications_old_ix"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.letter} for {self.user_id}"


class NotificationMark(models.Model):
    """A number that the database raises whenever a person's notices change: all that waiting streams look at."""

    user = models.OneToOneField(
        "accounts.User", on_delete=models.CASCADE, primary_key=True, related_name="+"
    )
    version = models.BigIntegerField(default=1)

    class Meta:
        db_table = "lao_notification_marks"

    def __str__(self) -> str:
        return f"{self.user_id}: {self.version}"
