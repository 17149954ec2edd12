from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

if TYPE_CHECKING:
    from accounts.models.user import User


class SignInQuerySet(models.QuerySet["SignIn"]):
    def visible_to(self, user: User) -> SignInQuerySet:
        return self.filter(user=user)

    def since(self, moment: datetime) -> SignInQuerySet:
        return self.filter(created_at__gte=moment)


class SignIn(models.Model):
    """One try to sign in, successful or not. `user` is empty when nobody has the typed name."""

    class Result(models.TextChoices):
        DONE = "done", _("signed in")
        FAILED = "failed", _("failed")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(
        "accounts.User", on_delete=models.CASCADE, null=True, related_name="sign_ins"
    )
    session = models.ForeignKey(
        "accounts.Session", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    result = models.CharField(_("result"), max_length=6, choices=Result.choices)
    ip = models.GenericIPAddressField(_("network"), null=True)
    network = models.CharField(max_length=45, blank=True)
    user_agent = models.CharField(_("device"), max_length=512, blank=True)
    created_at = models.DateTimeField(_("time"), auto_now_add=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        db_table = "accounts_sign_ins"
        verbose_name = _("sign-in")
        verbose_name_plural = _("sign-ins")
        constraints = [
            models.CheckConstraint(
                condition=models.Q(result__in=["done", "failed"]),
                name="accounts_sign_ins_result_ck",
            ),
            models.CheckConstraint(
                condition=~models.Q(result="done") | models.Q(user__isnull=False),
                name="accounts_sign_ins_done_by_somebody_ck",
            ),
        ]
        indexes = [
            # The security page, and whether a device was seen before.
            models.Index(fields=["user", "-created_at"], name="accounts_sign_ins_user_ix"),
            # The operator's figures and the sweep.
            models.Index(fields=["created_at"], name="accounts_sign_ins_time_ix"),
        ]

    def __str__(self) -> str:
        return f"{self.result} {self.id}"
