"""Stopping a request: its call is closed and what had arrived is kept."""

from __future__ import annotations

from accounts.authentication import Principal
from laojun import audit
from studio.models import AIRequest
from taishang import transitions
from taishang.transitions import IllegalTransition


def stop(*, principal: Principal, request: AIRequest) -> bool:
    """Ask its task to end. False when it had ended before."""
    if request.task_id is None:
        return False
    try:
        stopped = transitions.cancel(request.task_id, by=principal.actor, reason="stopped")
    except IllegalTransition:
        return False
    if stopped:
        audit.record(
            actor=principal, action="ai_request.stopped", target=("ai_request", request.pk)
        )
    return stopped
