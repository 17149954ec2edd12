"""Uploads on their way to become chapters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned, one_of
from studio.models.work import Work

if TYPE_CHECKING:
    from accounts.authentication import Principal


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, principal: Principal) -> ImportQuerySet:
        """One's own."""
        if principal.user is None or not principal.may("work.create"):
            return self.none()
        return self.filter(workspace_id=principal.workspace_id, user=principal.user)

    def editable_by(self, principal: Principal) -> ImportQuerySet:
        return self.visible_to(principal)


class Import(Owned):
    """One uploaded book: how it was read, and the plan of its chapters (pieces by offset). Nothing is created before it is confirmed."""

    class State(models.TextChoices):
        UPLOADED = "uploaded", _("uploaded")
        READING = "reading", _("being read")
        PREVIEW = "preview", _("to be confirmed")
        ADJUSTING = "adjusting", _("being adjusted")
        IMPORTING = "importing", _("being imported")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, null=True, related_name="imports", db_constraint=False
    )
    file = models.ForeignKey(
        "laojun.File", on_delete=models.DO_NOTHING, related_name="+", db_constraint=False
    )
    format = models.CharField(max_length=10, blank=True)
    encoding = models.CharField(max_length=30, blank=True)
    encoding_confidence = models.FloatField(null=True)
    plan = models.JSONField(default=dict)
    warnings = models.JSONField(default=list)
    options = models.JSONField(default=dict)
    state = models.CharField(
        _("state"), max_length=9, choices=State.choices, default=State.UPLOADED
    )
    error_code = models.CharField(max_length=60, blank=True)
    task_id = models.UUIDField(null=True)
    finished_at = models.DateTimeField(null=True)
    version = models.BigIntegerField(default=0)

    objects = ImportQuerySet.as_manager()

    class Meta:
        db_table = "studio_imports"
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            one_of(
                "state",
                [
                    "uploaded",
                    "reading",
                    "preview",
                    "adjusting",
                    "importing",
                    "done",
                    "failed",
                    "cancelled",
                ],
                "studio_imports_state_ck",
            ),
        ]
        indexes = [models.Index(fields=["user", "-created_at"], name="studio_imports_user_ix")]

    def __str__(self) -> str:
        return str(self.pk)
