"""Stop a call, wherever it runs: the wish stands in its row, and its process looks twice a second."""

from __future__ import annotations

from django.utils import timezone

from taishang.models import ModelCall


class CallFinished(Exception):
    """The call has ended; there is nothing to stop."""

    code = "call_finished"


def cancel(*, call: ModelCall) -> bool:
    """Ask a call to end; says whether this was the first wish. Raises CallFinished."""
    live = ModelCall.objects.at(call.id).running()
    if live.filter(cancel_requested_at__isnull=True).update(cancel_requested_at=timezone.now()):
        return True
    if live.exists():
        return False
    raise CallFinished
