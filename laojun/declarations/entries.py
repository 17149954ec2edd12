"""Short forms of the entries that every subject adds."""

from collections.abc import Mapping
from typing import Any

from accounts import registry
from accounts.registry import ConsoleRight, NavigationEntry, Permission, Problem, Schedule
from laojun import audit

Text = Any


def actions(labels: Mapping[str, Text]) -> None:
    """Deeds of the audit log: `area.verb` → what it says after the actor's name."""
    for key, label in labels.items():
        audit.actions.add(key, label)


def problems(rows: tuple[tuple[str, int, Text, Text], ...]) -> None:
    """Rows of code, status, title, remedy."""
    for code, status, title, remedy in rows:
        registry.problems.add(code, Problem(code, status, title, remedy))


def rights(rows: tuple[tuple[str, str, str, frozenset[str], str], ...]) -> None:
    """Rows of key, Chinese label, English label, roles that hold it, risk."""
    for key, zh, en, roles, risk in rows:
        registry.permissions.add(key, Permission(key, zh, en, roles, risk))


def places(*entries: NavigationEntry) -> None:
    for entry in entries:
        registry.navigation.add(entry.key, entry)


def console(model: str, *, view: str, change: str) -> None:
    """Who may look at a list of the console, and who may act in it."""
    registry.console_rights.add(f"laojun.{model}", ConsoleRight(view, change))


def schedules(*entries: Schedule) -> None:
    for entry in entries:
        registry.schedules.add(entry.name, entry)
