"""Namespaces that are being filled and nobody may see yet.

Their names begin with a control character, which no caller may use; the task that fills one is named in it.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import Q

from taishang.vectors.filters.compiling import Condition

MARK = "\x1f"
VISIBLE = Condition("left(v.namespace, 1) <> %s", (MARK,))


def name_for(task_id: UUID) -> str:
    return f"{MARK}{task_id.hex}"


def task_of(name: str) -> UUID:
    return UUID(hex=name.removeprefix(MARK))


def is_hidden(name: str) -> bool:
    return name.startswith(MARK)


def among(field: str = "namespace") -> Q:
    """The rows of hidden namespaces, by the column that holds the name."""
    return Q(**{f"{field}__startswith": MARK})


def names_seen(collection: Any) -> tuple[str, ...]:
    """All namespaces of a collection but the hidden ones. One query."""
    found = collection.namespaces.exclude(among("name")).order_by("name")
    return tuple(found.values_list("name", flat=True))
