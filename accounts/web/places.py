"""The places of this app in the rail, and the newcomer's step that belongs to it."""

import time
from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts import limits, pressure, sync
from accounts.models import Session, User, UserSettings, Workspace
from accounts.registry import (
    ConsoleEntry,
    ConsolePanel,
    ConsoleRight,
    ConsoleTile,
    FirstStep,
    HomeCard,
    NavigationEntry,
    console_entries,
    console_panels,
    console_rights,
    console_tiles,
    first_steps,
    home_cards,
    limit_classes,
    navigation,
)
from accounts.web import figures

CARD_LIMITS = 3
ONLINE = timedelta(minutes=5)
MAX_LAG_SECONDS = 5

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
    ("workspace_limits", _("Limits"), "workspace_limits", "clock", 70, "workspace.view"),
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
    "ratelimit": "limit",
    "feedstate": "feed",
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
    home_cards.add(
        "limits", HomeCard("limits", "left", "accounts/_home_limits.html", tightest, order=80)
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
    for order, tile in enumerate(TILES, start=60):
        key, label, icon, build, permission = tile
        console_tiles.add(key, ConsoleTile(key, label, icon, build, order, permission))
    console_panels.add(
        "sign_ins",
        ConsolePanel(
            "sign_ins",
            "accounts/_sign_ins_chart.html",
            figures.sign_ins_by_hour,
            60,
            60,
            "platform.person.view",
        ),
    )


def health() -> dict[str, Any]:
    """Whether what the platform leans on answers; the database does, or nobody would see this."""
    if cache.is_away():  # type: ignore[attr-defined]
        return {"value": _("Slower"), "note": _("The cache is away"), "state": "warn"}
    return {"value": _("Well"), "note": _("Database and cache answer"), "state": "good"}


def redis_mode() -> dict[str, Any]:
    """Whether this process goes through Redis, or past it until it is back."""
    since = cache.breaker.opened_at  # type: ignore[attr-defined]
    if since is None:
        return {"value": _("In use"), "note": _("Breaker closed"), "state": "good"}
    minutes = int(time.time() - since) // 60
    note = ngettext("Breaker open for %d minute", "Breaker open for %d minutes", minutes) % minutes
    return {"value": _("Bypassed"), "note": note, "state": "warn"}


def refused_calls() -> dict[str, Any]:
    """How many calls the limits refused in the present hour and the one before, and which class most."""
    found = pressure.refusals(hours=2)
    most = found.most_common(1)
    note = f"{limit_classes[most[0][0]].label}: {most[0][1]}" if most else _("in two hours")
    state = "warn" if found else "good"
    return {"value": found.total(), "note": note, "state": state}


def live_sessions() -> dict[str, Any]:
    """The devices that are signed in, and how many people were seen within five minutes."""
    now = timezone.now()
    live = Session.objects.live(now)
    online = live.filter(last_seen_at__gt=now - ONLINE).values("user").distinct().count()
    note = ngettext("%d person online", "%d people online", online) % online
    url = reverse("admin:accounts_session_changelist")
    return {"value": live.count(), "note": note, "url": f"{url}?revoked_at__isnull=True"}


def tightest(*, user: User, workspace: Workspace) -> dict[str, Any]:
    """The limits nearest to their end, with what is left of them."""
    found = limits.look(limits.demands_of(user=user, workspace_id=workspace.id))
    found.sort(key=lambda verdict: verdict.remaining / verdict.limit)
    return {"limits": found[:CARD_LIMITS]}


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


# Beside health and what the apps above put first.
TILES = (
    ("redis", _("Redis"), "database", redis_mode, "platform.limit.view"),
    ("refused_calls", _("Calls refused by limits"), "shield", refused_calls, "platform.limit.view"),
    ("sessions", _("Signed-in devices"), "people", live_sessions, "platform.person.view"),
    ("feed", _("Change feed"), "retry", feed, "platform.feed.view"),
    ("users", _("Users"), "person", figures.users, "platform.person.view"),
    ("sign_ins", _("Sign-ins, 24 h"), "out", figures.sign_ins, "platform.person.view"),
)
