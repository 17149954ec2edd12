from django.db import models

EXPIRY_HOURS = 24


class IdempotencyKey(models.Model):
    """One remembered reply: the same key with the same body is answered from here."""

    id = models.BigAutoField(primary_key=True)
    workspace = models.ForeignKey(
        "accounts.Workspace", on_delete=models.CASCADE, null=True, related_name="+"
    )
    actor = models.CharField(max_length=64)
    route = models.CharField(max_length=200)
    key = models.CharField(max_length=255)
    body_sha256 = models.BinaryField(max_length=32)
    status_code = models.SmallIntegerField()
    headers = models.JSONField(default=dict)
    body = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "accounts_idempotency_keys"
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "actor", "route", "key"],
                nulls_distinct=False,
                name="accounts_idempotency_keys_scope_uniq",
            )
        ]
        # The sweep of remembered replies.
        indexes = [models.Index(fields=["expires_at"], name="accounts_idempotency_expiry_ix")]

    def __str__(self) -> str:
        return f"{self.actor} {self.route}"
