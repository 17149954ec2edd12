"""Conversations: one person's questions to one database at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7
from querygpt.models.connection import Connection

if TYPE_CHECKING:
    from accounts.authentication import Principal

MAX_TITLE = 200


class ConversationQuerySet(models.QuerySet["Conversation"]):
    def visible_to(self, principal: Principal) -> ConversationQuerySet:
        """One's own, and nobody else's."""
        if principal.user is None or not principal.may("conversation.view"):
            return self.none()
        return self.alive().filter(workspace_id=principal.workspace_id, user=principal.user)

    def restorable_by(self, principal: Principal) -> ConversationQuerySet:
        if principal.user is None or not principal.may("conversation.delete"):
            return self.none()
        return self.filter(
            workspace_id=principal.workspace_id, user=principal.user, deleted_at__isnull=False
        )

    def alive(self) -> ConversationQuerySet:
        return self.filter(deleted_at__isnull=True)


class Conversation(models.Model):
    """A thread of questions and answers. `search` holds the grams of its title and questions."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("open")
        COMPLETED = "completed", _("archived")
        ERROR = "error", _("the last answer failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    connection = models.ForeignKey(
        Connection,
        on_delete=models.DO_NOTHING,
        null=True,
        related_name="conversations",
        db_constraint=False,
    )
    model = models.ForeignKey(
        "taishang.Model", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    forked_from = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, related_name="+", db_constraint=False
    )
    title = models.CharField(_("title"), max_length=MAX_TITLE, blank=True)
    status = models.CharField(
        _("state"), max_length=9, choices=Status.choices, default=Status.ACTIVE
    )
    is_favorite = models.BooleanField(_("starred"), default=False)
    metadata = models.JSONField(default=dict)
    search = SearchVectorField(null=True, editable=False)
    last_message_at = models.DateTimeField(_("last message"))
    version = models.BigIntegerField(default=0)
    deleted_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        db_table = "querygpt_conversations"
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=["active", "completed", "error"]),
                name="querygpt_conversations_status_ck",
            ),
        ]
        indexes = [
            # The history of a person.
            models.Index(
                fields=["workspace", "user", "-last_message_at", "id"],
                condition=Q(deleted_at__isnull=True),
                name="querygpt_conversations_list_ix",
            ),
            # The starred ones of a person.
            models.Index(
                fields=["workspace", "user", "-last_message_at", "id"],
                condition=Q(deleted_at__isnull=True, is_favorite=True),
                name="querygpt_conversations_star_ix",
            ),
            # Search, through the function of the search role alone.
            GinIndex(fields=["search"], name="querygpt_conversations_text_ix"),
        ]

    def __str__(self) -> str:
        return self.title or str(self.id)
