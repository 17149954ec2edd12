"""Stop a call, wherever it runs: the wish stands in its row, and its process looks twice a second."""

from __future__ import annotations

from django.utils import timezone

from laojun import audit
from laojun.audit import Actor, Target
from taishang.models import ModelCall


class CallFinished(Exception):
    """The call has ended; there is nothing to stop."""

    code = "call_finished"


def cancel(*, call: ModelCall, by: Actor) -> bool:
    """Ask a call to end; says whether this was the first wish. Raises CallFinished."""
    live = ModelCall.objects.at(call.id).running()
    if live.filter(cancel_requested_at__isnull=True).update(cancel_requested_at=timezone.now()):
        audit.record(
            actor=by,
            action="model_call.cancelled",
            target=Target("model_call", str(call.pk), workspace_id=call.workspace_id),
        )
        return True
    if live.exists():
        return False
    raise CallFinished
