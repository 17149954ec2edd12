"""What people are told of, and how each of them wants it: by mail, in the application, or not at all."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from accounts import registry, signals
from accounts.models import NoticeChoice, User
from accounts.registry import NoticeType


class Mode(TextChoices):
    """How a channel is used for one kind of notice."""

    IMMEDIATE = "immediate", _("at once")
    OFF = "off", _("not at all")


@dataclass(frozen=True)
class Wish:
    """How one kind of notice reaches one person."""

    type: NoticeType
    by_mail: bool
    in_app: bool


def declare() -> None:
    for entry in (
        NoticeType("new_device", _("A sign-in from a new device or network"), guards=True),
        NoticeType("api_keys", _("API keys that are made or expire soon"), guards=True),
        NoticeType("workspaces", _("Members, roles and the owner of your workspaces")),
    ):
        registry.notice_types.add(entry.key, entry)


def wishes(user: User) -> list[Wish]:
    """Every kind of notice with this person's choice. One query."""
    rows = NoticeChoice.objects.filter(user=user).values_list("notice", "by_mail", "in_app")
    chosen = {notice: (by_mail, in_app) for notice, by_mail, in_app in rows}
    return [_wish(entry, chosen.get(entry.key)) for entry in registry.notice_types.values()]


def wish(*, user: User, notice: str) -> Wish:
    """Raises KeyError for a kind of notice that nobody declared."""
    entry = registry.notice_types[notice]
    rows = NoticeChoice.objects.filter(user=user, notice=notice)
    return _wish(entry, rows.values_list("by_mail", "in_app").first())


def choose(*, user: User, choices: dict[str, tuple[bool, bool]]) -> None:
    """Remember how a person wants kinds of notices: `{notice: (by_mail, in_app)}`.

    What guards the account stays in the application's list.
    """
    choices = {
        key: (by_mail, in_app or registry.notice_types[key].guards)
        for key, (by_mail, in_app) in choices.items()
    }
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


def _wish(entry: NoticeType, chosen: tuple[bool, bool] | None) -> Wish:
    by_mail, in_app = chosen or (entry.by_mail, entry.in_app)
    return Wish(entry, by_mail, in_app or entry.guards)
