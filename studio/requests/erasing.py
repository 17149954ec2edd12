"""A person's wish that the texts of a request be gone; what it used and when stays."""

from __future__ import annotations

from django.utils import timezone

from accounts.authentication import Principal
from laojun import audit
from studio.models import AIRequest, Proposal
from studio.models.base import moment_of
from studio.requests.refusals import RequestLive


def erase(*, principal: Principal, request: AIRequest) -> None:
    """Raises RequestLive."""
    rows = AIRequest.objects.filter(pk=request.pk, created_at=moment_of(request.pk))
    erased = rows.exclude(status__in=("pending", "processing")).update(
        instruction="",
        input_text="",
        output_text="",
        context={},
        anchor_quote="",
        anchor_prefix="",
        anchor_suffix="",
        updated_at=timezone.now(),
    )
    if not erased:
        raise RequestLive
    Proposal.objects.filter(request_id=request.pk).delete()
    audit.record(
        actor=principal, action="ai_request.texts_erased", target=("ai_request", request.pk)
    )
