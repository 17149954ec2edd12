"""Prompts: what a model is told, by the platform, by a workspace, by a person."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_CONTENT = 8_000


class PromptQuerySet(models.QuerySet["Prompt"]):
    def visible_to(self, principal: Principal) -> PromptQuerySet:
        """The platform's, the workspace's and one's own."""
        if principal.user is None or not principal.may("connection.view"):
            return self.none()
        return self.reaching(principal.workspace_id, principal.user.id)

    def editable_by(self, principal: Principal) -> PromptQuerySet:
        """One's own with `prompt.update`, the workspace's with `prompt.manage`; the platform's never here."""
        allowed = Q(pk=None)
        if principal.may("prompt.update"):
            allowed |= Q(user=principal.user)
        if principal.may("prompt.manage"):
            allowed |= Q(user__isnull=True)
        return self.visible_to(principal).filter(allowed, workspace__isnull=False)

    def reaching(self, workspace_id: int | None, user_id: object) -> PromptQuerySet:
        """What is said to models for somebody in a workspace, of all three levels."""
        levels = Q(workspace__isnull=True) | Q(workspace_id=workspace_id, user__isnull=True)
        if user_id is not None:
            levels |= Q(workspace_id=workspace_id, user_id=user_id)
        return self.filter(levels)

    def system(self) -> PromptQuerySet:
        return self.filter(workspace__isnull=True)


class Prompt(models.Model):
    """One part of what a model is told, at one level. An empty language falls back to the level above."""

    class Type(models.TextChoices):
        SYSTEM = "system", _("who it is")
        ROUTING = "routing", _("what to do with a question")
        ANALYSIS = "analysis", _("how to write SQL")
        QA = "qa", _("questions about the structure")
        REPAIR = "repair", _("mending a statement")
        SUMMARY = "summary", _("summing up")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, null=True, blank=True, related_name="+"
    )
    name = models.CharField(_("name"), max_length=100, blank=True)
    type = models.CharField(_("part"), max_length=8, choices=Type.choices)
    content_zh = models.TextField(_("text (Chinese)"), blank=True)
    content_en = models.TextField(_("text (English)"), blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = PromptQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_prompts"
        verbose_name = _("prompt")
        verbose_name_plural = _("prompts")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "user", "type"],
                nulls_distinct=False,
                name="querygpt_prompts_level_uniq",
            ),
            models.CheckConstraint(
                condition=Q(type__in=["system", "routing", "analysis", "qa", "repair", "summary"]),
                name="querygpt_prompts_type_ck",
            ),
            models.CheckConstraint(
                condition=~Q(content_zh="") | ~Q(content_en=""),
                name="querygpt_prompts_content_ck",
            ),
            # A person's text belongs to one workspace.
            models.CheckConstraint(
                condition=Q(user__isnull=True) | Q(workspace__isnull=False),
                name="querygpt_prompts_level_ck",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.level} {self.type}"

    @property
    def level(self) -> str:
        """Whose text it is: system, workspace or user."""
        if self.workspace_id is None:
            return "system"
        return "workspace" if self.user_id is None else "user"
