"""What operators do with works that are not theirs. They see titles, counts and sizes; a text only by breaking the glass."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from accounts import news
from accounts.models import User
from laojun import audit
from laojun.audit import Actor, Target
from laojun.models import AuditLog
from studio import locks, recounting, works
from studio.models import Chapter, Work
from studio.publishing import opening
from studio.search import indexing

OPENED = "work.texts_opened"
OPEN_FOR = timedelta(minutes=60)
TAKEN_DOWN = "work_taken_down"
GLASS_BROKEN = "work_texts_opened"


def restore(*, work: Work, actor: Actor) -> bool:
    """Bring a work back from the bin. False where it does not lie there."""
    now = timezone.now()
    binned = Work.objects.filter(pk=work.pk, deleted_at__isnull=False)
    if not binned.update(
        deleted_at=None, deleted_by=None, updated_at=now, revision=F("revision") + 1
    ):
        return False
    audit.record(actor=actor, action="work.restored", target=_target(work))
    return True


def release(*, chapter: Chapter, actor: Actor) -> None:
    """Let go of a chapter's edit lock; its holder's next save is still judged by the revision."""
    locks.free(chapter.pk)
    target = Target("chapter", str(chapter.pk), workspace_id=chapter.workspace_id)
    audit.record(actor=actor, action="chapter.lock_released", target=target)


def transfer(*, work: Work, to: User, actor: Actor, reason: str) -> None:
    """Give a work to another member of its workspace. Raises works.NotAMember."""
    works.transfer(work=work, principal=actor, to=to, reason=reason)


def take_down(*, work: Work, actor: Actor, reason: str) -> bool:
    """Hide a work from readers at once; its owner is told why. False where readers do not find it anyway."""
    if not work.is_published:
        return False
    opening.close(principal=actor, work=work, reason=reason)
    _tell(TAKEN_DOWN, work, ("studio_publication", work.pk), reason=reason)
    return True


def open_texts(*, work: Work, actor: Actor, reason: str) -> None:
    """Let this operator read the texts of one work for an hour; the log has the reason, the owner is told."""
    audit.record(
        actor=actor, action=OPENED, target=_target(work), details={"reason": reason, "minutes": 60}
    )
    _tell(GLASS_BROKEN, work, ("work", work.pk), reason=reason)


def opened_until(*, work: Work, actor: Actor, now: datetime) -> datetime | None:
    """Until when this operator may read the work; the row of the audit log is the permission."""
    rows = AuditLog.objects.filter(
        actor=actor.name,
        action=OPENED,
        resource_type="work",
        resource_id=str(work.pk),
        created_at__gt=now - OPEN_FOR,
        created_at__lte=now + timedelta(minutes=1),
    )
    last = rows.order_by("-created_at").values_list("created_at", flat=True).first()
    return last + OPEN_FOR if last else None


def index_anew(*, work: Work, actor: Actor) -> None:
    """Make search and counts of names anew; the work is searched as before meanwhile."""
    indexing.rebuild(work)
    Chapter.objects.alive().filter(work=work).update(indexed_revision=0, counted_revision=0)
    audit.record(actor=actor, action="work.index_rebuilt", target=_target(work))


def count_again(*, work: Work, actor: Actor, fix: bool) -> int:
    """How many counters of a work are wrong; with `fix` they are mended."""
    found = recounting.of_work(work.pk, fix=fix)
    facts = {"wrong": len(found), "mended": fix}
    audit.record(actor=actor, action="work.recounted", target=_target(work), details=facts)
    return len(found)


def _target(work: Work) -> Target:
    return Target("work", str(work.pk), workspace_id=work.workspace_id)


def _tell(letter: str, work: Work, link: news.Link, *, reason: str) -> None:
    news.tell(
        letter,
        user=work.user,
        link=link,
        workspace_id=work.workspace_id,
        work=work.title,
        reason=reason,
    )
