"""What is told about a story: deeds of the audit log, problems, limits, letters, what follows a save."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import registry
from accounts.registry import (
    ConsoleRight,
    ConsoleTile,
    Letter,
    LimitClass,
    NoticeType,
    Schedule,
)
from laojun.declarations import entries
from studio import collaboration, comments
from studio.search import following, lag

ACTIONS = {
    "character.created": _("added a character"),
    "character.updated": _("changed a character"),
    "character.binned": _("put a character into the bin"),
    "character.restored": _("restored a character"),
    "relation.created": _("related two characters"),
    "relation.updated": _("changed a relation of characters"),
    "relation.deleted": _("deleted a relation of characters"),
    "scene.created": _("added a scene"),
    "scene.updated": _("changed a scene"),
    "scene.binned": _("put a scene into the bin"),
    "scene.restored": _("restored a scene"),
    "world_entry.created": _("added a world entry"),
    "world_entry.updated": _("changed a world entry"),
    "world_entry.binned": _("put a world entry into the bin"),
    "world_entry.restored": _("restored a world entry"),
    "tag.created": _("made a tag"),
    "tag.updated": _("changed a tag"),
    "tag.deleted": _("deleted a tag"),
    "chapter.tagged": _("changed the tags of a chapter"),
    "comment.created": _("commented on a chapter"),
    "comment.updated": _("changed a comment"),
    "comment.binned": _("deleted a comment"),
    "collaborator.created": _("invited somebody to a work"),
    "collaborator.updated": _("changed somebody's part in a work"),
}
PROBLEMS = (
    (
        "cycle",
        422,
        _("An entry cannot lie below itself"),
        _("Choose another place for it."),
    ),
    (
        "depth",
        422,
        _("The tree has at most nine levels"),
        _("Place it higher, or move what lies below it first."),
    ),
    (
        "work_owner_stays",
        409,
        _("A work has exactly one owner"),
        _("Hand the work over instead."),
    ),
    (
        "already_collaborator",
        409,
        _("This person takes part already, or is invited"),
        _("Change their part instead."),
    ),
)
LETTERS = {
    collaboration.INVITED: Letter(
        _("%(who)s invites you to write “%(work)s”"),
        (_("Your part would be: %(role)s."), _("Accept to see the work on your shelf.")),
        _("See the invitation"),
        category="invite",
    ),
    collaboration.CHANGED: Letter(
        _("Your part in “%(work)s” is now: %(role)s"),
        (_("%(who)s changed what you may do there."),),
        _("Open the work"),
        category="update",
    ),
    comments.MENTIONED: Letter(
        _("%(who)s mentions you in “%(work)s”"),
        (_("There is a comment that names you."),),
        _("See the comment"),
        "studio_comments",
        category="update",
    ),
    comments.ANSWERED: Letter(
        _("%(who)s comments on “%(work)s”"),
        (_("There is a new comment."),),
        _("See the comment"),
        "studio_comments",
        category="update",
    ),
}
CONSOLE = ("collaborator", "character")
LIMITS = (LimitClass("studio.search", _("Searching in works"), 120, 60, "caller"),)


def declare() -> None:
    entries.actions(ACTIONS)
    entries.problems(PROBLEMS)
    entries.schedules(
        Schedule(
            "studio.follow", following.tick, every_s=following.EVERY_S, label=_("Index chapters")
        )
    )
    for limit in LIMITS:
        registry.limit_classes.add(limit.name, limit)
    for model in CONSOLE:
        right = ConsoleRight("studio.operate", "studio.operate")
        registry.console_rights.add(f"studio.{model}", right)
    tile = ConsoleTile(
        "studio_index", _("Chapters to index"), "search", lag.behind, 45, "studio.operate"
    )
    registry.console_tiles.add(tile.key, tile)
    notice = NoticeType("studio_comments", _("Comments on my works"))
    registry.notice_types.add(notice.key, notice)
    for name, letter in LETTERS.items():
        registry.letters.add(name, letter)
    registry.link_resolvers.add("studio_comment", partial(_page, "studio_comment"))
    registry.link_resolvers.add("studio_people", partial(_page, "studio_people"))
    registry.link_resolvers.add("studio_invitation", lambda _number: reverse("studio_invitations"))


def _page(name: str, number: Any) -> str:
    return reverse(name, args=[number])
