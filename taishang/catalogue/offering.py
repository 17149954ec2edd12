"""What a person may choose as the model of their own settings."""

from __future__ import annotations

from typing import Any

from accounts import tenancy
from accounts.models import User
from taishang.catalogue import references
from taishang.catalogue.refusals import ModelDisabled, ModelNotFound
from taishang.models import Kind


def choices(*, user: User) -> list[tuple[Any, Any]]:
    """The chat models the person can use in the workspace at hand, by reference. One query."""
    place = references.Place(tenancy.current().workspace_id, user.pk)
    names = dict.fromkeys(model.name for model in references.usable(place, Kind.CHAT))
    return [(name, name) for name in names]


def exists(*, id: str, user: User) -> bool:
    """Whether a reference names a chat model for this person, here."""
    place = references.Place(tenancy.current().workspace_id, user.pk)
    try:
        references.resolve(id, place=place)
    except (ModelNotFound, ModelDisabled):
        return False
    return True
