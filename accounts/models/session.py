from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.ids import uuid7

if TYPE_CHECKING:
    from accounts.models.user import User


class SessionQuerySet(models.QuerySet["Session"]):
    def visible_to(self, user: User) -> SessionQuerySet:
        return self.filter(user=user)

    def live(self, now: datetime) -> SessionQuerySet:
        return self.filter(revoked_at__isnull=True, expires_at__gt=now)

    def revoke(self, *, reason: str, at: datetime) -> int:
        """End these sessions in one statement; their tokens are refused from the next request on."""
        return self.filter(revoked_at__isnull=True).update(revoked_at=at, revoked_reason=reason)


class Session(models.Model):
    """One signed-in device: a browser session or a family of refresh tokens."""

    class Kind(models.TextChoices):
        BROWSER = "browser", _("browser")
        API = "api", _("program")
        DEVICE = "device", _("device")

    class Reason(models.TextChoices):
        SIGNED_OUT = "signed_out", _("signed out")
        REVOKED = "revoked", _("ended by its owner")
        REUSE = "reuse", _("an old token was used again")
        PASSWORD = "password", _("password changed")
        SUSPENDED = "suspended", _("account suspended")
        REPLACED = "replaced", _("too many sessions")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="sessions")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    # SHA-256 of Django's session key: the row must not be worth stealing.
    session_key_hash = models.BinaryField(max_length=32, null=True)
    device_name = models.CharField(max_length=100, blank=True)
    user_agent = models.CharField(max_length=512, blank=True)
    ip = models.GenericIPAddressField(null=True)
    impersonator = models.ForeignKey(
        "accounts.User", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    revoked_at = models.DateTimeField(null=True)
    revoked_reason = models.CharField(max_length=12, choices=Reason.choices, blank=True)
    authenticated_at = models.DateTimeField()
    mfa_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SessionQuerySet.as_manager()

    class Meta:
        db_table = "accounts_sessions"
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        constraints = [
            models.UniqueConstraint(
                fields=["session_key_hash"],
                condition=models.Q(session_key_hash__isnull=False),
                name="accounts_sessions_key_uniq",
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["browser", "api", "device"]),
                name="accounts_sessions_kind_ck",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    revoked_reason__in=[
                        "",
                        "signed_out",
                        "revoked",
                        "reuse",
                        "password",
                        "suspended",
                        "replaced",
                    ]
                ),
                name="accounts_sessions_reason_ck",
            ),
        ]
        indexes = [
            # The security page and "end all": this person's live sessions.
            models.Index(
                fields=["user"],
                condition=models.Q(revoked_at__isnull=True),
                name="accounts_sessions_live_ix",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class RefreshToken(models.Model):
    """One generation of a family. Only the hash is stored; the successor is recomputed, never kept."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="+")
    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="refresh_tokens")
    token_hash = models.BinaryField(max_length=32)
    generation = models.IntegerField(default=0)
    key_id = models.CharField(max_length=16)
    created_ip = models.GenericIPAddressField(null=True)
    rotated_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        db_table = "accounts_refresh_tokens"
        verbose_name = _("refresh token")
        verbose_name_plural = _("refresh tokens")
        constraints = [
            models.UniqueConstraint(
                fields=["token_hash"], name="accounts_refresh_tokens_hash_uniq"
            ),
            models.UniqueConstraint(
                fields=["session", "generation"], name="accounts_refresh_tokens_generation_uniq"
            ),
            # A family has one token that may still be exchanged.
            models.UniqueConstraint(
                fields=["session"],
                condition=models.Q(rotated_at__isnull=True, revoked_at__isnull=True),
                name="accounts_refresh_tokens_live_uniq",
            ),
            models.CheckConstraint(
                condition=models.Q(rotated_at__isnull=True)
                | models.Q(rotated_at__gte=models.F("created_at")),
                name="accounts_refresh_tokens_rotated_ck",
            ),
        ]
        # The sweep of tokens that expired.
        indexes = [models.Index(fields=["expires_at"], name="accounts_refresh_expiry_ix")]

    def __str__(self) -> str:
        return f"generation {self.generation} of {self.session_id}"
