"""A person's preferences and public profile: changing them, one field or many."""

from typing import Any

from django.db.models import F
from django.utils import timezone

from accounts import signals
from accounts.models import Profile, User, UserSettings


def change_settings(*, user: User, changes: dict[str, Any]) -> UserSettings:
    """Store cleaned values; the last write of a field wins. Two statements, none for an empty change."""
    row = UserSettings.objects.get(user=user)
    before = {name: getattr(row, name) for name in changes}
    after = {name: value for name, value in changes.items() if before[name] != value}
    if after:
        UserSettings.objects.filter(user=user).update(
            **after, version=F("version") + 1, updated_at=timezone.now()
        )
        for name, value in after.items():
            setattr(row, name, value)
        signals.settings_changed.send(
            sender=UserSettings,
            user=user,
            before={name: before[name] for name in after},
            after=after,
        )
    return row


def reset_settings(*, user: User, names: tuple[str, ...]) -> UserSettings:
    """Give the named preferences their first values again."""
    defaults = {name: UserSettings._meta.get_field(name).get_default() for name in names}
    return change_settings(user=user, changes=defaults)


def change_profile(*, user: User, changes: dict[str, Any]) -> None:
    """Store cleaned values of the public profile."""
    Profile.objects.filter(user=user).update(
        **changes, version=F("version") + 1, updated_at=timezone.now()
    )
