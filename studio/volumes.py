"""What is told of a volume. Its place is given in `ordering`, its way to the bin in `bin`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from studio import ordering
from studio.models import Volume


def change(*, volume: Volume, principal: Principal, wishes: Mapping[str, Any]) -> None:
    """Change title, synopsis or whether it is numbered; equal values change nothing."""
    changed = {name: value for name, value in wishes.items() if getattr(volume, name) != value}
    if not changed:
        return
    with transaction.atomic():
        Volume.objects.filter(pk=volume.pk).update(**changed, updated_at=timezone.now())
        ordering.moved(volume.work_id)
        audit.record(
            actor=principal,
            action="volume.changed",
            target=("volume", volume.pk),
            after={"changed": sorted(changed)},
        )
