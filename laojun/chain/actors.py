"""The names behind actors: the only place where the log knows what people are called, outside every hash."""

from uuid import UUID

from django.utils import timezone

from laojun.models import AuditActor, AuditLog


def erase(*, user_id: UUID) -> int:
    """Forget a person's name in every workspace, that of their keys too; the log goes on saying `user:<id>`.

    Runs in the platform scope. Returns how many names went. No hash is touched.
    """
    theirs = AuditLog.objects.filter(actor_id=user_id).values("actor").distinct()
    names = {row["actor"] for row in theirs} | {f"user:{user_id}"}
    return AuditActor.objects.filter(actor__in=names, erased_at=None).update(
        display_name="", email_masked="", erased_at=timezone.now()
    )
