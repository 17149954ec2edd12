"""Tasks of the catalogue: trying many models, one after the other."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts import tenancy
from taishang import kinds
from taishang.gateway import trying
from taishang.gateway.asks import Caller
from taishang.gateway.trying import Trial
from taishang.models import Model
from taishang.runs import Run

MOST = 500
SCHEMA = {
    "type": "object",
    "properties": {
        "models": {"type": "array", "items": {"type": "integer"}, "maxItems": MOST},
    },
    "additionalProperties": False,
}
REASON = "models.test_all"


def declare() -> None:
    kinds.handles(
        "models.test_all",
        SCHEMA,
        queue="maintenance",
        scope="platform",
        timeout_s=3600,
        max_attempts=1,
        label=_("Try models"),
    )(test_all)


def test_all(run: Run) -> dict[str, Any]:
    """Each of the chosen models (without a choice all that are on); the result counts the error classes."""
    with tenancy.platform_scope(reason=REASON):
        rows = Model.objects.active()
        if chosen := run.payload.get("models"):
            rows = Model.objects.live().filter(pk__in=chosen)
        found = list(rows.select_related("owner").order_by("pk")[:MOST])
    seen: Counter[str] = Counter()
    for number, model in enumerate(found):
        run.check()
        run.progress(number, len(found), str(model))
        caller = Caller(task_id=run.id)
        trial = Trial(model, model.owner, model.workspace_id, caller)
        outcome = trying.outcome_of(trial)
        seen["ok" if outcome.ok else outcome.error_class] += 1
    return {"tried": len(found), "outcomes": dict(seen)}
