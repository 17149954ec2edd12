"""Who edits a chapter: a lock in Redis that is shown, and a fence in the database that decides.

Each new holder raises the chapter's fence; a save that names an older one is refused. Without Redis nobody is shown
as editing, and the revision alone decides.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import orjson
from django.core.cache import cache
from django.db.models import F
from django.utils import timezone

from accounts import news
from accounts.authentication import Principal
from accounts.cache import Backend
from accounts.models import User
from laojun import audit
from studio.models import Chapter

LIFE_MS = 60_000
HEARTBEAT_SECONDS = 20
LETTER = "chapter_taken_over"
# Compare and delete, compare and renew: nobody touches a lock that meanwhile became another's.
DELETE = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
)
RENEW = (
    "if redis.call('get', KEYS[1]) == ARGV[1] then"
    " return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0"
)


@dataclass(frozen=True)
class Holder:
    """Who edits. `fence` is None while Redis is away: then saves name none."""

    user_id: str
    user_name: str
    tab_id: str
    device: str
    since: str
    fence: int | None

    def is_tab(self, principal: Principal, tab_id: str) -> bool:
        return self.user_id == str(principal.user and principal.user.pk) and self.tab_id == tab_id


class LockHeld(Exception):
    """Somebody else edits, or the same person in another tab."""

    code = "lock_held"

    def __init__(self, holder: Holder) -> None:
        super().__init__(holder.user_name)
        self.holder = holder
        self.members = {"holder": asdict(holder)}


def acquire(*, chapter: Chapter, principal: Principal, tab_id: str, device: str = "") -> Holder:
    """Begin to edit, or go on (the heartbeat). Raises LockHeld."""
    raw = _read(chapter.pk)
    held = _holder(raw)
    if raw is not None and held is not None:
        if not held.is_tab(principal, tab_id):
            raise LockHeld(held)
        if _redis().attempt(
            lambda client: client.eval(RENEW, 1, _key(chapter.pk), raw, LIFE_MS), 0
        ):
            return held
    claim = _claim(principal, tab_id, device, fence=None)
    name, value = _key(chapter.pk), _packed(claim)
    taken = _redis().attempt(lambda client: client.set(name, value, nx=True, px=LIFE_MS), "away")
    if taken == "away":
        return claim
    if not taken:
        other = holder_of(chapter.pk)
        if other is not None:
            raise LockHeld(other)
    return _fenced(chapter, claim)


def take_over(*, chapter: Chapter, principal: Principal, tab_id: str, device: str = "") -> Holder:
    """Edit from now on, whoever did before; they are told, and their next save is refused."""
    before = holder_of(chapter.pk)
    holder = _fenced(chapter, _claim(principal, tab_id, device, fence=None))
    audit.record(
        actor=principal,
        action="chapter.lock_taken",
        target=("chapter", chapter.pk),
        before={"holder": before.user_id if before else None},
    )
    if before is not None and before.user_id != holder.user_id:
        _tell(chapter, before, holder)
    return holder


def release(*, chapter_id: UUID, principal: Principal, tab_id: str) -> bool:
    """Stop editing. False where the lock was not this tab's any more."""
    raw = _read(chapter_id)
    held = _holder(raw)
    if raw is None or held is None or not held.is_tab(principal, tab_id):
        return False
    name = _key(chapter_id)
    return bool(_redis().attempt(lambda client: client.eval(DELETE, 1, name, raw), 0))


def free(chapter_id: UUID) -> None:
    """Let go of a lock whoever holds it, for operators."""
    name = _key(chapter_id)
    _redis().attempt(lambda client: client.delete(name), 0)


def holder_of(chapter_id: UUID) -> Holder | None:
    return _holder(_read(chapter_id))


def _fenced(chapter: Chapter, claim: Holder) -> Holder:
    """Raise the fence in the database, then show it. A lock without its fence keeps nobody from saving."""
    Chapter.objects.filter(pk=chapter.pk).update(fence=F("fence") + 1)
    fence = Chapter.objects.values_list("fence", flat=True).get(pk=chapter.pk)
    holder = Holder(**{**asdict(claim), "fence": fence})
    name, value = _key(chapter.pk), _packed(holder)
    _redis().attempt(lambda client: client.set(name, value, px=LIFE_MS), None)
    return holder


def _claim(principal: Principal, tab_id: str, device: str, *, fence: int | None) -> Holder:
    user = principal.user
    now: datetime = timezone.now()
    return Holder(
        user_id=str(user.pk) if user else "",
        user_name=user.get_username() if user else "",
        tab_id=tab_id,
        device=device,
        since=now.isoformat(),
        fence=fence,
    )


def _tell(chapter: Chapter, before: Holder, holder: Holder) -> None:
    person = User.objects.filter(pk=before.user_id).first()
    if person is not None:
        news.tell(
            LETTER,
            user=person,
            link=("work", chapter.work_id),
            workspace_id=chapter.workspace_id,
            dedup_key=f"chapter-lock:{chapter.pk}",
            name=holder.user_name,
            chapter=chapter.title or "–",
        )


def _packed(holder: Holder) -> bytes:
    return orjson.dumps(asdict(holder))


def _read(chapter_id: UUID) -> bytes | None:
    name = _key(chapter_id)
    return cast(bytes | None, _redis().attempt(lambda client: client.get(name), None))


def _holder(raw: bytes | None) -> Holder | None:
    if raw is None:
        return None
    try:
        values: dict[str, Any] = orjson.loads(raw)
        return Holder(**values)
    except (orjson.JSONDecodeError, TypeError):
        return None


def _key(chapter_id: UUID) -> str:
    return str(cache.make_key(f"lock:chapter:{chapter_id}"))


def _redis() -> Backend:
    return cast(Backend, cache)
