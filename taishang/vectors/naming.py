"""Which collections name a model, for whoever wants to take it away."""

from __future__ import annotations

from accounts import tenancy
from taishang.models import Model, VectorCollection

REASON = "collections that name a model"
MOST = 20


def collections_of(model: Model) -> list[tuple[str, str]]:
    """Collections (label, address) whose documents the model embeds."""
    rows = VectorCollection.objects.alive().filter(model=model).order_by("name")
    return [(row.name, f"/api/v1/collections/{row.pk}/") for row in rows[:MOST]]


def is_named(model: Model) -> bool:
    """Whether any collection of any workspace names it: what stands behind its address must stay the same."""
    with tenancy.platform_scope(reason=REASON):
        return VectorCollection.objects.filter(model=model).exists()
