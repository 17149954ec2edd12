"""What follows a deed on a collection: the work it asks for in the background."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taishang.models import VectorCollection
from taishang.vectors import collections
from taishang.vectors.collections import By


def create(
    *, workspace_id: int, by: By, values: Mapping[str, Any], expected_rows: int = 0
) -> VectorCollection:
    """Make a collection, and a partition of its own before the first row when many are expected."""
    return collections.create(workspace_id=workspace_id, by=by, values=values)
