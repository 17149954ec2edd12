"""What still names a model, asked of everything that can; and the note of its first use."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

from accounts.registry import Store
from taishang.models import Model, ModelAlias

Probe = Callable[[Model], list[tuple[str, str]]]
# Who refers to models → function(model) that lists (label, url) of what does. Each one query; a model with any
# cannot be deleted.
probes: Store[Probe] = Store("uses of models")
# Functions(model) that are true while the address of an embedding model must stay.
address_holders: Store[Callable[[Model], bool]] = Store("holders of model addresses")


def of(model: Model) -> list[tuple[str, str]]:
    """Everything that names the model, as (label, url). One query for each probe."""
    return [use for probe in probes.values() for use in probe(model)]


def aliases(model: Model) -> list[tuple[str, str]]:
    rows = ModelAlias.objects.current().filter(model=model)
    rows |= ModelAlias.objects.current().filter(fallback_ids__contains=[model.pk])
    return [(row.name, "") for row in rows.order_by("name")]


def note(model_id: int) -> None:
    """Something was made with the model: what it is never changes again. One statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tai_model_used(%s)", [model_id])
