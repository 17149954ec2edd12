"""Comments on passages: written, answered, changed, resolved, deleted. Whoever is named or answered is told."""

from __future__ import annotations

import re
from collections.abc import Iterable

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import news
from accounts.authentication import Principal
from accounts.models import User
from studio import anchors, recording
from studio.models import Chapter, Collaborator, Comment, Work
from studio.models.comment import MAX_BODY
from studio.recording import FieldRefused, StoryRefused

MOST_COMMENTS = 10_000
MENTIONED, ANSWERED = "studio_mentioned", "studio_commented"
_mention = re.compile(r"@([\w.+-]{1,32})")


class NotYours(StoryRefused):
    """Only its author, and whoever may write in the work, changes a comment."""

    code = "permission_denied"


def create(
    *,
    chapter: Chapter,
    body: str,
    by: Principal,
    passage: tuple[int, int] | None = None,
    parent: Comment | None = None,
) -> Comment:
    """Comment on a passage, on the chapter, or answer. Raises FieldRefused, LimitReached."""
    recording.require_room(Comment.objects.filter(work=chapter.work_id).alive(), MOST_COMMENTS)
    if parent is not None and (parent.parent_id or parent.chapter_id != chapter.pk):
        raise FieldRefused("parent_id", _("Answers have no answers of their own."))
    comment = Comment(
        workspace_id=chapter.workspace_id,
        work_id=chapter.work_id,
        chapter=chapter,
        author=by.user,
        author_name=str(by.user),
        parent=parent,
        body=_checked(body),
        revision=chapter.revision,
    )
    if passage is not None and parent is None:
        for name, value in anchors.placed(chapter, *passage).items():
            setattr(comment, name, value)
    recording.insert(comment, by=by)
    _tell(comment, by)
    return comment


def change(*, comment: Comment, body: str, by: Principal) -> Comment:
    """One's own words only; the caller holds the row locked. Raises NotYours, FieldRefused."""
    if by.user is None or comment.author_id != by.user.pk:
        raise NotYours
    recording.update(comment, {"body": _checked(body)}, by=by)
    return comment


def place(*, comment: Comment, chapter: Chapter, passage: tuple[int, int], by: Principal) -> None:
    """Place an orphaned comment again. Raises NotYours, FieldRefused."""
    _require(comment, by)
    recording.update(comment, anchors.placed(chapter, *passage), by=by)


def resolve(*, comment: Comment, is_resolved: bool, by: Principal) -> Comment:
    """Close or reopen a thread: those who write any, others their own. Raises NotYours."""
    _require(comment, by)
    if comment.parent_id is not None:
        raise FieldRefused("comment_id", _("Threads are resolved at their first comment."))
    if (comment.resolved_at is not None) == is_resolved:
        return comment
    now = timezone.now() if is_resolved else None
    recording.update(
        comment, {"resolved_at": now, "resolved_by": by.user if is_resolved else None}, by=by
    )
    return comment


def remove(*, comment: Comment, by: Principal) -> None:
    """Take a comment away with its answers. Raises NotYours."""
    _require(comment, by)
    Comment.objects.filter(parent=comment).alive().update(deleted_at=timezone.now())
    recording.discard(comment, by=by)


def threads(chapter: Chapter, *, with_resolved: bool = True) -> list[Comment]:
    """First comments in the order of the text, each with `answers`; two queries."""
    rows = Comment.objects.filter(chapter=chapter, parent__isnull=True).alive()
    if not with_resolved:
        rows = rows.filter(resolved_at__isnull=True)
    found = list(rows.order_by("start_position", "created_at", "pk"))
    answers = Comment.objects.filter(parent__in=found).alive().order_by("created_at", "pk")
    told: dict[object, list[Comment]] = {}
    for answer in answers:
        told.setdefault(answer.parent_id, []).append(answer)
    for one in found:
        one.answers = told.get(one.pk, [])  # type: ignore[attr-defined]
    return found


def may_settle(comment: Comment, principal: Principal) -> bool:
    if principal.user is not None and comment.author_id == principal.user.pk:
        return True
    return Work.objects.with_right(principal, "write").filter(pk=comment.work_id).exists()


def people(work: Work) -> QuerySet[User]:
    """The owner and everybody who takes part."""
    partners = Collaborator.objects.active().filter(work=work).values("user")
    return User.objects.filter(Q(pk=work.user_id) | Q(pk__in=partners), is_active=True)


def _require(comment: Comment, by: Principal) -> None:
    if not may_settle(comment, by):
        raise NotYours


def _checked(body: str) -> str:
    text = body.strip()
    if not text:
        raise FieldRefused("body", _("Write something."))
    if len(text) > MAX_BODY:
        raise FieldRefused("body", _("At most %(most)s characters.") % {"most": MAX_BODY})
    return text


def _tell(comment: Comment, by: Principal) -> None:
    """Those who are named, then the owner and the other voices of the thread; nobody twice, never oneself."""
    work = comment.work
    everybody = {person.username_key: person for person in people(work)}
    named = {name.casefold().rstrip(".") for name in _mention.findall(comment.body)}
    mentioned = [everybody[name] for name in sorted(named & everybody.keys())]
    voices = {work.user_id}
    if comment.parent is not None:
        rows = Comment.objects.filter(Q(pk=comment.parent_id) | Q(parent=comment.parent_id))
        voices |= set(rows.alive().values_list("author_id", flat=True))
    others = [one for one in everybody.values() if one.pk in voices and one not in mentioned]
    _letters(MENTIONED, mentioned, comment, by)
    _letters(ANSWERED, others, comment, by)


def _letters(letter: str, told: Iterable[User], comment: Comment, by: Principal) -> None:
    for person in told:
        if by.user is not None and person.pk == by.user.pk:
            continue
        news.tell(
            letter,
            user=person,
            link=("studio_comment", comment.pk),
            workspace_id=comment.workspace_id,
            dedup_key=f"{letter}:{comment.chapter_id}",
            who=str(by.user),
            work=comment.work.title,
        )
