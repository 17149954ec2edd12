"""Telling people: one row for each, in their language, counted up while they have not read it."""

from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts import mail, news, tenancy
from accounts.models import User
from accounts.registry import letters
from accounts.tenancy import Context
from laojun.models import Notification
from laojun.notifications import wording
from laojun.plugins import events

MAX_ROWS = 5000
TRIES = 3


def notify(
    *,
    user: User,
    type: str,
    params: dict[str, Any],
    link_type: str = "",
    link_id: str = "",
    dedup_key: str = "",
    workspace_id: int | None = None,
) -> Notification:
    """Put news into a person's list, in the transaction of the deed. `type` names a letter.

    While a row with this `dedup_key` is unread it is counted up and comes to the top again. Of more than 5,000
    rows the oldest read ones go. Writes as the person, so that nobody's context reaches another one's rows.
    Raises KeyError, news.BadLink.
    """
    letter = letters[type]
    facts = wording.kept({"name": user.username, **params})
    with mail.reading_as(user):
        words = wording.rendered(type, facts)
    row = Notification(
        user=user,
        workspace_id=workspace_id,
        type=letter.category,
        level=letter.level,
        letter=type,
        params=facts,
        title=words.title,
        content=words.content,
        link=news.path_of((link_type, link_id)) if link_type else "",
        link_type=link_type,
        link_id=link_id[:100],
        dedup_key=dedup_key[:200],
        created_at=timezone.now(),
    )
    with tenancy.entered(Context(user_id=user.pk)):
        kept = _kept(row)
        trim(user)
    _tell_plugins(kept)
    return kept


def _tell_plugins(row: Notification) -> None:
    """News of a workspace are an event of it; what is a person's own stays with the person."""
    if row.workspace_id is None:
        return
    with tenancy.workspace(row.workspace_id, user_id=row.user_id):
        events.emit(
            "notification.created",
            subject=f"notifications/{row.pk}",
            data={
                "id": row.pk,
                "user_id": row.user_id,
                "type": row.type,
                "title": row.title,
                "content": row.content,
                "link": row.link,
            },
        )


def trim(user: User, *, most: int = MAX_ROWS) -> int:
    """Let the oldest rows of a person go, read ones first, until `most` are left."""
    mine = Notification.objects.filter(user=user)
    excess = mine.count() - most
    if excess <= 0:
        return 0
    oldest = mine.order_by("-is_read", "created_at").values_list("pk", flat=True)[:excess]
    return mine.filter(pk__in=list(oldest)).delete()[0]


def translate(user: User) -> int:
    """Say a person's rows in the language they read now. Inside the person's context."""
    rows = list(Notification.objects.filter(user=user, letter__in=list(letters)))
    with mail.reading_as(user):
        for row in rows:
            row.title, row.content = wording.rendered(row.letter, row.params)
    Notification.objects.bulk_update(rows, ["title", "content"], batch_size=500)
    return len(rows)


def _kept(row: Notification) -> Notification:
    if not row.dedup_key:
        row.save(force_insert=True)
        return row
    unread = Notification.objects.unread().filter(user_id=row.user_id, dedup_key=row.dedup_key)
    said = {name: getattr(row, name) for name in ("params", "title", "content", "link", "level")}
    for _attempt in range(TRIES):
        again = {**said, "repeat_count": F("repeat_count") + 1, "created_at": row.created_at}
        if unread.update(**again):
            break
        # Two at once: the index lets one row in, the other one is counted at the next turn.
        Notification.objects.bulk_create([row], ignore_conflicts=True)
        if Notification.objects.filter(pk=row.pk).exists():
            return row
    return unread.get()
