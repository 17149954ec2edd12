"""The places of this app in the rail, and the newcomer's step that belongs to it."""

from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext_lazy as _

from accounts.models import User, UserSettings
from accounts.registry import (
    ConsoleEntry,
    ConsoleRight,
    ConsoleTile,
    FirstStep,
    NavigationEntry,
    console_entries,
    console_rights,
    console_tiles,
    first_steps,
    navigation,
)

TABS = (
    ("workspace_overview", _("Overview"), "workspace", "info", 0, "workspace.view"),
    ("workspace_members", _("Members"), "workspace_members", "people", 10, "member.view"),
    ("workspace_roles", _("Roles"), "workspace_roles", "hand", 20, "role.view"),
    (
        "workspace_invitations",
        _("Invitations"),
        "workspace_invitations",
        "link",
        30,
        "member.manage",
    ),
    ("workspace_keys", _("Keys of members"), "workspace_keys", "key", 40, "member.manage"),
    ("workspace_end", _("Leave or delete"), "workspace_end", "out", 90, "workspace.view"),
)
CONSOLE_PAGES = (
    ("role_matrix", _("Who may do what"), "admin:accounts_role_matrix", "grid_on", 20),
    ("role_who", _("Who can do something"), "admin:accounts_role_who", "person_search", 21),
    ("role_doors", _("Rights and doors"), "admin:accounts_role_doors", "door_open", 22),
)
CONSOLE_RIGHTS = {
    "user": "person",
    "session": "person",
    "workspace": "workspace",
    "role": "access",
    "userrole": "access",
    "apikey": "access",
    "invitation": "access",
}


def declare() -> None:
    navigation.add("home", NavigationEntry("home", _("Home"), "home", "home", 0))
    navigation.add(
        "workspace",
        NavigationEntry(
            "workspace",
            _("Workspace"),
            "workspace",
            "people",
            65,
            "workspace.view",
            group="tools",
        ),
    )
    for key, label, url_name, icon, order, right in TABS:
        navigation.add(
            key, NavigationEntry(key, label, url_name, icon, order, right, group="workspace")
        )
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
    for key, label, url_name, icon, order in CONSOLE_PAGES:
        console_entries.add(
            key,
            ConsoleEntry(key, label, url_name, icon, _("Access"), order, "platform.access.view"),
        )
    for model, key in CONSOLE_RIGHTS.items():
        console_rights.add(
            f"accounts.{model}", ConsoleRight(f"platform.{key}.view", f"platform.{key}.manage")
        )
    console_tiles.add("health", ConsoleTile("health", _("Health"), "activity", health, order=0))


def health() -> dict[str, Any]:
    """Whether what the platform leans on answers; the database does, or nobody would see this."""
    if cache.is_away():  # type: ignore[attr-defined]
        return {"value": _("Slower"), "note": _("The cache is away"), "state": "warn"}
    return {"value": _("Well"), "note": _("Database and cache answer"), "state": "good"}


def has_chosen_settings(*, user: User, **_context: Any) -> bool:
    return UserSettings.objects.filter(user=user, version__gt=0).exists()
