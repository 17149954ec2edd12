"""The places of this app in the rail, and the newcomer's step that belongs to it."""

from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from accounts import limits
from accounts.models import User, UserSettings, Workspace
from accounts.registry import (
    ConsoleTile,
    FirstStep,
    HomeCard,
    NavigationEntry,
    console_tiles,
    first_steps,
    home_cards,
    navigation,
)

CARD_LIMITS = 3


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
    home_cards.add(
        "limits", HomeCard("limits", "left", "accounts/_home_limits.html", tightest, order=80)
    )
    console_tiles.add("health", ConsoleTile("health", _("Health"), "activity", health, order=0))


def health() -> dict[str, Any]:
    """Whether what the platform leans on answers; the database does, or nobody would see this."""
    if cache.is_away():  # type: ignore[attr-defined]
        return {"value": _("Slower"), "note": _("The cache is away"), "state": "warn"}
    return {"value": _("Well"), "note": _("Database and cache answer"), "state": "good"}


def tightest(*, user: User, workspace: Workspace) -> dict[str, Any]:
    """The limits nearest to their end, with what is left of them."""
    found = limits.look(limits.demands_of(user=user, workspace_id=workspace.id))
    found.sort(key=lambda verdict: verdict.remaining / verdict.limit)
    return {"limits": found[:CARD_LIMITS]}


def has_chosen_settings(*, user: User, **_context: Any) -> bool:
    return UserSettings.objects.filter(user=user, version__gt=0).exists()
