"""What people are told of, and how each of them wants it: by mail, in the application, or not at all."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts import registry, signals
from accounts.models import NoticeChoice, User
from accounts.registry import NoticeType


@dataclass(frozen=True)
class Wish:
    """How one kind of notice reaches one person."""

    type: NoticeType
    by_mail: bool
    in_app: bool


def declare() -> None:
    for entry in (
        NoticeType("new_device", _("A sign-in from a new device or network")),
        NoticeType("api_keys", _("API keys that are made or expire soon")),
        NoticeType("workspaces", _("Members, roles and the owner of your workspaces")),
    ):
        registry.notice_types.add(entry.key, entry)


def wishes(user: User) -> list[Wish]:
    """Every kind of notice with this person's choice. One query."""
    rows = NoticeChoice.objects.filter(user=user).values_list("notice", "by_mail", "in_app")
    chosen = {notice: (by_mail, in_app) for notice, by_mail, in_app in rows}
    return [
        Wish(entry, *chosen.get(entry.key, (entry.by_mail, entry.in_app)))
        for entry in registry.notice_types.values()
    ]


def wish(*, user: User, notice: str) -> Wish:
    """Raises KeyError for a kind of notice that nobody declared."""
    entry = registry.notice_types[notice]
    row = NoticeChoice.objects.filter(user=user, notice=notice).first()
    if row is None:
        return Wish(entry, entry.by_mail, entry.in_app)
    return Wish(entry, row.by_mail, row.in_app)


def choose(*, user: User, choices: dict[str, tuple[bool, bool]]) -> None:
    """Remember how a person wants kinds of notices: `{notice: (by_mail, in_app)}`."""
    before = {one.type.key: (one.by_mail, one.in_app) for one in wishes(user)}
    changed = {key: pair for key, pair in choices.items() if before.get(key) != pair}
    with transaction.atomic():
        for notice, (by_mail, in_app) in changed.items():
            NoticeChoice.objects.update_or_create(
                user=user, notice=notice, defaults={"by_mail": by_mail, "in_app": in_app}
            )
        if changed:
            signals.account_event.send(
                sender=User,
                user=user,
                action="user.notices_changed",
                by=user,
                before={key: list(before[key]) for key in changed},
                after={key: list(pair) for key, pair in changed.items()},
            )


def tell(*, user: User, notice: str, **content: Any) -> None:
    """Put a notice into the person's list in the application, unless they can do without it.

    `content` is what the `notify` port takes besides `user` and `type`. Nothing happens while no app keeps lists.
    """
    if registry.notify.function is not None and wish(user=user, notice=notice).in_app:
        registry.notify(user=user, type=notice, **content)
