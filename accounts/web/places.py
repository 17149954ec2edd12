"""The places of this app in the rail, and the newcomer's step that belongs to it."""

from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from accounts.models import User, UserSettings
from accounts.registry import (
    ConsolePanel,
    ConsoleTile,
    FirstStep,
    NavigationEntry,
    console_panels,
    console_tiles,
    first_steps,
    navigation,
)
from accounts.web import figures


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
    for tile in (
        ConsoleTile("health", _("Health"), "activity", health, order=0),
        ConsoleTile("users", _("Users"), "person", figures.users, order=60),
        ConsoleTile("sign_ins", _("Sign-ins, 24 h"), "out", figures.sign_ins, order=61),
    ):
        console_tiles.add(tile.key, tile)
    console_panels.add(
        "sign_ins",
        ConsolePanel("sign_ins", "accounts/_sign_ins_chart.html", figures.sign_ins_by_hour, 60, 60),
    )


def health() -> dict[str, Any]:
    """Whether what the platform leans on answers; the database does, or nobody would see this."""
    if cache.is_away():  # type: ignore[attr-defined]
        return {"value": _("Slower"), "note": _("The cache is away"), "state": "warn"}
    return {"value": _("Well"), "note": _("Database and cache answer"), "state": "good"}


def has_chosen_settings(*, user: User, **_context: Any) -> bool:
    return UserSettings.objects.filter(user=user, version__gt=0).exists()
