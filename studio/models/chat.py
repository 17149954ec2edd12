"""Talks with the AI about a work. Their turns are requests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from studio.models.base import Owned
from studio.models.bound import BoundQuerySet
from studio.models.work import Work

if TYPE_CHECKING:
    from accounts.authentication import Principal


class ChatQuerySet(BoundQuerySet["Chat"]):
    def visible_to(self, principal: Principal) -> Self:
        """One's own, of works one sees."""
        return super().visible_to(principal).filter(user=principal.user)

    def editable_by(self, principal: Principal) -> Self:
        return self.visible_to(principal)


class Chat(Owned):
    """One person's talk about one work. `pins` are what it always tells the AI."""

    work = models.ForeignKey(
        Work, on_delete=models.DO_NOTHING, related_name="chats", db_constraint=False
    )
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    title = models.CharField(_("title"), max_length=200, blank=True)
    pins = models.JSONField(default=list)
    version = models.BigIntegerField(default=0)

    objects = ChatQuerySet.as_manager()

    class Meta:
        db_table = "studio_chats"
        verbose_name = _("talk")
        verbose_name_plural = _("talks")
        indexes = [models.Index(fields=["work", "user"], name="studio_chats_work_ix")]

    def __str__(self) -> str:
        return self.title or str(self.pk)
