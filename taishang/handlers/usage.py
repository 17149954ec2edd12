"""Counting costs again after a price was added for the past."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from laojun.audit import Actor
from taishang import kinds
from taishang.models import ModelPrice
from taishang.runs import Permanent, Run
from taishang.usage import recomputing

SCHEMA = {
    "type": "object",
    "properties": {"price": {"type": "integer", "minimum": 1}},
    "required": ["price"],
    "additionalProperties": False,
}
OPTIONS: dict[str, Any] = {"queue": "maintenance", "timeout_s": 3600, "cancel_grace_s": 30}


def declare() -> None:
    for name, scope in (("usage.recompute", "workspace"), ("usage.recompute_platform", "platform")):
        kinds.handles(
            name,
            SCHEMA,
            scope=scope,  # type: ignore[arg-type]
            label=gettext_lazy("Count costs again"),
            **OPTIONS,
        )(recompute)


def recompute(run: Run) -> dict[str, Any]:
    """Both sums and how many calls changed."""
    with run.database():
        price = ModelPrice.objects.filter(pk=run.payload["price"]).first()
    if price is None or price.workspace_id != run.workspace_id:
        raise Permanent("not_found", _("This price is not there any more."))

    def progress(current: int, total: int) -> None:
        run.check()
        run.progress(current, total)

    actor = Actor.system("usage.recompute")
    return recomputing.recompute(price=price, actor=actor, progress=progress).as_json()
