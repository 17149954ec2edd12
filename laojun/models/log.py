from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.authentication import Principal


class SystemLogQuerySet(models.QuerySet["SystemLog"]):
    def visible_to(self, principal: Principal) -> SystemLogQuerySet:
        """What the workspace's own requests and tasks left, for those who may read it."""
        if not principal.may("log.view"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id)

    def between(self, start: datetime, end: datetime) -> SystemLogQuerySet:
        return self.filter(created_at__gte=start, created_at__lt=end)

    def newest_first(self) -> SystemLogQuerySet:
        return self.order_by("-created_at", "-id")


class SystemLog(models.Model):
    """One event that the program told of: a line, where it came from, and whose request it was.

    Bare ids: the log outlives people and workspaces. Rows without a workspace are the platform's.
    """

    class Level(models.TextChoices):
        DEBUG = "DEBUG", _("detail")
        INFO = "INFO", _("information")
        WARN = "WARN", _("warning")
        ERROR = "ERROR", _("error")

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.BigIntegerField(_("workspace"), null=True)
    level = models.CharField(_("level"), max_length=5, choices=Level.choices)
    logger = models.CharField(_("logger"), max_length=120)
    message = models.TextField(_("message"))
    context = models.JSONField(_("details"), default=dict)
    exception = models.TextField(_("traceback"), blank=True)
    repeat_count = models.IntegerField(_("times"), default=1)
    service = models.CharField(_("service"), max_length=40)
    method = models.CharField(max_length=10, blank=True)
    path = models.CharField(_("path"), max_length=500, blank=True)
    user_id = models.UUIDField(_("person"), null=True)
    ip_address = models.GenericIPAddressField(_("address"), null=True)
    user_agent = models.CharField(max_length=300, blank=True)
    trace_id = models.CharField(_("request"), max_length=64, blank=True)
    created_at = models.DateTimeField(_("time"))

    objects = SystemLogQuerySet.as_manager()

    class Meta:
        db_table = "lao_system_logs"
        verbose_name = _("log line")
        verbose_name_plural = _("system logs")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(level__in=["DEBUG", "INFO", "WARN", "ERROR"]),
                name="lao_system_logs_level_ck",
            ),
        ]
        indexes = [
            # The console, by severity.
            models.Index(fields=["level", "created_at"], name="lao_system_logs_level_ix"),
            # A workspace's page, newest first.
            models.Index(fields=["workspace_id", "-created_at"], name="lao_system_logs_page_ix"),
            # Everything of one request.
            models.Index(fields=["trace_id"], name="lao_system_logs_trace_ix"),
            models.Index(fields=["user_id", "created_at"], name="lao_system_logs_user_ix"),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.logger}"

    @property
    def traceback(self) -> str:
        """The exception with its line breaks, which a stored line holds as escapes."""
        return self.exception.replace("\\u000a", "\n")
