from typing import Any

from django.db import models
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

TOMBSTONE_DAYS = 90


class TransactionIdField(models.Field):
    """A transaction's number as PostgreSQL counts it, never reused (`xid8`)."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: Any, *_: Any) -> int | None:
        return None if value is None else int(value)


class Change(models.Model):
    """The latest change of one resource, or its tombstone; written by triggers alone.

    `workspace_id` NULL: in the feed of the person `user_id`, or with that NULL too of everybody. Ids are bare:
    the tombstones of a deleted workspace or person stay until they are swept.
    """

    class Op(models.TextChoices):
        UPSERT = "upsert", _("changed")
        GONE = "gone", _("gone")

    id = models.BigAutoField(primary_key=True)
    workspace_id = models.BigIntegerField(null=True)
    user_id = models.UUIDField(null=True)
    resource_type = models.CharField(max_length=40)
    resource_id = models.CharField(max_length=100)
    op = models.CharField(max_length=6, choices=Op.choices)
    xid = TransactionIdField(
        db_default=Func(function="pg_current_xact_id", output_field=TransactionIdField())
    )
    changed_at = models.DateTimeField(
        db_default=Func(function="clock_timestamp", output_field=models.DateTimeField())
    )

    class Meta:
        db_table = "accounts_changes"
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        constraints = [
            # Begins with the thing, for the changes that follow from another thing's.
            models.UniqueConstraint(
                fields=["resource_type", "resource_id", "workspace_id", "user_id"],
                nulls_distinct=False,
                name="accounts_changes_thing_uniq",
            ),
            models.CheckConstraint(
                condition=Q(op__in=["upsert", "gone"]), name="accounts_changes_op_ck"
            ),
        ]
        indexes = [
            # The feed of a workspace, and of a person.
            models.Index(fields=["workspace_id", "xid", "id"], name="accounts_changes_feed_ix"),
            models.Index(
                fields=["user_id", "xid", "id"],
                condition=Q(workspace_id__isnull=True),
                name="accounts_changes_person_ix",
            ),
            # The sweep of tombstones.
            models.Index(
                fields=["changed_at"], condition=Q(op="gone"), name="accounts_changes_gone_ix"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.resource_type} {self.resource_id}"


class FeedState(models.Model):
    """The one row that says which history the feed tells. A new epoch makes every client load again.

    `place` names the server, timeline, database and table the numbers were counted in: after a restore it differs.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    epoch = models.UUIDField()
    place = models.CharField(max_length=100)
    reason = models.CharField(max_length=200)
    changed_at = models.DateTimeField()

    class Meta:
        db_table = "accounts_feed_state"
        verbose_name = _("state of the feed")
        verbose_name_plural = _("state of the feed")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="accounts_feed_state_single_ck")
        ]

    def __str__(self) -> str:
        return str(self.epoch)
