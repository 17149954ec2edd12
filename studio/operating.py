"""What operators do with works that are not theirs. They see titles, counts and sizes, never a text."""

from __future__ import annotations

from django.db.models import F
from django.utils import timezone

from laojun import audit
from laojun.audit import Actor, Target
from studio import locks
from studio.models import Chapter, Work


def restore(*, work: Work, actor: Actor) -> bool:
    """Bring a work back from the bin. False where it does not lie there."""
    now = timezone.now()
    binned = Work.objects.filter(pk=work.pk, deleted_at__isnull=False)
    if not binned.update(
        deleted_at=None, deleted_by=None, updated_at=now, revision=F("revision") + 1
    ):
        return False
    target = Target("work", str(work.pk), workspace_id=work.workspace_id)
    audit.record(actor=actor, action="work.restored", target=target)
    return True


def release(*, chapter: Chapter, actor: Actor) -> None:
    """Let go of a chapter's edit lock; its holder's next save is still judged by the revision."""
    locks.free(chapter.pk)
    target = Target("chapter", str(chapter.pk), workspace_id=chapter.workspace_id)
    audit.record(actor=actor, action="chapter.lock_released", target=target)
