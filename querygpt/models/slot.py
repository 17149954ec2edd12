"""Slots: who runs a statement and who waits for one, so that nobody takes them all."""

from __future__ import annotations

from django.db import models

from accounts.ids import uuid7


class Slot(models.Model):
    """A statement that runs, or waits to: `granted_at` says which. It counts until `until`, whoever forgets it.

    Ids follow time, so their order is the order of asking.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey("accounts.Workspace", on_delete=models.CASCADE, related_name="+")
    user_id = models.UUIDField(null=True)
    connection_id = models.UUIDField()
    run_id = models.UUIDField()
    task_id = models.UUIDField(null=True)
    granted_at = models.DateTimeField(null=True)
    until = models.DateTimeField()
    cancel_requested = models.BooleanField(default=False)

    class Meta:
        db_table = "querygpt_slots"
        constraints = [
            models.UniqueConstraint(fields=["run_id"], name="querygpt_slots_run_uniq"),
        ]
        indexes = [
            # Whose turn it is in a workspace.
            models.Index(fields=["workspace", "id"], name="querygpt_slots_turn_ix"),
        ]

    def __str__(self) -> str:
        return str(self.run_id)
