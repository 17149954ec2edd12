from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

if TYPE_CHECKING:
    from accounts.models.user import User

UNANSWERED = {
    "accepted_at__isnull": True,
    "declined_at__isnull": True,
    "revoked_at__isnull": True,
}


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, user: User) -> InvitationQuerySet:
        """The invitations of the workspaces this person is in; the workspace in force narrows them further."""
        return self.filter(
            workspace__memberships__user=user, workspace__memberships__status="active"
        )

    def unanswered(self) -> InvitationQuerySet:
        return self.filter(**UNANSWERED)

    def open(self, now: datetime) -> InvitationQuerySet:
        return self.unanswered().filter(expires_at__gt=now)

    def lapsed(self, now: datetime) -> InvitationQuerySet:
        """Nobody answered them in time."""
        return self.unanswered().filter(expires_at__lte=now)


class Invitation(models.Model):
    """A place in a workspace, offered to an address. Its token is known to the holder of the link alone."""

    class State(models.TextChoices):
        OPEN = "open", _("open")
        ACCEPTED = "accepted", _("accepted")
        DECLINED = "declined", _("declined")
        REVOKED = "revoked", _("revoked")
        EXPIRED = "expired", _("expired")

    class Reason(models.TextChoices):
        REVOKED = "revoked", _("taken back")
        EXPIRED = "expired", _("not answered in time")
        INVITER_LEFT = "inviter_left", _("who invited has left")
        INVITER_CANNOT = "inviter_cannot", _("who invited may no longer give this role")
        WORKSPACE = "workspace", _("the workspace is being deleted")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, related_name="invitations"
    )
    email = models.EmailField(_("e-mail"), max_length=254)
    email_key = models.CharField(max_length=254, editable=False)
    role = models.ForeignKey(
        "accounts.Role", on_delete=models.SET_NULL, null=True, related_name="invitations"
    )
    token_hash = models.CharField(max_length=64)
    message = models.CharField(_("message"), max_length=500, blank=True)
    invited_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    send_count = models.IntegerField(default=1)
    last_sent_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    declined_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=16, choices=Reason.choices, blank=True)
    version = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        db_table = "accounts_invitations"
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.UniqueConstraint(fields=["token_hash"], name="accounts_invitations_token_uniq"),
            models.UniqueConstraint(
                fields=["workspace", "email_key"],
                condition=models.Q(**UNANSWERED),
                name="accounts_invitations_open_uniq",
            ),
            models.CheckConstraint(
                condition=models.Q(accepted_at__isnull=True, declined_at__isnull=True)
                | models.Q(accepted_at__isnull=True, revoked_at__isnull=True)
                | models.Q(declined_at__isnull=True, revoked_at__isnull=True),
                name="accounts_invitations_one_answer_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(send_count__gte=1, send_count__lte=5),
                name="accounts_invitations_sends_ck",
            ),
        ]
        indexes = [
            # The list of a workspace, newest first.
            models.Index(fields=["workspace", "-created_at"], name="accounts_invitations_page_ix"),
            # The sweep of those that nobody answered.
            models.Index(
                fields=["expires_at"],
                condition=models.Q(**UNANSWERED),
                name="accounts_invitations_lapse_ix",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.email} → {self.workspace_id}"

    # Queries

    def state(self, now: datetime) -> str:
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.declined_at:
            return self.State.DECLINED
        if self.revoked_reason == self.Reason.EXPIRED or (
            self.revoked_at is None and self.expires_at <= now
        ):
            return self.State.EXPIRED
        return self.State.REVOKED if self.revoked_at else self.State.OPEN
