"""The places of this app in the rail, and the newcomer's step that belongs to it."""

from typing import Any

from django.core.cache import cache
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import sync
from accounts.models import User, UserSettings
from accounts.registry import (
    ConsoleTile,
    FirstStep,
    NavigationEntry,
    console_tiles,
    first_steps,
    navigation,
)

MAX_LAG_SECONDS = 5


def declare() -> None:
    navigation.add("home", NavigationEntry("home", _("Home"), "home", "home", 0))
    navigation.add(
        "settings",
        NavigationEntry("settings", _("Settings"), "settings", "settings", 90, group="tools"),
    )
    first_steps.add(
        "appearance",
        FirstStep(
            "appearance",
            _("Choose your theme and language"),
            "settings",
            has_chosen_settings,
            order=90,
        ),
    )
    console_tiles.add("health", ConsoleTile("health", _("Health"), "activity", health, order=0))
    console_tiles.add("feed", ConsoleTile("feed", _("Change feed"), "retry", feed, order=60))


def health() -> dict[str, Any]:
    """Whether what the platform leans on answers; the database does, or nobody would see this."""
    if cache.is_away():  # type: ignore[attr-defined]
        return {"value": _("Slower"), "note": _("The cache is away"), "state": "warn"}
    return {"value": _("Well"), "note": _("Database and cache answer"), "state": "good"}


def feed() -> dict[str, Any]:
    """Whether a slow writer holds the news of others back."""
    lag = sync.lag()
    slow = lag > MAX_LAG_SECONDS
    note = _("A slow writer holds changes back") if slow else _("Changes arrive at once")
    return {
        "value": _("%(seconds).1f s") % {"seconds": lag},
        "note": note,
        "state": "warn" if slow else "good",
        "url": reverse("admin:accounts_feedstate_changelist"),
    }


def has_chosen_settings(*, user: User, **_context: Any) -> bool:
    return UserSettings.objects.filter(user=user, version__gt=0).exists()
