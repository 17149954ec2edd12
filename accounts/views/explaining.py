"""Permissions in words: by app, in the reader's language, with the roles that give them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import permissions
from accounts.models import Workspace
from accounts.registry import permissions as declared

# The first part of a key, in words; others stand as they are.
AREAS = {
    "workspace": _("Workspace"),
    "member": _("Members"),
    "role": _("Roles"),
    "api_key": _("API keys"),
    "audit": _("Audit"),
    "config": _("Settings"),
    "file": _("Files"),
    "task": _("Tasks"),
    "generation": _("Generation"),
    "project": _("Projects"),
    "platform": _("Platform"),
}


def label(key: str) -> str:
    """What a permission lets somebody do."""
    entry = declared.get(key)
    if entry is None:
        return key
    return entry.label_zh if (get_language() or "").startswith("zh") else entry.label_en


def grouped(keys: Iterable[str]) -> list[tuple[Any, list[dict[str, Any]]]]:
    """Permissions by area: dicts of key, label and risk, in the order of their declaration."""
    wanted = set(keys)
    groups: dict[str, list[dict[str, Any]]] = {}
    for key, entry in declared.items():
        if key in wanted:
            area = key.partition(".")[0]
            shown = {"key": key, "label": label(key), "is_risky": entry.risk == "high"}
            groups.setdefault(area, []).append(shown)
    return [(AREAS.get(area, area), found) for area, found in groups.items()]


def reasons(*, user_id: UUID, workspace: Workspace) -> list[tuple[Any, list[dict[str, Any]]]]:
    """What somebody may do in a workspace, each with the names of the roles that give it."""
    found = permissions.explain(user_id=user_id, workspace=workspace)
    groups = grouped(found)
    for _area, entries in groups:
        for entry in entries:
            names = found[entry["key"]]
            entry["roles"] = [_("owner") if name == permissions.OWNER else name for name in names]
    return groups
